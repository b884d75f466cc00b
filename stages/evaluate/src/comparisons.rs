//! The rows of `comparisons`: models of one split against each other, and one recipe under two protocols.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use ser_schemas::{Comparison, ComparisonKind, ComparisonTest, Emotion, Grouping};

use crate::by_corpus::ByCorpus;
use crate::compare::{
    Difference, Pair, difference_over_corpora, differences, holm, mcnemar_mid_p, speaker_permutation,
    speaker_permutation_over_corpora,
};
use crate::figures::Resampling;
use crate::groups::Scored;
use crate::means::Over;
use crate::sample::{Origin, Sample};
use crate::subject::Subject;

/// Two models to be compared on the clips that both were tested on, or on those of one group.
#[derive(Debug, Clone)]
struct Two<'a> {
    kind: ComparisonKind,
    a: &'a Subject<'a>,
    b: &'a Subject<'a>,
    group: Option<(Grouping, String)>,
}

/// Compares all models of each split in pairs, and every recipe that was trained under a speaker-independent protocol
/// with itself under a random one and under those that hold out more than speakers. Pairs without a common clip are
/// left out.
pub(crate) fn compare(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<Comparison> {
    let mut pairs = Vec::new();
    for (number, a) in subjects.iter().enumerate() {
        for b in &subjects[number + 1..] {
            if a.about.split == b.about.split {
                pairs.push(Two { kind: ComparisonKind::Paired, a, b, group: None });
            }
        }
    }
    let twins = |a: &Subject<'_>| {
        let recipe = a.about.recipe.clone();
        subjects.iter().filter(move |b| b.is_speaker_independent() && b.about.recipe == recipe)
    };
    for a in subjects.iter().filter(|subject| subject.protocol() == "random") {
        pairs.extend(twins(a).map(|b| Two { kind: ComparisonKind::ProtocolGap, a, b, group: None }));
    }
    for a in subjects.iter().filter(|subject| subject.holds_out_more_than_speakers()) {
        for b in twins(a) {
            let two = Two { kind: ComparisonKind::Unheard, a, b, group: None };
            let groups = two.groups();
            pairs.push(two);
            pairs.extend(groups);
        }
    }
    let mut rows: Vec<Comparison> = pairs.par_iter().flat_map_iter(|two| two.rows(resampling)).collect();
    adjust(&mut rows);
    rows
}

impl<'a> Two<'a> {
    /// The same of each corpus, or language, that the first model's split holds out.
    fn groups(&self) -> Vec<Self> {
        let Some(column @ (Grouping::Corpus | Grouping::Language)) = self.a.held_out.first().copied() else {
            return Vec::new();
        };
        let values: BTreeSet<String> = self.a.clips.iter().filter_map(|clip| column.of(clip.clip)).collect();
        values.into_iter().map(|value| Self { group: Some((column, value)), ..self.clone() }).collect()
    }

    /// The clips that both models answered for. On one split they did so in the same folds; each of two splits has its
    /// own.
    fn common(&self) -> Vec<[&'a Scored<'a>; 2]> {
        let same_folds = self.a.about.split == self.b.about.split;
        let key = |clip: &Scored<'a>| (same_folds.then_some(clip.prediction.fold), clip.prediction.clip_id.as_str());
        let others: HashMap<_, &Scored<'_>> = self.b.clips.iter().map(|clip| (key(clip), clip)).collect();
        let in_group = |clip: &&Scored<'_>| {
            self.group.as_ref().is_none_or(|(column, value)| column.of(clip.clip).as_ref() == Some(value))
        };
        let clips = self.a.clips.iter().filter(in_group);
        clips.filter_map(|clip| Some([clip, *others.get(&key(clip))?])).collect()
    }

    fn rows(&self, resampling: Resampling) -> Vec<Comparison> {
        let common = self.common();
        if common.is_empty() {
            return Vec::new();
        }
        let more = |one: usize| common.iter().filter(|two| two[one].right() > two[1 - one].right()).count() as u64;
        let classes: BTreeSet<Emotion> = common.iter().map(|two| two[0].prediction.emotion).collect();
        let numbers: BTreeMap<Emotion, usize> = classes.into_iter().zip(0..).collect();
        let answers = common.iter().map(|[a, b]| {
            // A speaker whom one of the two does not know is a stranger to their difference.
            let origin = Origin { known: a.known_speaker && b.known_speaker, ..a.origin() };
            (origin, (numbers[&a.prediction.emotion], a.right(), b.right()))
        });
        let none = Pair::new(numbers.len());
        let sample = Sample::of(&none, answers.clone());
        // All pairs of a split, or of a group of it, are resampled with the same draws.
        let place = match &self.group {
            None => self.a.about.split.clone(),
            Some((column, value)) => format!("{}/{}/{value}", self.a.about.split, column.as_str()),
        };
        let seed = resampling.seed_of("permutation", &place);
        let [uar, accuracy] = differences(&sample, &resampling.draws("comparison", &place, &sample));
        let speakers: Vec<&Pair> = sample.speakers().collect();
        let (permutation, mcnemar) = (ComparisonTest::SpeakerPermutation, ComparisonTest::McnemarMidP);
        let mut rows = vec![
            ("uar", uar, permutation, speaker_permutation(&speakers, seed)),
            ("accuracy", accuracy, mcnemar, Some(mcnemar_mid_p(more(0), more(1)))),
        ];
        let of_first: Vec<&Scored<'_>> = common.iter().map(|two| two[0]).collect();
        for over in Over::all(&of_first) {
            let answers = answers.clone().zip(&over.places).map(|((origin, clip), place)| (origin, (*place, clip)));
            let sample = Sample::of(&ByCorpus::new(&none, Arc::clone(&over.weights)), answers);
            let difference = difference_over_corpora(&sample, &resampling.draws("comparison", &place, &sample));
            rows.push((over.metric, difference, permutation, speaker_permutation_over_corpora(&sample, seed)));
        }
        let (support, speakers) = (common.len() as u64, speakers.len() as u64);
        rows.into_iter()
            .map(|(metric, difference, test, p_value)| self.row(metric, difference, test, p_value, support, speakers))
            .collect()
    }

    fn row(
        &self,
        metric: &str,
        difference: Difference,
        test: ComparisonTest,
        p_value: Option<f64>,
        support: u64,
        speakers: u64,
    ) -> Comparison {
        Comparison {
            kind: self.kind,
            model_a: self.a.about.model.clone(),
            split_a: self.a.about.split.clone(),
            model_b: self.b.about.model.clone(),
            split_b: self.b.about.split.clone(),
            group: self.group.as_ref().map(|(column, _)| column.as_str().to_owned()),
            group_value: self.group.as_ref().map(|(_, value)| value.clone()),
            metric: metric.to_owned(),
            value_a: difference.first,
            value_b: difference.second,
            value: difference.first - difference.second,
            low: difference.interval.map(|interval| interval.low),
            high: difference.interval.map(|interval| interval.high),
            test,
            p_value,
            p_adjusted: None,
            support,
            speakers,
        }
    }
}

/// Holm's correction within each family: comparisons of one kind on one split, in one metric by one test, those of
/// groups apart.
fn adjust(rows: &mut [Comparison]) {
    let mut families: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.p_value.is_some()) {
        let family = (row.kind, row.split_a.clone(), row.metric.clone(), row.test, row.group.clone());
        families.entry(family).or_default().push(at);
    }
    for members in families.into_values() {
        let p_values: Vec<f64> = members.iter().filter_map(|at| rows[*at].p_value).collect();
        for (at, adjusted) in members.into_iter().zip(holm(&p_values)) {
            rows[at].p_adjusted = Some(adjusted);
        }
    }
}
