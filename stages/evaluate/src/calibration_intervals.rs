//! 95 % intervals of the calibration figures: Brier score, log loss, expected calibration error.
//!
//! Brier score and log loss are means over clips, so the estimate with Student's t times its spread over resamples of the
//! speakers does, as [`interval`](crate::interval) describes.
//!
//! The expected calibration error (ECE) is a sum of distances, one per bin, which chance deviations only ever add to: the
//! estimate lies above the truth, by little where bins are off by more than chance, by most of the estimate where they are not
//! (Kumar, Liang & Ma, "Verified Uncertainty Calibration", NeurIPS 2019; Roelofs et al., "Mitigating Bias in Calibration
//! Error Estimation", AISTATS 2022). The truth is the ECE of the same bins over infinitely many speakers. So:
//!
//! - the upper end is the estimate plus Student's t times its spread: it owes nothing to the bias, which is no more than
//!   what the estimate has too much;
//! - the lower end is as much below the estimate less the bias, for which the mean of the resamples less the estimate is taken;
//! - where perfect calibration would show as much, the lower end is 0: near 0 the bootstrap finds only part of the bias
//!   (Andrews, "Inconsistency of the Bootstrap When a Parameter Is on the Boundary of the Parameter Space", Econometrica 2000).
//!   It would where the resamples' deviations from the estimate, bin by bin and corrected for the number of speakers, by
//!   themselves come to the estimate in one of twenty: five of a hundred, not the two and a half that each end is allowed
//!   otherwise, since no upper end is below 0.
//!
//! With three speakers such intervals of the ECE hold the truth in 97.4 % of experiments, because t with two degrees of freedom
//! spreads further than the many bins together do. They are given from [`MIN_SPEAKERS_OF_ECE`] on.
//!
//! `examples/coverage.rs` simulates how often the intervals hold the truth, in ten worlds (4 to 8 classes; perfectly calibrated,
//! somewhat and far too sure, not sure enough; speakers alike and unlike in skill and in overconfidence; 16 to 200 clips each,
//! some with four times as many), 1500 experiments each. In percent, mean over the worlds and lowest to highest world:
//!
//! | speakers | ECE | Brier score | log loss |
//! |---|---|---|---|
//! | 3 | none | 94.6 (93.6-95.9) | 94.8 (94.2-96.0) |
//! | 4 | 96.6 (94.2-99.3) | 94.7 (93.5-95.5) | 95.0 (93.5-96.4) |
//! | 5 | 95.9 (92.5-98.7) | 94.8 (94.0-96.1) | 94.9 (94.1-96.3) |
//! | 8 | 95.8 (94.0-97.7) | 94.5 (93.0-95.2) | 94.4 (93.2-95.7) |
//! | 10 | 95.5 (93.7-97.5) | 94.9 (94.0-95.8) | 94.9 (94.3-95.9) |
//! | 24 | 94.6 (91.2-96.2) | 94.6 (93.4-95.6) | 94.5 (93.3-95.9) |
//! | 91 | 94.7 (92.6-96.9) | 94.6 (94.0-95.5) | 94.6 (93.9-95.0) |
//!
//! Over several corpora, 400 experiments each (one of them has a standard error of 1.1):
//!
//! | corpora | ECE | Brier score | log loss |
//! |---|---|---|---|
//! | 24 speakers, hard; 2 with as many clips, easy | 93.8 | 95.0 | 95.3 |
//! | the same, and the 2 differ by half more in skill | 92.0 | 89.3 | 88.3 |
//! | 10 speakers; 1 | 94.0 | 93.8 | 93.5 |
//! | three of 8 speakers, hard and easy | 94.0 | 94.3 | 93.8 |
//! | known speakers, 12 of 60 clips and 2 of 360 | 95.8 | 94.3 | 94.3 |
//!
//! The second is what [`strata`](mod@crate::strata) cannot know. `tests/coverage.rs` holds the means of one corpus to 93 to 97 %.

use crate::bootstrap::{Draws, standard_errors};
use crate::calibration::Tally;
use crate::interval::{Interval, MIN_SPEAKERS, Spread, StandardError, of_figure};
use crate::metrics::ratio;
use crate::sample::Sample;

/// Fewer speakers than this give no interval of the expected calibration error.
pub const MIN_SPEAKERS_OF_ECE: usize = 4;
/// The lower end of the interval of the expected calibration error is 0 where perfect calibration shows as much this often.
const BY_CHANCE: f64 = 0.05;

/// Intervals of the calibration figures; `None` where speakers are too few or nothing is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CalibrationIntervals {
    /// Of the expected calibration error.
    pub ece: Option<Interval>,
    /// Of the Brier score.
    pub brier: Option<Interval>,
    /// Of the log loss.
    pub log_loss: Option<Interval>,
}

/// Intervals from draws of the sample.
pub fn calibration_intervals(sample: &Sample<Tally>, draws: &Draws) -> CalibrationIntervals {
    if !sample.tells(MIN_SPEAKERS) {
        return CalibrationIntervals::default();
    }
    let all = &sample.all;
    let (mut spread, mut deviations) = (Spread::default(), Vec::new());
    let mut seen = |resample: &Tally| {
        spread.push(resample.ece());
        let each = resample.gaps().zip(all.gaps()).map(|(found, expected)| (found - expected).abs());
        deviations.push(each.sum::<f64>());
    };
    let errors = standard_errors(sample, draws, Some(&mut seen));
    let Some([of_ece, of_brier, of_log_loss]) = errors.and_then(|errors| <[StandardError; 3]>::try_from(errors).ok())
    else {
        return CalibrationIntervals::default();
    };

    let ece = all.ece();
    let of_ece = || {
        let above = of_figure(ece, of_ece, 0.0, 1.0);
        let below = of_figure(ece - (spread.mean() - ece).max(0.0), of_ece, 0.0, 1.0);
        // What resamples vary too little, they deviate too little.
        let correction = ratio(of_ece.value, spread.sd()?);
        let as_much = deviations.iter().filter(|deviation| **deviation * correction >= ece).count();
        let by_chance = ratio(as_much as f64, deviations.len() as f64) >= BY_CHANCE;
        Some(Interval { low: if by_chance { 0.0 } else { below.low }, high: above.high })
    };
    CalibrationIntervals {
        ece: if sample.tells(MIN_SPEAKERS_OF_ECE) { of_ece() } else { None },
        brier: Some(of_figure(all.brier(), of_brier, 0.0, 2.0)),
        log_loss: Some(of_figure(all.log_loss(), of_log_loss, 0.0, f64::INFINITY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Answer;
    use crate::sample::Speaker;

    use proptest::prelude::*;

    /// `right` of `clips` clips right, all with this probability.
    fn speaker(confidence: f64, right: usize, clips: usize) -> Speaker<Tally> {
        let answer = |clip: usize| Answer::new(&[confidence, 1.0 - confidence], usize::from(clip >= right), 15);
        Speaker::of(&Tally::new(15), (0..clips).map(answer))
    }

    fn sample(speakers: &[Speaker<Tally>]) -> Sample<Tally> {
        Sample::of_speakers(&Tally::new(15), vec![speakers.to_vec()], Vec::new())
    }

    fn intervals(speakers: &[Speaker<Tally>], resamples: u32) -> CalibrationIntervals {
        let sample = sample(speakers);
        calibration_intervals(&sample, &Draws::of(&sample, resamples, 1))
    }

    #[test]
    fn few_speakers_have_none() {
        let found = [2, 3, 4].map(|speakers| intervals(&vec![speaker(0.9, 7, 10); speakers], 1000));
        assert_eq!(found[0], CalibrationIntervals::default());
        assert!(found[1].ece.is_none() && found[1].brier.is_some() && found[1].log_loss.is_some());
        assert!(found[2].ece.is_some());
        let none = intervals(&vec![speaker(0.9, 7, 10); 4], 0);
        assert_eq!(none, CalibrationIntervals::default());
    }

    /// A confidence of 0.75 with 15 of 20 right on average: the error found is chance, and the interval says so.
    #[test]
    fn what_chance_explains_reaches_down_to_0() {
        let found =
            intervals(&[13, 17, 14, 15, 18, 15].map(|right| speaker(0.75, right, 20)), 1000).ece.expect("six speakers");
        assert_eq!(found.low, 0.0);
        assert!(found.high > 0.015, "{found:?}");
    }

    /// A confidence of 0.95 with three of four right: one bin, whose distance never changes sign, is a mean. By hand: shares
    /// right 0.65, 0.85, 0.7, 0.8 have a standard deviation of 0.0913 and their mean one of 0.0456, times t(3) = 3.182.
    #[test]
    fn an_error_of_one_sign_has_the_interval_of_a_mean() {
        let found =
            intervals(&[13, 17, 14, 16].map(|right| speaker(0.95, right, 20)), 1000).ece.expect("four speakers");
        assert!((found.low - 0.0547).abs() < 0.01 && (found.high - 0.3453).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn seeds_that_say_the_same_leave_every_interval_as_it_is() {
        let found = |seeds: usize, corpora: usize, known: bool| {
            let none = Tally::of_seeds(15, seeds);
            let speaker = |(confidence, right): (f64, usize)| {
                let answer = |clip: usize| Answer::new(&[confidence, 1.0 - confidence], usize::from(clip >= right), 15);
                let of_clip = |clip: usize| (0..seeds).map(move |seed| answer(clip).of_seed(seed, 15));
                Speaker::of(&none, (0..10).flat_map(of_clip))
            };
            let speakers = [(0.9, 7), (0.8, 9), (0.7, 5), (0.95, 10), (0.6, 6), (0.85, 4)].map(speaker);
            let sample = if known {
                Sample::of_speakers(&none, Vec::new(), speakers.to_vec())
            } else {
                Sample::of_speakers(&none, speakers.chunks(6 / corpora).map(<[_]>::to_vec).collect(), Vec::new())
            };
            assert_eq!(sample.all.clips(), 60.0);
            let found = calibration_intervals(&sample, &Draws::of(&sample, 200, 1));
            [found.ece, found.brier, found.log_loss].map(|interval| interval.expect("six speakers"))
        };
        for (corpora, known) in [(1, false), (2, false), (1, true)] {
            for (one, three) in found(1, corpora, known).into_iter().zip(found(3, corpora, known)) {
                let apart = (one.low - three.low).abs().max((one.high - three.high).abs());
                assert!(apart < 1e-9, "{corpora} {known}: {one:?} {three:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn intervals_hold_the_estimate_and_stay_in_range(
            each in prop::collection::vec((0.5_f64..1.0, 0_usize..10, 0_usize..10), 4..9),
        ) {
            let speakers: Vec<_> = each.into_iter().map(|(sure, right, wrong)| speaker(sure, right, right + wrong)).collect();
            let (all, found) = (sample(&speakers).all, intervals(&speakers, 50));
            let figures = [(found.ece, all.ece(), 1.0), (found.brier, all.brier(), 2.0), (found.log_loss, all.log_loss(), f64::INFINITY)];
            for (interval, estimate, highest) in figures {
                let interval = interval.expect("enough speakers");
                prop_assert!(0.0 <= interval.low && interval.low <= estimate + 1e-12, "{interval:?} {estimate}");
                prop_assert!(estimate - 1e-12 <= interval.high && interval.high <= highest, "{interval:?} {estimate}");
            }
        }
    }
}
