//! What an analyst should know before trusting a number. One file per kind of trouble; [`FINDERS`] lists them.
//!
//! A finder looks at the whole dataset and returns what it found, with a stable code, a sentence and the figures behind it.

mod classes;
mod completeness;
mod recording;
mod speakers;

use ser_schemas::{Finding, Severity};

use crate::dataset::Dataset;
use crate::params::Params;

/// How many names a finding's evidence lists.
const MAX_NAMED: usize = 20;

/// Looks for one kind of trouble.
pub type Finder = fn(&Params, &Dataset) -> Vec<Finding>;

/// Every finder.
pub const FINDERS: &[Finder] = &[
    completeness::synthetic,
    completeness::missing_corpora,
    completeness::incomplete_corpora,
    completeness::exclusions,
    classes::class_in_one_corpus,
    classes::class_missing,
    classes::imbalance,
    speakers::single_gender,
    speakers::few_speakers,
    speakers::few_clips,
    speakers::unknown_speakers,
    recording::mixed_sample_rates,
    recording::sample_rate_by_corpus,
];

/// What all finders find, gravest first, then by code and message.
pub fn findings(params: &Params, dataset: &Dataset) -> Vec<Finding> {
    let mut findings: Vec<Finding> = FINDERS.iter().flat_map(|finder| finder(params, dataset)).collect();
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code)).then_with(|| a.message.cmp(&b.message))
    });
    findings
}

fn finding(severity: Severity, code: &str, message: String, evidence: String) -> Finding {
    Finding { severity, code: code.to_owned(), message, evidence }
}

/// `1 clip`, `2 clips`.
fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `names`, the first [`MAX_NAMED`] of them, as text.
fn some_names(names: impl IntoIterator<Item = String>) -> String {
    let mut names = names.into_iter();
    let named: Vec<String> = names.by_ref().take(MAX_NAMED).collect();
    match names.count() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
