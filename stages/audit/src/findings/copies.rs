//! Recordings that are there more than once.

use std::collections::{BTreeMap, HashMap};

use ser_schemas::{Clip, Exclusion, Finding, NearDuplicate, Reason, Severity};
use ser_text::{counted, nfc, some_names};

use super::finding;
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
            Severity::Info,
            Code::DuplicateAudio,
            format!("{} of {corpus} left out as a copy of another", counted(copies.len(), "file")),
            some_names(copies),
        )
    });
    told.collect()
}

/// Copies whose speakers are not one: a label is wrong, or one person has two names, whom a split must not divide.
pub(super) fn speakers_differ(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    // An id may be that of a file left out as well; the clip is the one that is meant.
    let out = dataset.exclusions.iter().map(|row| (row.clip_id.as_str(), row.speaker.as_deref()));
    let kept = dataset.clips.iter().map(|clip| (clip.clip_id.as_str(), clip.speaker.as_deref()));
    let speakers: HashMap<&str, Option<&str>> = out.chain(kept).collect();
    let told = |row: &Exclusion| {
        let (of, speaker) = (row.copy_of.as_deref()?, row.speaker.as_deref()?);
        let other = (*speakers.get(of)?)?;
        (nfc(speaker) != nfc(other)).then(|| format!("{} = {of} ({speaker} and {other})", row.clip_id))
    };
    let differing: Vec<String> = dataset.exclusions.iter().filter_map(told).collect();
    let Some(first) = differing.first() else { return Vec::new() };
    vec![finding(
        Severity::Warning,
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
    let short: Vec<String> =
        dataset.clips.iter().filter(|clip| clip.is_too_short_to_compare()).map(|clip| clip.clip_id.clone()).collect();
    if short.is_empty() {
        return Vec::new();
    }
    vec![finding(
        Severity::Info,
        Code::TooShortToCompare,
        format!(
            "{} with less than half a second of speech: of copies among them only those of equal sound are found",
            counted(short.len(), "clip")
        ),
        some_names(short),
    )]
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
        Severity::Warning,
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
    let contradicting: Vec<String> = pairs.iter().filter_map(differences).collect();
    if !contradicting.is_empty() {
        findings.push(finding(
            Severity::Warning,
            Code::NearDuplicateLabelsDiffer,
            format!(
                "{} with the same take under different labels: one of them is wrong",
                counted(contradicting.len(), "pair")
            ),
            some_names(contradicting),
        ));
    }
    findings
}
