//! Properties of clips that depend on each other, so that the one can be learnt for the other.

use ser_schemas::{Association, Finding};

use super::finding;
use crate::codes::Code;
use crate::measures::Measures;
use crate::params::Params;

/// Associations above the threshold.
pub(super) fn associated(params: &Params, measures: &Measures) -> Vec<Finding> {
    measures.associations.iter().filter_map(|row| of_row(params, row)).collect()
}

fn of_row(params: &Params, row: &Association) -> Option<Finding> {
    let (code, what) = match (row.property_a.as_str(), row.property_b.as_str()) {
        ("emotion", "corpus") => (
            Code::EmotionByCorpus,
            "emotion and corpus depend on each other: traces of the corpus are clues to the emotion",
        ),
        ("emotion", "gender") => (
            Code::EmotionByGender,
            "emotion and gender depend on each other: the voice's gender is a clue to the emotion",
        ),
        ("emotion", "speaker") => {
            (Code::EmotionBySpeaker, "emotion and speaker depend on each other: who speaks is a clue to the emotion")
        }
        ("emotion", "sentence") => {
            (Code::EmotionBySentence, "emotion and sentence depend on each other: the words are clues to the emotion")
        }
        ("emotion", "sample_rate_hz") => (
            Code::EmotionBySampleRate,
            "emotion and sample rate depend on each other: bandwidth is a clue to the emotion",
        ),
        ("corpus", "gender") => (
            Code::CorpusByGender,
            "corpus and gender depend on each other: differences between corpora and between genders cannot be told apart",
        ),
        // Intensity is declared per emotion, and of sample rates there are findings of their own.
        _ => return None,
    };
    let v = row.cramers_v.filter(|v| *v > params.max_association)?;
    let mutual = row.normalised_mutual_information.unwrap_or_default();
    Some(finding(
        code,
        what.to_owned(),
        format!(
            "Cramér's V {v:.2} (bias-corrected; at most {} is unremarkable), normalised mutual information {mutual:.2}, \
             {} by {} values, {} clips",
            params.max_association, row.values_a, row.values_b, row.clips
        ),
    ))
}
