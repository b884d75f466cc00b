//! All figures of some clips, with their intervals.

use std::collections::BTreeMap;

use crate::bootstrap::{Draws, Intervals, speaker_intervals};
use crate::calibration::Tally;
use crate::calibration_intervals::calibration_intervals;
use crate::confusion::Confusion;
use crate::groups::Scored;
use crate::interval::Interval;
use crate::metrics::Scores;

/// How figures are resampled.
#[derive(Debug, Clone, Copy)]
pub struct Resampling {
    /// How many times speakers are drawn; 0 gives no intervals.
    pub resamples: u32,
    /// Decides the draw, together with what the clips have in common.
    pub seed: u64,
}

impl Resampling {
    /// The draws for `speakers` speakers of the group `value` of kind `name`: the same for every model, others for every group.
    pub fn draws(self, name: &str, value: &str, speakers: usize) -> Draws {
        Draws::new(speakers, self.resamples, self.seed_of(name, value))
    }

    /// A seed of a group's own (FNV-1a over its name).
    pub fn seed_of(self, name: &str, value: &str) -> u64 {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let bytes = self.seed.to_le_bytes().into_iter().chain(name.bytes()).chain([0]).chain(value.bytes());
        bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
    }
}

/// What was taken for what, in all and by speaker, and what follows from it.
#[derive(Debug, Clone)]
pub struct Figures {
    /// All clips.
    pub confusion: Confusion,
    /// The clips of each speaker, by name.
    pub speakers: Vec<Confusion>,
    /// The figures.
    pub scores: Scores,
    /// Their intervals; `None` where speakers are too few.
    pub intervals: Option<Intervals>,
}

/// A calibration figure with its interval.
pub type Calibrated = (f64, Option<Interval>);

/// Calibration of some clips.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// What it is computed from.
    pub tally: Tally,
    /// Expected calibration error, 0 to 1.
    pub ece: Calibrated,
    /// Brier score, 0 to 2.
    pub brier: Calibrated,
    /// Log loss, in natural logarithms.
    pub log_loss: Calibrated,
}

impl Figures {
    /// Of `clips` over `classes` classes; `draws` is asked for the number of speakers.
    pub fn of(clips: &[&Scored<'_>], classes: usize, draws: impl FnOnce(usize) -> Draws) -> Self {
        let speakers = by_speaker(clips, || Confusion::new(classes), |one, clip| one.add(clip.truth, clip.said));
        let mut confusion = Confusion::new(classes);
        for speaker in &speakers {
            confusion.add_matrix(speaker, 1);
        }
        let scores = Scores::of(&confusion);
        let intervals = speaker_intervals(&speakers, &draws(speakers.len()));
        Self { confusion, speakers, scores, intervals }
    }
}

impl Calibration {
    /// Of `clips` with `bins` bins, by the probabilities that `probabilities` takes of each; clips that it takes none of are left out.
    pub fn of(
        clips: &[&Scored<'_>],
        bins: usize,
        probabilities: impl for<'s> Fn(&'s Scored<'_>) -> Option<&'s [f64]>,
        draws: impl FnOnce(usize) -> Draws,
    ) -> Self {
        let add = |tally: &mut Tally, clip: &Scored<'_>| {
            if let Some(row) = probabilities(clip) {
                tally.add(row, clip.truth);
            }
        };
        let speakers = by_speaker(clips, || Tally::new(bins), add);
        let mut tally = Tally::new(bins);
        for speaker in &speakers {
            tally.add_tally(speaker, 1.0);
        }
        let intervals = calibration_intervals(&speakers, &draws(speakers.len()));
        Self {
            ece: (tally.ece(), intervals.ece),
            brier: (tally.brier(), intervals.brier),
            log_loss: (tally.log_loss(), intervals.log_loss),
            tally,
        }
    }
}

fn by_speaker<T>(clips: &[&Scored<'_>], new: impl Fn() -> T, add: impl Fn(&mut T, &Scored<'_>)) -> Vec<T> {
    let mut speakers: BTreeMap<&str, T> = BTreeMap::new();
    for clip in clips {
        add(speakers.entry(&clip.prediction.speaker).or_insert_with(&new), clip);
    }
    speakers.into_values().collect()
}
