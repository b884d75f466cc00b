//! How much figures vary from one set of speakers to another: a bootstrap over speakers.
//!
//! Clips of one speaker succeed and fail together, so resampling clips would promise far too much. Whole speakers are
//! drawn with replacement instead, as many as there are, and every figure is computed again from the clips of those
//! drawn (cluster bootstrap; Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8; for
//! speech recognition Bisani & Ney, ICASSP 2004). Since the metrics are functions of the confusion matrix, a speaker is its
//! matrix and a resample a sum of matrices. [`interval`](crate::interval) makes intervals of the spread; those of single
//! classes, which have too few clips for it, are made by [`class_intervals`](mod@crate::class_intervals) without resamples.
//!
//! An interval covers which speakers were recorded. It does not cover another training run.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::class_intervals::{ClassIntervals, class_intervals};
use crate::confusion::Confusion;
use crate::interval::{Effective, FEW, Interval, MIN_SPEAKERS, Spread, Z, of_share, wilson};
use crate::metrics::Scores;

/// How often each speaker is drawn in each resample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    speakers: usize,
    times: Vec<u32>,
}

impl Draws {
    /// `resamples` draws of `speakers` out of `speakers`, with replacement. The same numbers give the same draws.
    pub fn new(speakers: usize, resamples: u32, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut times = vec![0; speakers * resamples as usize];
        for resample in times.chunks_exact_mut(speakers.max(1)) {
            for _ in 0..speakers {
                resample[generator.random_range(0..speakers)] += 1;
            }
        }
        Self { speakers, times }
    }

    /// Per resample, how often each speaker is drawn.
    pub fn resamples(&self) -> impl Iterator<Item = &[u32]> {
        self.times.chunks_exact(self.speakers.max(1))
    }

    /// Number of speakers.
    pub fn speakers(&self) -> usize {
        self.speakers
    }
}

/// Intervals of all figures of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// One entry per class of the matrix.
    pub classes: Vec<ClassIntervals>,
    /// Of the accuracy.
    pub accuracy: Interval,
    /// Of the unweighted average recall.
    pub uar: Interval,
    /// Of macro-F1.
    pub macro_f1: Interval,
    /// Of weighted F1.
    pub weighted_f1: Interval,
}

/// 95 % intervals from draws of the speakers, whose confusion matrices over the same classes are `speakers`.
///
/// `None` for fewer than [`MIN_SPEAKERS`] or without resamples. In a resample in which a class has no clip, the means over
/// classes run over the classes that it does have, as in [`Scores`]. Single classes are not resampled: see
/// [`class_intervals`](mod@crate::class_intervals).
pub fn speaker_intervals(speakers: &[Confusion], draws: &Draws) -> Option<Intervals> {
    if speakers.len() < MIN_SPEAKERS || draws.speakers() != speakers.len() {
        return None;
    }
    let mut all = Confusion::new(speakers[0].classes());
    for speaker in speakers {
        all.add_matrix(speaker, 1);
    }
    let scores = Scores::of(&all);

    let mut resample = Confusion::new(all.classes());
    let mut overall = [Spread::default(); 4];
    for times in draws.resamples() {
        resample.clear();
        for (speaker, times) in speakers.iter().zip(times).filter(|(_, times)| **times > 0) {
            resample.add_matrix(speaker, u64::from(*times));
        }
        let scores = Scores::of(&resample);
        let figures = [scores.accuracy, scores.uar, scores.macro_f1, scores.weighted_f1];
        overall.iter_mut().zip(figures).for_each(|(spread, value)| spread.push(value));
    }

    let effective = Effective::of(speakers.iter().map(Confusion::total));
    let (right, clips) = (all.correct() as f64, all.total() as f64);
    let few = right.min(clips - right) < FEW;
    let apart = wilson(right, clips, Z);
    let mean = |value: f64, spread: &Spread| {
        let interval = of_share(value, spread.sd()?, effective);
        // The means over classes have no count of their own; where few clips in all are right or wrong, they are no surer than accuracy.
        let shift = value - scores.accuracy;
        let least = Interval { low: (apart.low + shift).max(0.0), high: (apart.high + shift).min(1.0) };
        Some(if few { interval.union(least) } else { interval })
    };
    Some(Intervals {
        accuracy: mean(scores.accuracy, &overall[0])?,
        uar: mean(scores.uar, &overall[1])?,
        macro_f1: mean(scores.macro_f1, &overall[2])?,
        weighted_f1: mean(scores.weighted_f1, &overall[3])?,
        classes: class_intervals(speakers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn speaker(right: u64, wrong: u64) -> Confusion {
        let mut one = Confusion::new(2);
        one.add_matrix(&Confusion::of_pairs(2, [(0, 0)]), right);
        one.add_matrix(&Confusion::of_pairs(2, [(0, 1)]), wrong);
        one
    }

    fn intervals(speakers: &[Confusion], resamples: u32, seed: u64) -> Option<Intervals> {
        speaker_intervals(speakers, &Draws::new(speakers.len(), resamples, seed))
    }

    #[test]
    fn every_resample_has_as_many_speakers_as_there_are() {
        let draws = Draws::new(7, 50, 3);
        assert_eq!(draws.resamples().count(), 50);
        assert!(draws.resamples().all(|times| times.iter().sum::<u32>() == 7));
        assert_eq!(draws, Draws::new(7, 50, 3));
        assert_ne!(draws, Draws::new(7, 50, 4));
        assert_eq!(Draws::new(0, 5, 1).resamples().count(), 0);
    }

    #[test]
    fn speakers_who_are_all_alike_leave_no_doubt() {
        let found = intervals(&vec![speaker(30, 10); 5], 200, 1).expect("five speakers");
        assert_eq!(found.accuracy, Interval { low: 0.75, high: 0.75 });
    }

    /// Nothing went wrong in 20 clips: that is no proof that nothing ever will.
    #[test]
    fn a_model_without_errors_is_not_certain() {
        let found = intervals(&vec![speaker(5, 0); 4], 200, 1).expect("four speakers");
        assert_eq!(found.accuracy, wilson(20.0, 20.0, Z));
        assert_eq!(found.uar, wilson(20.0, 20.0, Z));
        assert!(found.accuracy.low < 0.85 && found.accuracy.high == 1.0, "{found:?}");
    }

    #[test]
    fn too_few_speakers_give_no_interval() {
        assert_eq!(intervals(&[speaker(1, 0), speaker(0, 1)], 100, 1), None);
        assert!(intervals(&[speaker(1, 0), speaker(0, 1), speaker(0, 2)], 100, 1).is_some());
        assert_eq!(intervals(&vec![speaker(1, 0); 9], 0, 1), None);
    }

    /// The standard deviation of a mean over n speakers drawn with replacement is known: sqrt(variance / n).
    #[test]
    fn the_spread_of_the_accuracy_is_that_of_a_mean() {
        let rights = [5, 10, 15, 20, 25, 30, 35, 12];
        let speakers: Vec<_> = rights.iter().map(|right| speaker(*right, 40 - right)).collect();
        let shares: Vec<f64> = rights.iter().map(|right| *right as f64 / 40.0).collect();
        let mean = shares.iter().sum::<f64>() / 8.0;
        let sd = (shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 8.0 / 8.0).sqrt();
        let found = intervals(&speakers, 20_000, 3).expect("eight speakers").accuracy;
        let expected = of_share(mean, sd, Effective { speakers: 8.0, degrees: 7.0 });
        // The standard deviation of 20 000 resamples has a standard error of about 0.5 %.
        assert!((found.low - expected.low).abs() < 0.003 && (found.high - expected.high).abs() < 0.003, "{found:?}");
    }

    proptest! {
        #[test]
        fn intervals_hold_the_figure_and_repeat(
            pairs in prop::collection::vec((0_usize..6, 0_usize..3, 0_usize..3), 6..60), seed in any::<u64>(),
        ) {
            let mut speakers = vec![Confusion::new(3); 6];
            for (speaker, truth, said) in pairs {
                speakers[speaker].add(truth, said);
            }
            let mut all = Confusion::new(3);
            for speaker in &speakers {
                all.add_matrix(speaker, 1);
            }
            let scores = Scores::of(&all);
            let found = intervals(&speakers, 50, seed).expect("six speakers");
            prop_assert_eq!(&found, &intervals(&speakers, 50, seed).expect("six speakers"));
            let mut each = vec![
                (found.accuracy, scores.accuracy), (found.uar, scores.uar),
                (found.macro_f1, scores.macro_f1), (found.weighted_f1, scores.weighted_f1),
            ];
            for (class, score) in found.classes.iter().zip(&scores.classes) {
                each.extend(class.precision.map(|interval| (interval, score.precision)));
                each.extend(class.recall.map(|interval| (interval, score.recall)));
                each.extend(class.f1.map(|interval| (interval, score.f1)));
            }
            for (interval, value) in each {
                prop_assert!(0.0 <= interval.low && interval.high <= 1.0, "{:?}", interval);
                prop_assert!(interval.low <= value + 1e-12 && value <= interval.high + 1e-12, "{:?} {}", interval, value);
            }
        }
    }
}
