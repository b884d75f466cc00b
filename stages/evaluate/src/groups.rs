//! Which clips are scored together.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{Clip, Emotion, Grouping, Prediction};

use crate::metrics::ratio;
use crate::sample::Origin;

/// Word for a property that the corpus does not tell of a clip.
pub(crate) const UNKNOWN: &str = "unknown";

/// Upper ends of the steps in which listeners' agreement is grouped, and their names.
const AGREEMENT: [(f64, &str); 3] = [(0.5, "below 0.5"), (0.75, "0.5 to 0.75"), (f64::INFINITY, "0.75 and above")];

/// A clip with the predictions of it and what the manifest knows, in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Scored<'a> {
    /// The prediction of the first seed. Beside what was predicted, it says what those of all seeds do.
    pub prediction: &'a Prediction,
    pub clip: &'a Clip,
    /// Position of the clip's emotion among the classes.
    pub truth: usize,
    /// What each seed of the model says, in their order; of every clip as many.
    pub answers: Vec<Said>,
    /// `true` if the model that predicts the clip was trained on other clips of its speaker.
    pub known_speaker: bool,
}

/// What one network says of a clip.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Position of the predicted emotion among the classes.
    pub class: usize,
    /// `true` if it is the clip's.
    pub right: bool,
    /// Probability of each class.
    pub raw: Vec<f64>,
    /// The same at the temperature of the network.
    pub scaled: Option<Vec<f64>>,
}

impl Scored<'_> {
    /// Share of the seeds that are right, 0 to 1.
    pub(crate) fn right(&self) -> f64 {
        let right = self.answers.iter().filter(|said| said.right).count();
        ratio(right as f64, self.answers.len() as f64)
    }

    /// Mean over the seeds of the probability of each class.
    pub(crate) fn mean_probabilities(&self) -> Vec<f64> {
        let mut means = vec![0.0; self.answers.first().map_or(0, |said| said.raw.len())];
        for said in &self.answers {
            means.iter_mut().zip(&said.raw).for_each(|(mean, probability)| *mean += probability);
        }
        for mean in &mut means {
            *mean /= self.answers.len() as f64;
        }
        means
    }

    /// Where the clip belongs.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { corpus: &self.prediction.corpus, speaker: &self.prediction.speaker, known: self.known_speaker }
    }
}

/// Clips that are scored together.
#[derive(Debug, Clone)]
pub(crate) struct Group<'a> {
    /// Property that the clips have in common.
    pub name: &'static str,
    /// Which of these: `all`, `0`, `ravdess`, `female`.
    pub value: String,
    pub clips: Vec<&'a Scored<'a>>,
}

impl Group<'_> {
    /// `true` if figures of single classes and calibration are worth a row: a speaker or a sentence has a few clips of
    /// each class.
    pub(crate) fn is_large(&self) -> bool {
        !matches!(self.name, "speaker" | "sentence")
    }

    /// Number of emotions that the clips have.
    pub(crate) fn emotions(&self) -> usize {
        self.clips.iter().map(|clip| clip.truth).collect::<BTreeSet<_>>().len()
    }
}

/// All groups of one model on one split: everything, then each fold, corpus, gender, intensity, language, agreement,
/// speaker and sentence that occurs, in order. What no clip tells is no group.
pub(crate) fn groups<'a>(clips: &'a [Scored<'a>]) -> Vec<Group<'a>> {
    let known = |name, key: &dyn Fn(&Clip) -> Option<String>| -> Vec<Group<'a>> {
        if clips.iter().all(|scored| key(scored.clip).is_none()) {
            return Vec::new();
        }
        group_by(clips, name, |scored| key(scored.clip).unwrap_or_else(|| UNKNOWN.to_owned()))
    };
    let mut groups = vec![Group { name: "overall", value: "all".to_owned(), clips: clips.iter().collect() }];
    groups.extend(group_by(clips, "fold", |scored| scored.prediction.fold));
    groups.extend(group_by(clips, "corpus", |scored| scored.prediction.corpus.as_str()));
    for column in [Grouping::Gender, Grouping::Intensity, Grouping::Language] {
        groups.extend(known(column.as_str(), &|clip| column.of(clip)));
    }
    groups.extend(known("agreement", &|clip| clip.perceived_agreement.map(|share| agreement(share).to_owned())));
    groups.extend(group_by(clips, "speaker", |scored| scored.prediction.speaker.as_str()));
    groups.extend(known("sentence", &|clip| Grouping::Sentence.of(clip)));
    groups
}

/// The classes that a model's figures are over: those it can predict, and those that its test clips have.
pub(crate) fn classes<'a>(rows: impl IntoIterator<Item = &'a Prediction>) -> Vec<Emotion> {
    let (mut listed, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        listed.insert(row.classes.as_str());
        seen.extend([row.emotion, row.predicted]);
    }
    let listed = listed.into_iter().flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok());
    listed.chain(seen).collect::<BTreeSet<Emotion>>().into_iter().collect()
}

fn agreement(share: f64) -> &'static str {
    AGREEMENT.iter().find(|(end, _)| share < *end).map_or(UNKNOWN, |(_, name)| *name)
}

fn group_by<'a, K: Ord + ToString>(
    clips: &'a [Scored<'a>],
    name: &'static str,
    key: impl Fn(&'a Scored<'a>) -> K,
) -> Vec<Group<'a>> {
    let mut parts: BTreeMap<K, Vec<&'a Scored<'a>>> = BTreeMap::new();
    for clip in clips {
        parts.entry(key(clip)).or_default().push(clip);
    }
    parts.into_iter().map(|(value, clips)| Group { name, value: value.to_string(), clips }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_grouped_in_steps() {
        let steps = [0.0, 0.49, 0.5, 0.74, 0.75, 1.0].map(agreement);
        assert_eq!(steps, ["below 0.5", "below 0.5", "0.5 to 0.75", "0.5 to 0.75", "0.75 and above", "0.75 and above"]);
        assert_eq!(agreement(f64::NAN), UNKNOWN);
    }
}
