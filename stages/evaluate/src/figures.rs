//! All figures of some clips, with their intervals.

use crate::bootstrap::{Draws, Intervals, intervals};
use crate::calibration::{Answer, Tally};
use crate::calibration_intervals::calibration_intervals;
use crate::confusion::Confusion;
use crate::groups::Scored;
use crate::interval::Interval;
use crate::metrics::Scores;
use crate::sample::{Sample, Sums};

/// How figures are resampled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resampling {
    /// How many times is drawn; 0 gives no intervals.
    pub resamples: u32,
    /// Decides the draw, together with what the clips have in common.
    pub seed: u64,
}

impl Resampling {
    /// The draws for a sample of the group `value` of kind `name`: the same for every model, others for every group.
    pub(crate) fn draws<T: Sums>(self, name: &str, value: &str, sample: &Sample<T>) -> Draws {
        Draws::of(sample, self.resamples, self.seed_of(name, value))
    }

    /// A seed of a group's own (FNV-1a over its name).
    pub(crate) fn seed_of(self, name: &str, value: &str) -> u64 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let bytes = self.seed.to_le_bytes().into_iter().chain(name.bytes()).chain([0]).chain(value.bytes());
        bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
    }
}

/// Confusions, in all and by speaker, and the figures that follow from them.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    /// The clips, by corpus and speaker.
    pub sample: Sample<Confusion>,
    pub scores: Scores,
    /// Their intervals; `None` where speakers are too few.
    pub intervals: Option<Intervals>,
}

/// A calibration figure with its interval.
pub(crate) type Calibrated = (f64, Option<Interval>);

/// Calibration of some clips.
#[derive(Debug, Clone)]
pub(crate) struct Calibration {
    /// Sums that it is computed from.
    pub tally: Tally,
    /// Expected calibration error, 0 to 1.
    pub ece: Calibrated,
    /// Brier score, 0 to 2.
    pub brier: Calibrated,
    /// Log loss, in natural logarithms.
    pub log_loss: Calibrated,
}

impl Figures {
    /// Of `clips` over `classes` classes.
    pub(crate) fn of(clips: &[&Scored<'_>], classes: usize, draws: impl FnOnce(&Sample<Confusion>) -> Draws) -> Self {
        let each = clips.iter().map(|clip| (clip.origin(), (clip.truth, clip.said)));
        let sample = Sample::of(&Confusion::new(classes), each);
        let scores = Scores::of(&sample.all);
        let intervals = intervals(&sample, &draws(&sample));
        Self { sample, scores, intervals }
    }
}

impl Calibration {
    /// Of `clips` with `bins` bins, by the probabilities that `probabilities` takes of each; clips that it takes none of are left out.
    pub(crate) fn of(
        clips: &[&Scored<'_>],
        bins: usize,
        probabilities: impl for<'s> Fn(&'s Scored<'_>) -> Option<&'s [f64]>,
        draws: impl FnOnce(&Sample<Tally>) -> Draws,
    ) -> Self {
        let answer = |clip: &&Scored<'_>| Some(Answer::new(probabilities(clip)?, clip.truth, bins));
        let each = clips.iter().filter_map(|clip| Some((clip.origin(), answer(clip)?)));
        let sample = Sample::of(&Tally::new(bins), each);
        let intervals = calibration_intervals(&sample, &draws(&sample));
        let tally = sample.all;
        Self {
            ece: (tally.ece(), intervals.ece),
            brier: (tally.brier(), intervals.brier),
            log_loss: (tally.log_loss(), intervals.log_loss),
            tally,
        }
    }
}
