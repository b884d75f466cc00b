//! One model against another on the same clips.
//!
//! Differences are resampled in pairs: the same speakers are drawn for both models, so what is easy or hard about a
//! speaker falls out of the difference. The tests ask whether two equally good models would differ as much by chance.
//!
//! Interval and permutation test may disagree, as they ask different questions. The interval takes the corpora for
//! given: it asks how the difference on this mixture would vary with other speakers of each, and corpora of one or two
//! speakers borrow their variance from the others. The test knows no corpora: its null hypothesis is that the answers
//! of both models to any one speaker could be exchanged, and all speakers' contributions, with what differs between
//! corpora in them, make its distribution. Where two speakers have half of all clips, as in TESS, their signs alone
//! decide much of it, and its p-value is larger than the interval would have it.
//!
//! A model with several seeds gets a clip right by the share of them that do, 0 to 1: its figures are means over its
//! seeds, and it can be compared with a model of any number of seeds. It counts as one model: exchanging two models
//! exchanges all seeds.

use std::borrow::Borrow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{Binomial, Discrete, DiscreteCDF};

use crate::bootstrap::{Draws, standard_errors};
use crate::by_corpus::ByCorpus;
use crate::interval::{Interval, MIN_SPEAKERS, of_figure};
use crate::metrics::ratio;
use crate::sample::{Sample, Sums};
use crate::strata::slope;

/// Up to so many speakers, all ways of exchanging the models' answers are gone through (2 to this power).
const EXACT_SPEAKERS: usize = 13;
/// Otherwise so many are drawn at random.
const PERMUTATIONS: usize = 9999;
/// Differences this close are taken for equal: they are sums of the same terms in another order.
const TIE: f64 = 1e-12;

/// The answers of two models for the clips of one speaker, class by class.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Clips of each class.
    pub clips: Vec<u64>,
    /// Of these, how many the first model gets right, on average over its seeds.
    pub first: Vec<f64>,
    /// Of these, how many the second model gets right.
    pub second: Vec<f64>,
}

impl Pair {
    /// Of no clips.
    pub fn new(classes: usize) -> Self {
        Self { clips: vec![0; classes], first: vec![0.0; classes], second: vec![0.0; classes] }
    }

    /// Counts a clip of class `truth`, which shares of 0 to 1 of each model's seeds get right. A class beyond the last
    /// is left out.
    pub fn add(&mut self, truth: usize, first_right: f64, second_right: f64) {
        if let Some(clips) = self.clips.get_mut(truth) {
            *clips += 1;
            self.first[truth] += first_right;
            self.second[truth] += second_right;
        }
    }

    /// UAR and accuracy of both models.
    fn both(&self) -> [(f64, f64); 2] {
        let occurring = self.clips.iter().filter(|clips| **clips > 0).count() as f64;
        let total = self.count() as f64;
        let uar = |right: &[f64]| {
            let recalls = right.iter().zip(&self.clips).map(|(right, clips)| ratio(*right, *clips as f64));
            ratio(recalls.sum(), occurring)
        };
        let accuracy = |right: &[f64]| ratio(right.iter().sum(), total);
        [(uar(&self.first), uar(&self.second)), (accuracy(&self.first), accuracy(&self.second))]
    }
}

/// A figure of both models, and how their difference varies from one set of speakers to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The first model's figure, 0 to 1.
    pub first: f64,
    /// The second model's.
    pub second: f64,
    /// 95 % interval of the first less the second; `None` where speakers are too few.
    pub interval: Option<Interval>,
}

/// Unweighted average recall and accuracy of both models over the same clips.
pub fn differences(sample: &Sample<Pair>, draws: &Draws) -> [Difference; 2] {
    let [uar, accuracy] = sample.all.both();
    let errors = if sample.tells(MIN_SPEAKERS) { standard_errors(sample, draws, None) } else { None };
    let difference = |(first, second): (f64, f64), at: usize| Difference {
        first,
        second,
        interval: errors
            .as_ref()
            .and_then(|errors| errors.get(at))
            .map(|error| of_figure(first - second, *error, -1.0, 1.0)),
    };
    [difference(uar, 0), difference(accuracy, 1)]
}

/// Unweighted average recall of both models in the mean over corpora.
pub fn difference_over_corpora(sample: &Sample<ByCorpus<Pair>>, draws: &Draws) -> Difference {
    let uar = |of: fn((f64, f64)) -> f64| sample.all.mean(|pair| of(pair.both()[0]));
    let (first, second) = (uar(|both| both.0), uar(|both| both.1));
    let errors = if sample.tells(MIN_SPEAKERS) { standard_errors(sample, draws, None) } else { None };
    let error = errors.as_ref().and_then(|errors| errors.first());
    Difference { first, second, interval: error.map(|error| of_figure(first - second, *error, -1.0, 1.0)) }
}

/// The differences of the two models in UAR and accuracy.
impl Sums for Pair {
    /// Truth, and the shares of the seeds of the first and the second model that are right.
    type Clip = (usize, f64, f64);
    type Figures = [f64; 2];

    fn class((truth, ..): (usize, f64, f64)) -> usize {
        truth
    }

    fn add_clip(&mut self, (truth, first_right, second_right): (usize, f64, f64)) {
        self.add(truth, first_right, second_right);
    }

    fn add_sums(&mut self, other: &Self, times: u64) {
        self.clips.iter_mut().zip(&other.clips).for_each(|(sum, more)| *sum += times * more);
        for (sums, more) in [(&mut self.first, &other.first), (&mut self.second, &other.second)] {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += times as f64 * more);
        }
    }

    fn reset(&mut self) {
        self.clips.fill(0);
        self.first.fill(0.0);
        self.second.fill(0.0);
    }

    fn count(&self) -> u64 {
        self.clips.iter().sum()
    }

    fn slope(&self) -> f64 {
        slope(self.first.iter().chain(&self.second).sum::<f64>() / 2.0, self.count() as f64)
    }

    fn figures(&self) -> [f64; 2] {
        self.both().map(|(first, second)| first - second)
    }
}

/// Two-sided p-value of the difference in UAR under exchange of the two models' answers, whole speakers at a time;
/// `None` for fewer than [`MIN_SPEAKERS`].
///
/// Exchanging a speaker's answers turns the sign of what that speaker adds to the difference, so this is a sign-flip
/// test of those contributions (Ernst, "Permutation Methods: A Basis for Exact Inference", Statistical Science 2004;
/// SciPy's `permutation_test` with `permutation_type="samples"`). Exact up to 13 speakers; beyond, 9999 exchanges are
/// drawn and the observed one is counted among them.
pub fn speaker_permutation<P: Borrow<Pair>>(speakers: &[P], seed: u64) -> Option<f64> {
    sign_flips(&contributions(speakers), seed)
}

/// The same of the difference in the mean over corpora.
pub fn speaker_permutation_over_corpora(sample: &Sample<ByCorpus<Pair>>, seed: u64) -> Option<f64> {
    let speakers: Vec<&ByCorpus<Pair>> = sample.speakers().collect();
    let mut all = vec![0.0; speakers.len()];
    for (corpus, (_, share)) in sample.all.shares() {
        let of_corpus: Vec<&Pair> = speakers.iter().filter_map(|speaker| speaker.corpora().get(corpus)).collect();
        all.iter_mut().zip(contributions(&of_corpus)).for_each(|(sum, one)| *sum += share * one);
    }
    sign_flips(&all, seed)
}

/// Two-sided p-value of the sum of `contributions`, one of each speaker, under changes of their signs.
fn sign_flips(contributions: &[f64], seed: u64) -> Option<f64> {
    if contributions.len() < MIN_SPEAKERS {
        return None;
    }
    let observed = contributions.iter().sum::<f64>().abs() - TIE;
    if contributions.len() <= EXACT_SPEAKERS {
        let ways = 1_usize << contributions.len();
        let as_large = (0..ways).filter(|flips| flipped(contributions, |at| flips >> at & 1 == 1).abs() >= observed);
        return Some(as_large.count() as f64 / ways as f64);
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let as_large =
        (0..PERMUTATIONS).filter(|_| flipped(contributions, |_| generator.random_bool(0.5)).abs() >= observed).count();
    Some((as_large + 1) as f64 / (PERMUTATIONS + 1) as f64)
}

/// Contribution of each speaker to the difference in UAR.
fn contributions<P: Borrow<Pair>>(speakers: &[P]) -> Vec<f64> {
    let speakers: Vec<&Pair> = speakers.iter().map(Borrow::borrow).collect();
    let classes = speakers.first().map_or(0, |pair| pair.clips.len());
    let clips: Vec<u64> = (0..classes).map(|class| speakers.iter().map(|pair| pair.clips[class]).sum()).collect();
    let occurring = clips.iter().filter(|clips| **clips > 0).count() as f64;
    let of = |pair: &&Pair| {
        let each =
            (0..classes).map(|class| ratio(pair.first[class] - pair.second[class], clips[class] as f64 * occurring));
        each.sum()
    };
    speakers.iter().map(of).collect()
}

fn flipped(contributions: &[f64], mut flip: impl FnMut(usize) -> bool) -> f64 {
    contributions.iter().enumerate().map(|(at, value)| if flip(at) { -value } else { *value }).sum()
}

/// Two-sided mid-p value of McNemar's test: `first_only` and `second_only` clips are got right by one of the models
/// alone; of several seeds, by a larger share of its seeds, which makes it a sign test over clips.
///
/// Under the null hypothesis either is Binomial(n, 1/2); the mid-p value counts half of the probability of what was
/// observed (Fagerland, Lydersen & Laake, BMC Medical Research Methodology 2013). 1 where the models never differ.
pub fn mcnemar_mid_p(first_only: u64, second_only: u64) -> f64 {
    let differing = first_only + second_only;
    let Ok(binomial) = Binomial::new(0.5, differing) else { return 1.0 };
    if differing == 0 {
        return 1.0;
    }
    let fewer = first_only.min(second_only);
    (2.0 * binomial.cdf(fewer) - binomial.pmf(fewer)).clamp(0.0, 1.0)
}

/// Holm's step-down correction of p-values of one family (S. Holm, Scandinavian Journal of Statistics 1979), in their
/// order.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut highest = 0.0_f64;
    for (place, at) in order.into_iter().enumerate() {
        highest = highest.max((p_values[at] * (p_values.len() - place) as f64).min(1.0));
        adjusted[at] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Speaker;

    use proptest::prelude::*;

    fn pair(clips: u64, first: u64, second: u64) -> Pair {
        Pair { clips: vec![clips], first: vec![first as f64], second: vec![second as f64] }
    }

    /// Speakers of one corpus.
    fn sample(speakers: &[Pair]) -> Sample<Pair> {
        let none = Pair::new(speakers.first().map_or(0, |pair| pair.clips.len()));
        let speakers = speakers.iter().map(|pair| Speaker { sums: pair.clone(), clips: Vec::new() }).collect();
        Sample::of_speakers(&none, vec![speakers], Vec::new())
    }

    fn found(speakers: &[Pair], resamples: u32, seed: u64) -> [Difference; 2] {
        let sample = sample(speakers);
        differences(&sample, &Draws::of(&sample, resamples, seed))
    }

    #[test]
    fn figures_of_two_classes_by_hand() {
        let one = Pair { clips: vec![4, 1], first: vec![2.0, 1.0], second: vec![4.0, 0.0] };
        let other = Pair { clips: vec![0, 1], first: vec![0.0, 1.0], second: vec![0.0, 1.0] };
        let [uar, accuracy] = found(&[one, other], 0, 1);
        assert_eq!((uar.first, uar.second, uar.interval), (0.75, 0.75, None));
        assert_eq!((accuracy.first, accuracy.second), (4.0 / 6.0, 5.0 / 6.0));
    }

    /// The speakers of each corpus, of one class.
    fn by_corpus(corpora: &[&[Pair]]) -> Sample<ByCorpus<Pair>> {
        let none = ByCorpus::new(&Pair::new(1), vec![1.0; corpora.len()].into());
        let clips = |pair: &Pair| {
            let (clips, first, second) = (pair.clips[0], pair.first[0], pair.second[0]);
            let right = |clip: u64, of: f64| f64::from(u8::from((clip as f64) < of));
            (0..clips).map(move |clip| (0, right(clip, first), right(clip, second)))
        };
        let of_corpus = |(corpus, speakers): (usize, &&[Pair])| {
            speakers.iter().map(|pair| Speaker::of(&none, clips(pair).map(|clip| (corpus, clip)))).collect()
        };
        Sample::of_speakers(&none, corpora.iter().enumerate().map(of_corpus).collect(), Vec::new())
    }

    /// By hand: 0.3 ahead on a corpus of 40 clips, level on one of 400.
    #[test]
    fn a_difference_over_corpora_does_not_follow_the_largest() {
        let (small, large) = (vec![pair(10, 8, 5); 4], vec![pair(100, 60, 60); 4]);
        let sample = by_corpus(&[&small, &large]);
        let found = difference_over_corpora(&sample, &Draws::of(&sample, 100, 1));
        assert!((found.first - 0.7).abs() < 1e-12 && (found.second - 0.55).abs() < 1e-12, "{found:?}");
        // Speakers of a corpus are alike, so nothing of it is uncertain but what they borrow.
        let interval = found.interval.expect("eight speakers");
        assert!(interval.low <= 0.15 + 1e-12 && interval.high >= 0.15 - 1e-12, "{interval:?}");
        // Four speakers add 0.0375 each and four nothing: two of 16 exchanges are as far apart.
        assert_eq!(speaker_permutation_over_corpora(&sample, 1), Some(2.0 / 16.0));
    }

    #[test]
    fn of_one_corpus_the_difference_over_corpora_is_that_of_its_uars() {
        let speakers: Vec<Pair> = [(9, 7, 4), (12, 5, 6), (7, 7, 2), (20, 13, 9)].map(|(n, a, b)| pair(n, a, b)).into();
        let sample = by_corpus(&[&speakers]);
        let over = difference_over_corpora(&sample, &Draws::of(&sample, 200, 3));
        assert_eq!(over, found(&speakers, 200, 3)[0]);
        assert_eq!(speaker_permutation_over_corpora(&sample, 5), speaker_permutation(&speakers, 5));
    }

    /// Always two clips better: of eight exchanges, only none and all are as far apart.
    #[test]
    fn three_speakers_who_agree_are_not_much_of_a_proof() {
        let speakers = vec![pair(10, 7, 5); 3];
        assert_eq!(speaker_permutation(&speakers, 1), Some(0.25));
        assert_eq!(speaker_permutation(&speakers[..2], 1), None);
        let many = vec![pair(10, 7, 5); 20];
        assert_eq!(speaker_permutation(&many, 1), Some(0.0001));
    }

    #[test]
    fn equal_models_do_not_differ() {
        let speakers = vec![pair(10, 6, 6); 5];
        assert_eq!(speaker_permutation(&speakers, 1), Some(1.0));
        let [uar, _] = found(&speakers, 100, 1);
        assert_eq!(uar.interval, Some(Interval { low: 0.0, high: 0.0 }));
        assert_eq!(mcnemar_mid_p(0, 0), 1.0);
    }

    /// Speakers differ a lot and both models alike: the difference is as sure as their answers are alike.
    #[test]
    fn what_speakers_have_in_common_falls_out() {
        let speakers: Vec<Pair> = (0..10).map(|number| pair(40, 4 * number + 2, 4 * number)).collect();
        let [uar, _] = found(&speakers, 500, 1);
        let interval = uar.interval.expect("ten speakers");
        assert!((interval.low - 0.05).abs() < 1e-12 && (interval.high - 0.05).abs() < 1e-12, "{interval:?}");
    }

    /// statsmodels 0.15, `multipletests([0.01, 0.04, 0.03, 0.005], method="holm")`.
    #[test]
    fn holm_is_that_of_statsmodels() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(holm(&[0.6, 0.7]), [1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn exchanging_the_models_turns_the_difference(
            rows in prop::collection::vec((1_u64..20, 0.0_f64..1.0, 0.0_f64..1.0), 3..20), seed in any::<u64>(),
        ) {
            let of = |share: f64, clips: u64| (share * clips as f64) as u64;
            let speakers: Vec<Pair> = rows.iter().map(|(clips, a, b)| pair(*clips, of(*a, *clips), of(*b, *clips))).collect();
            let turned: Vec<Pair> = speakers.iter().map(|one| Pair { first: one.second.clone(), second: one.first.clone(), ..one.clone() }).collect();
            let ([one, _], [other, _]) = (found(&speakers, 50, seed), found(&turned, 50, seed));
            let (one, other) = (one.interval.expect("speakers"), other.interval.expect("speakers"));
            prop_assert!((one.low + other.high).abs() < 1e-9 && (one.high + other.low).abs() < 1e-9);
            let p = speaker_permutation(&speakers, seed).expect("speakers");
            prop_assert!(p > 0.0 && p <= 1.0);
            prop_assert!((p - speaker_permutation(&turned, seed).expect("speakers")).abs() < 1e-12);
        }

        #[test]
        fn p_values_are_shares(first in 0_u64..500, second in 0_u64..500) {
            let p = mcnemar_mid_p(first, second);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!((p - mcnemar_mid_p(second, first)).abs() < 1e-12);
        }
    }
}
