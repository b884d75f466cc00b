//! Who speaks: too few speakers, too little of them, or only women or men.

use std::collections::BTreeMap;

use ser_schemas::{Finding, Severity};
use ser_text::{counted, some_names};

use super::{about, finding};
use crate::codes::Code;
use crate::dataset::{Dataset, UNKNOWN, distinct};
use crate::params::Params;

/// A corpus with one gender next to others: gender, corpus and recording cannot be told apart.
pub(super) fn single_gender(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    // Alone, a corpus of one gender cannot be confused with another, but its figures hold for that gender only.
    let severity = if dataset.corpus_names().len() > 1 { Severity::Warning } else { Severity::Info };
    let clips = dataset.of_corpus(corpus);
    let genders = distinct(clips.clone().map(|clip| clip.gender.as_deref().unwrap_or(UNKNOWN)));
    let [gender] = genders.as_slice() else { return None };
    if *gender == UNKNOWN {
        return None;
    }
    let speakers = distinct(clips.clone().filter_map(|clip| clip.speaker.as_deref())).len();
    let message = format!("all speakers of {corpus} are {gender}: what a model learns of it mixes gender with corpus");
    let evidence = format!("{}, {}", counted(speakers, "speaker"), counted(clips.count(), "clip"));
    Some(Finding { severity, ..finding(Code::SingleGenderCorpus, message, evidence) })
}

/// A corpus with so few speakers that figures for new speakers, and intervals, say little.
pub(super) fn few_speakers(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let speakers = distinct(dataset.of_corpus(corpus).filter_map(|clip| clip.speaker.clone()));
    if speakers.is_empty() || speakers.len() >= params.min_speakers_per_corpus as usize {
        return None;
    }
    Some(finding(
        Code::FewSpeakers,
        format!("{corpus} has {}: its figures say little about other speakers", counted(speakers.len(), "speaker")),
        some_names(speakers),
    ))
}

/// Speakers with few clips, one finding per corpus.
pub(super) fn few_clips(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for speaker in dataset.of_corpus(corpus).filter_map(|clip| clip.speaker.as_deref()) {
        *counts.entry(speaker).or_default() += 1;
    }
    counts.retain(|_, clips| *clips < params.min_clips_per_speaker);
    if counts.is_empty() {
        return None;
    }
    Some(finding(
        Code::FewClipsOfSpeaker,
        format!(
            "{} of {corpus} with fewer than {} clips",
            counted(counts.len(), "speaker"),
            params.min_clips_per_speaker
        ),
        some_names(counts.iter().map(|(speaker, clips)| format!("{speaker} {clips}"))),
    ))
}

/// Clips whose speaker is not known.
pub(super) fn unknown_speakers(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let nameless = dataset.of_corpus(corpus).filter(|clip| clip.speaker.is_none()).map(|clip| clip.clip_id.clone());
    about(Code::SpeakerUnknown, nameless.collect(), |nameless| {
        format!("{} of {corpus} without a speaker: they cannot be kept apart", counted(nameless, "clip"))
    })
}

/// Clips whose speaker's gender is not known.
pub(super) fn unknown_genders(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let genderless = dataset.of_corpus(corpus).filter(|clip| clip.gender.is_none()).count();
    (genderless > 0).then(|| {
        let message = format!("{} of {corpus} without the gender of the speaker", counted(genderless, "clip"));
        let all = counted(dataset.of_corpus(corpus).count(), "clip");
        finding(Code::GenderUnknown, message, format!("of {all}"))
    })
}
