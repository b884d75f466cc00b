//! Emotions that give the corpus away, or that are rare.

use ser_schemas::{Clip, Emotion, Finding};
use ser_text::{counted, some_names};

use super::finding;
use crate::codes::Code;
use crate::dataset::Dataset;
use crate::params::Params;

/// An emotion that only one of several corpora has: a model can tell it by the recording alone.
pub(super) fn class_in_one_corpus(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    if dataset.corpus_names().len() < 2 {
        return Vec::new();
    }
    let only = |emotion: Emotion| match having(dataset, emotion).as_slice() {
        [corpus] => Some(finding(
            Code::ClassInOneCorpus,
            format!("`{emotion}` is in {corpus} only: recognising the corpus is enough to recognise it"),
            counted(clips_of(dataset, corpus, emotion), "clip"),
        )),
        _ => None,
    };
    dataset.emotions().into_iter().filter_map(only).collect()
}

/// An emotion that several corpora have and one lacks.
pub(super) fn class_missing(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let mut findings = Vec::new();
    for emotion in dataset.emotions() {
        let having = having(dataset, emotion);
        if having.len() < 2 {
            continue;
        }
        for corpus in dataset.corpus_names().into_iter().filter(|corpus| !having.contains(corpus)) {
            let of_others = having.iter().map(|other| format!("{other} {}", clips_of(dataset, other, emotion)));
            findings.push(finding(
                Code::ClassMissingFromCorpus,
                format!("{corpus} has no `{emotion}`: its recordings are evidence against that emotion"),
                format!("clips elsewhere: {}", some_names(of_others)),
            ));
        }
    }
    findings
}

/// The most frequent emotion has many times the clips of the least frequent one.
pub(super) fn imbalance(params: &Params, dataset: &Dataset) -> Vec<Finding> {
    let clips = |emotion: Emotion| dataset.clips.iter().filter(|clip| clip.emotion == Some(emotion)).count();
    let mut counts: Vec<(usize, Emotion)> =
        dataset.emotions().into_iter().map(|emotion| (clips(emotion), emotion)).collect();
    counts.sort_unstable();
    let (Some((fewest, rare)), Some((most, common))) = (counts.first(), counts.last()) else { return Vec::new() };
    let ratio = *most as f64 / *fewest as f64;
    if ratio <= params.max_imbalance {
        return Vec::new();
    }
    vec![finding(
        Code::ClassImbalance,
        format!("`{common}` has {ratio:.1} times the clips of `{rare}`: accuracy favours `{common}`, UAR does not"),
        some_names(counts.iter().rev().map(|(clips, emotion)| format!("{emotion} {clips}"))),
    )]
}

fn having(dataset: &Dataset, emotion: Emotion) -> Vec<&str> {
    let corpora = dataset.corpus_names().into_iter();
    corpora.filter(|corpus| clips_of(dataset, corpus, emotion) > 0).collect()
}

fn clips_of(dataset: &Dataset, corpus: &str, emotion: Emotion) -> usize {
    let is = |clip: &&Clip| clip.emotion == Some(emotion);
    dataset.of_corpus(corpus).filter(is).count()
}
