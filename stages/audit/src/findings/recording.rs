//! Traces of the recording that a model can go by instead of the voice.

use std::collections::BTreeMap;

use ser_schemas::Finding;
use ser_text::{counted, some_names};

use super::finding;
use crate::codes::Code;
use crate::dataset::{Dataset, distinct};
use crate::params::Params;

/// Several sample rates within one corpus: some of its files come from elsewhere or were converted.
pub(super) fn mixed_sample_rates(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let rates = rates(dataset, corpus);
    if rates.len() < 2 {
        return None;
    }
    let mut by_clips: Vec<(usize, u32)> = rates.into_iter().map(|(rate, clips)| (clips, rate)).collect();
    by_clips.sort_unstable_by(|a, b| b.cmp(a));
    let speakers = |rate: u32| {
        let own = dataset.of_corpus(corpus).filter(|clip| clip.sample_rate_hz == Some(rate));
        distinct(own.filter_map(|clip| clip.speaker.as_deref())).len()
    };
    Some(finding(
        Code::MixedSampleRates,
        format!("{corpus} mixes {} sample rates: bandwidth differs between its clips", by_clips.len()),
        some_names(by_clips.into_iter().map(|(clips, rate)| {
            format!("{rate} Hz {} by {}", counted(clips, "clip"), counted(speakers(rate), "speaker"))
        })),
    ))
}

/// Corpora that were recorded at different sample rates.
pub(super) fn sample_rate_by_corpus(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    // The most frequent rate stands for a corpus; its mixture is a finding of its own.
    let main = |corpus: &str| {
        let rates = rates(dataset, corpus);
        rates.into_iter().max_by_key(|(rate, clips)| (*clips, *rate)).map(|(rate, _)| (corpus.to_owned(), rate))
    };
    let mains: Vec<(String, u32)> = dataset.corpus_names().into_iter().filter_map(main).collect();
    if distinct(mains.iter().map(|(_, rate)| *rate)).len() < 2 {
        return Vec::new();
    }
    vec![finding(
        Code::SampleRateByCorpus,
        "the corpora were recorded at different sample rates: bandwidth can give the corpus away".to_owned(),
        some_names(mains.into_iter().map(|(corpus, rate)| format!("{corpus} {rate} Hz"))),
    )]
}

/// Clips that hold less than their sample rate promises: upsampled, low-passed, or coded with loss.
pub(super) fn band_limited(params: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let measured =
        dataset.of_corpus(corpus).filter_map(|clip| Some((clip, clip.bandwidth_hz?, f64::from(clip.sample_rate_hz?))));
    let mut limited: Vec<(f64, f64, &str)> = measured
        .clone()
        .filter(|(_, bandwidth, rate)| bandwidth / (rate / 2.0) < params.min_bandwidth)
        .map(|(clip, bandwidth, rate)| (bandwidth, rate, clip.clip_id.as_str()))
        .collect();
    if limited.is_empty() {
        return None;
    }
    limited.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.2.cmp(b.2)));
    Some(finding(
        Code::BandLimited,
        format!(
            "{} of {corpus}, of {}, reach less than {:.0} % of half their sample rate: upsampled, low-passed or coded \
             with loss",
            counted(limited.len(), "clip"),
            measured.count(),
            100.0 * params.min_bandwidth
        ),
        some_names(limited.into_iter().map(|(bandwidth, rate, clip)| format!("{clip} {bandwidth} Hz at {rate} Hz"))),
    ))
}

fn rates(dataset: &Dataset, corpus: &str) -> BTreeMap<u32, usize> {
    let mut rates = BTreeMap::new();
    for rate in dataset.of_corpus(corpus).filter_map(|clip| clip.sample_rate_hz) {
        *rates.entry(rate).or_default() += 1;
    }
    rates
}
