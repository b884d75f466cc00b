//! Recordings that are there more than once.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Finding, NearDuplicate, Reason, Severity};
use ser_text::{counted, some_names};

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
