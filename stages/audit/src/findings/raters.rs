//! Labels that listeners do not hear.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Emotion, Finding};
use ser_text::{counted, some_names};

use super::finding;
use crate::codes::Code;
use crate::dataset::Dataset;
use crate::params::Params;

/// Corpora in which raters often heard another emotion than the label says.
pub(super) fn perceived_otherwise(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let heard: Vec<(Emotion, Emotion)> =
        dataset.of_corpus(corpus).filter_map(|clip| clip.emotion.zip(clip.perceived_emotion)).collect();
    let mut otherwise: BTreeMap<(Emotion, Emotion), usize> = BTreeMap::new();
    for pair in heard.iter().filter(|(label, perceived)| label != perceived) {
        *otherwise.entry(*pair).or_default() += 1;
    }
    let clips: usize = otherwise.values().sum();
    let share = clips as f64 / heard.len().max(1) as f64;
    if share <= params.max_perceived_otherwise {
        return None;
    }
    let mut by_clips: Vec<(usize, Emotion, Emotion)> =
        otherwise.into_iter().map(|((label, perceived), clips)| (clips, label, perceived)).collect();
    by_clips.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    Some(finding(
        Code::PerceivedOtherwise,
        format!(
            "most raters heard another emotion than the label in {} of {corpus}, {:.0} % of those rated: no model can \
             be expected to hear the label",
            counted(clips, "clip"),
            100.0 * share
        ),
        some_names(
            by_clips.into_iter().map(|(clips, label, perceived)| format!("{label} heard as {perceived} {clips}")),
        ),
    ))
}

/// Corpora with clips on which fewer raters agree than is asked for.
pub(super) fn low_agreement(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let rated = dataset.of_corpus(corpus).filter(|clip| clip.perceived_agreement.is_some());
    let low = |clip: &&Clip| clip.perceived_agreement.is_some_and(|share| share < params.min_agreement);
    let mut doubtful: Vec<&Clip> = rated.clone().filter(low).collect();
    if doubtful.is_empty() {
        return None;
    }
    let tied = rated.clone().filter(|clip| clip.perceived_emotion.is_none()).count();
    doubtful.sort_by(|a, b| {
        let share = |clip: &Clip| clip.perceived_agreement.unwrap_or_default();
        share(a).total_cmp(&share(b)).then_with(|| a.clip_id.cmp(&b.clip_id))
    });
    let shares =
        doubtful.iter().map(|clip| format!("{} {:.2}", clip.clip_id, clip.perceived_agreement.unwrap_or_default()));
    Some(finding(
        Code::LowAgreement,
        format!(
            "fewer than {:.0} % of the raters agreed on {} of {corpus}, of {} rated",
            100.0 * params.min_agreement,
            counted(doubtful.len(), "clip"),
            rated.count()
        ),
        format!("{} without a most frequent answer; {}", counted(tied, "clip"), some_names(shares)),
    ))
}
