//! Measurements of the recording that predict what should be heard in the voice.

use std::collections::BTreeMap;

use ser_schemas::{Finding, Shortcut};
use ser_text::some_names;

use super::finding;
use crate::codes::Code;
use crate::measures::Measures;
use crate::params::Params;

/// Measurements of level. Anger is louder than sadness in any room: that they predict the emotion is expected, and
/// worth knowing.
const LEVELS: [&str; 3] = ["rms_dbfs", "peak_dbfs", "clipped_fraction"];
/// How fast people speak is theirs, not the recording's.
const OF_THE_VOICE: [&str; 1] = ["duration_s"];

/// What predicts the corpus.
pub(super) fn corpus_shortcuts(params: &Params, measures: &Measures) -> Vec<Finding> {
    let rows: Vec<&Shortcut> = telling(params, measures, "corpus").collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![finding(Code::RecordingPredictsCorpus,
        "the recording tells the corpus: what is confounded with the corpus can be learnt without listening to the voice"
            .to_owned(),
        scores(&rows),
    )]
}

/// What predicts the emotion, within one corpus or in all: one finding for each, levels apart.
pub(super) fn emotion_shortcuts(params: &Params, measures: &Measures) -> Vec<Finding> {
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<&Shortcut>> = BTreeMap::new();
    for row in telling(params, measures, "emotion") {
        let level = LEVELS.contains(&row.measurement.as_str());
        groups.entry((level, row.corpus.as_deref())).or_default().push(row);
    }
    let told = groups.into_iter().map(|((level, corpus), rows)| {
        let place = corpus.map_or_else(|| "over all corpora".to_owned(), |corpus| format!("within {corpus}"));
        if level {
            let message = format!("{place}, the level tells the emotion: a model may hear loudness and little else");
            finding(Code::LevelPredictsEmotion, message, scores(&rows))
        } else {
            let message = format!("{place}, the recording tells the emotion: a model can use it instead of the voice");
            finding(Code::RecordingPredictsEmotion, message, scores(&rows))
        }
    });
    told.collect()
}

/// Rows of a target whose skill lies above the threshold, the best first.
fn telling<'a>(params: &'a Params, measures: &'a Measures, target: &'a str) -> impl Iterator<Item = &'a Shortcut> {
    let mut rows: Vec<&Shortcut> = measures
        .shortcuts
        .iter()
        .filter(|row| row.target == target && row.skill > params.max_shortcut_skill)
        .filter(|row| !OF_THE_VOICE.contains(&row.measurement.as_str()))
        .collect();
    rows.sort_by(|a, b| b.skill.total_cmp(&a.skill).then_with(|| a.measurement.cmp(&b.measurement)));
    rows.into_iter()
}

fn scores(rows: &[&Shortcut]) -> String {
    let chance = rows.first().map_or(0.0, |row| row.chance);
    let scores = some_names(rows.iter().map(|row| format!("{} {:.2}", row.measurement, row.balanced_accuracy)));
    format!("balanced accuracy of one number alone, {chance:.2} by chance: {scores}")
}
