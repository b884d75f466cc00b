//! Recordings that are there more than once.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Finding, NearDuplicate, Reason, copies};
use ser_text::{counted, nfc, some_names};

use super::{about, finding};
use crate::codes::Code;
use crate::dataset::Dataset;
use crate::measures::Measures;
use crate::params::Params;

/// Files that were left out as copies, by corpus: each named with the file that stays.
pub(super) fn duplicates(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let mut by_corpus: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for copy in dataset.exclusions.iter().filter(|exclusion| exclusion.reason == Reason::Duplicate) {
        by_corpus.entry(&copy.corpus).or_default().push(format!("{}: {}", copy.path, copy.detail));
    }
    let told = by_corpus.into_iter().map(|(corpus, copies)| {
        finding(
            Code::DuplicateAudio,
            format!("{} of {corpus} left out as a copy of another", counted(copies.len(), "file")),
            some_names(copies),
        )
    });
    told.collect()
}

/// Copies whose speakers are not one: a label is wrong, or one person has two names, whom a split must not divide.
pub(super) fn speakers_differ(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let differing = copies(&dataset.exclusions, &dataset.clips).into_iter().filter_map(|[copy, of]| {
        let (speaker, other) = (copy.speaker, of.speaker);
        (nfc(speaker) != nfc(other)).then(|| format!("{} = {} ({speaker} and {other})", copy.clip_id, of.clip_id))
    });
    let differing: Vec<String> = differing.collect();
    let Some(first) = differing.first() else { return Vec::new() };
    vec![finding(
        Code::DuplicateSpeakersDiffer,
        format!(
            "{} under another speaker than a copy, such as {first}: one of the names is wrong, or they are one person's",
            counted(differing.len(), "file")
        ),
        some_names(differing),
    )]
}

/// Clips of which altered copies cannot be told from other takes, so that none are looked for.
pub(super) fn too_short(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let short = dataset.clips.iter().filter(|clip| clip.is_too_short_to_compare()).map(|clip| clip.clip_id.clone());
    let message = |short| {
        format!(
            "{} with less than half a second of speech: of copies among them only those of equal sound are found",
            counted(short, "clip")
        )
    };
    about(Code::TooShortToCompare, short.collect(), message).into_iter().collect()
}

/// Clips with the same take that no hash gives away; those with contradicting labels once more.
pub(super) fn near_duplicates(_: &Params, measures: &Measures) -> Vec<Finding> {
    let pairs = &measures.near_duplicates;
    if pairs.is_empty() {
        return Vec::new();
    }
    let clips: BTreeMap<&str, &Clip> = measures.copied.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
    let differences = |pair: &NearDuplicate| {
        let (a, b) = (clips.get(pair.clip_a.as_str())?, clips.get(pair.clip_b.as_str())?);
        let mut differences = Vec::new();
        if a.emotion != b.emotion {
            let word = |clip: &Clip| clip.emotion.map_or("none", |emotion| emotion.as_str());
            differences.push(format!("{} and {}", word(a), word(b)));
        }
        if a.speaker != b.speaker {
            let word = |clip: &Clip| clip.speaker.clone().unwrap_or_else(|| "unknown".to_owned());
            differences.push(format!("{} and {}", word(a), word(b)));
        }
        (!differences.is_empty()).then(|| format!("{} = {} ({})", pair.clip_a, pair.clip_b, differences.join("; ")))
    };
    let mut findings = vec![finding(
        Code::NearDuplicateAudio,
        format!(
            "{} with the same take, which no hash gives away: on two sides of a split they leak",
            counted(pairs.len(), "pair")
        ),
        some_names(pairs.iter().map(|pair| {
            let correlation = pair.correlation.map_or(String::new(), |value| format!("correlation {value:.2}, "));
            format!(
                "{} = {} (similarity {:.2}, {correlation}offset {:+.2} s)",
                pair.clip_a, pair.clip_b, pair.similarity, pair.offset_s
            )
        })),
    )];
    findings.extend(about(Code::NearDuplicateLabelsDiffer, pairs.iter().filter_map(differences).collect(), |pairs| {
        format!("{} with the same take under different labels: one of them is wrong", counted(pairs, "pair"))
    }));
    findings
}
