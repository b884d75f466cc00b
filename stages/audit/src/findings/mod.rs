//! What an analyst should know before trusting a number. One file per kind of trouble; [`FINDERS`], [`CORPUS_FINDERS`]
//! and [`MEASURE_FINDERS`] list them.
//!
//! A finder looks at the whole dataset, at one corpus, or at what was measured, and returns what it found, with a
//! stable code, a sentence and the figures behind it.

mod associated;
mod classes;
mod completeness;
mod copies;
mod names;
mod raters;
mod recording;
mod sound;
mod speakers;
mod traces;

use ser_schemas::Finding;

use crate::codes::Code;
use crate::dataset::Dataset;
use crate::measures::Measures;
use crate::params::Params;

/// Looks for one kind of trouble.
pub type Finder = fn(&Params, &Dataset) -> Vec<Finding>;
/// Looks for one kind of trouble in the clips of the corpus of a name.
pub type CorpusFinder = fn(&Params, &Dataset, &str) -> Option<Finding>;
/// Looks for one kind of trouble in what was measured.
pub type MeasureFinder = fn(&Params, &Measures) -> Vec<Finding>;

/// Every finder that looks at the dataset as a whole.
pub const FINDERS: &[Finder] = &[
    completeness::synthetic,
    completeness::missing_corpora,
    completeness::incomplete_corpora,
    completeness::exclusions,
    classes::class_in_one_corpus,
    classes::class_missing,
    classes::imbalance,
    names::doubtful,
    recording::sample_rate_by_corpus,
    copies::duplicates,
    copies::speakers_differ,
    copies::too_short,
];

/// Every finder that looks at one corpus after the other.
pub const CORPUS_FINDERS: &[CorpusFinder] = &[
    speakers::single_gender,
    speakers::few_speakers,
    speakers::few_clips,
    speakers::unknown_speakers,
    speakers::unknown_genders,
    names::speakers_alike,
    recording::mixed_sample_rates,
    recording::band_limited,
    sound::beyond_full_scale,
    sound::clipping,
    sound::channels_out_of_phase,
    sound::dc_offset,
    sound::low_resolution,
    sound::mostly_silence,
    sound::odd_files,
    raters::perceived_otherwise,
    raters::low_agreement,
];

/// Every finder that looks at measures.
pub const MEASURE_FINDERS: &[MeasureFinder] =
    &[associated::associated, traces::corpus_shortcuts, traces::emotion_shortcuts, copies::near_duplicates];

/// What all finders find, gravest first, then by code and message.
pub fn findings(params: &Params, dataset: &Dataset, measures: &Measures) -> Vec<Finding> {
    let corpora = dataset.corpus_names();
    let of_corpora =
        corpora.iter().flat_map(|corpus| CORPUS_FINDERS.iter().map(|finder| finder(params, dataset, corpus)));
    let of_dataset = FINDERS.iter().flat_map(|finder| finder(params, dataset));
    let of_measures = MEASURE_FINDERS.iter().flat_map(|finder| finder(params, measures));
    let mut findings: Vec<Finding> = of_dataset.chain(of_corpora.flatten()).chain(of_measures).collect();
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code)).then_with(|| a.message.cmp(&b.message))
    });
    findings
}

/// A finding on `names`, of whose number `message` tells; none on nothing.
fn about(code: Code, names: Vec<String>, message: impl FnOnce(usize) -> String) -> Option<Finding> {
    (!names.is_empty()).then(|| finding(code, message(names.len()), ser_text::some_names(names)))
}

fn finding(code: Code, message: String, evidence: String) -> Finding {
    Finding { severity: code.severity(), code: code.as_str().to_owned(), message, evidence }
}
