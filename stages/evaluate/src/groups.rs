//! Which clips are scored together.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{Emotion, Prediction};

/// What stands for a gender that the corpus does not tell.
pub const UNKNOWN_GENDER: &str = "unknown";

/// A prediction with what the manifest knows of its clip.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// The prediction.
    pub prediction: &'a Prediction,
    /// Gender of the speaker.
    pub gender: &'a str,
}

/// Clips that are scored together.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// What the clips have in common: `overall`, `fold`, `corpus`, `gender`.
    pub name: &'static str,
    /// Which of these: `all`, `0`, `ravdess`, `female`.
    pub value: String,
    /// The clips.
    pub clips: Vec<Scored<'a>>,
}

/// All groups of one model on one split: everything, then each fold, corpus and gender that occurs, in order.
pub fn groups<'a>(clips: &[Scored<'a>]) -> Vec<Group<'a>> {
    let mut groups = vec![Group { name: "overall", value: "all".to_owned(), clips: clips.to_vec() }];
    groups.extend(group_by(clips, "fold", |clip| clip.prediction.fold));
    groups.extend(group_by(clips, "corpus", |clip| clip.prediction.corpus.as_str()));
    groups.extend(group_by(clips, "gender", |clip| clip.gender));
    groups
}

/// The classes that a model's figures are over: those it can predict, and those that its test clips have.
pub fn classes(clips: &[Scored<'_>]) -> Vec<Emotion> {
    let listed: BTreeSet<&str> = clips.iter().map(|clip| clip.prediction.classes.as_str()).collect();
    let listed = listed.into_iter().flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok());
    let seen = clips.iter().flat_map(|clip| [clip.prediction.emotion, clip.prediction.predicted]);
    listed.chain(seen).collect::<BTreeSet<Emotion>>().into_iter().collect()
}

fn group_by<'a, K: Ord + ToString>(
    clips: &[Scored<'a>],
    name: &'static str,
    key: impl Fn(&Scored<'a>) -> K,
) -> Vec<Group<'a>> {
    let mut parts: BTreeMap<K, Vec<Scored<'a>>> = BTreeMap::new();
    for clip in clips {
        parts.entry(key(clip)).or_default().push(*clip);
    }
    parts.into_iter().map(|(value, clips)| Group { name, value: value.to_string(), clips }).collect()
}
