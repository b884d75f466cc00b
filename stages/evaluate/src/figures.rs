//! All figures of some clips, with their intervals.

use crate::bootstrap::{Draws, Intervals, intervals};
use crate::calibration::{Answer, Tally};
use crate::calibration_intervals::calibration_intervals;
use crate::confusion::Confusion;
use crate::groups::{Said, Scored};
use crate::interval::{Interval, Spread};
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
    /// Those of each seed by itself.
    pub of_seeds: Vec<Scores>,
    /// Intervals of the scores; `None` where speakers are too few.
    pub intervals: Option<Intervals>,
}

/// A calibration figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calibrated {
    pub value: f64,
    pub interval: Option<Interval>,
    /// See [`seed_sd`].
    pub seed_sd: Option<f64>,
}

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
        let none = Confusion::of_seeds(classes, seeds(clips));
        let each = clips.iter().flat_map(|clip| {
            let column = |(seed, said): (usize, &Said)| none.column(seed, said.class);
            clip.answers.iter().enumerate().map(move |said| (clip.origin(), (clip.truth, column(said))))
        });
        let sample = Sample::of(&none, each);
        let (scores, of_seeds) = (Scores::of(&sample.all), Scores::of_each_seed(&sample.all));
        let intervals = intervals(&sample, &draws(&sample));
        Self { sample, scores, of_seeds, intervals }
    }

    /// Standard deviation of a figure over the seeds.
    pub(crate) fn seed_sd(&self, figure: impl Fn(&Scores) -> f64) -> Option<f64> {
        seed_sd(self.of_seeds.iter().map(figure))
    }
}

/// Standard deviation over the seeds, with n - 1; `None` of one.
pub(crate) fn seed_sd(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut spread = Spread::default();
    figures.into_iter().for_each(|figure| spread.push(figure));
    spread.sd()
}

/// Seeds that answer for each of `clips`.
fn seeds(clips: &[&Scored<'_>]) -> usize {
    clips.first().map_or(1, |clip| clip.answers.len())
}

impl Calibration {
    /// Of `clips` with `bins` bins, by the probabilities that `probabilities` takes of each answer; answers that it
    /// takes none of are left out.
    pub(crate) fn of(
        clips: &[&Scored<'_>],
        bins: usize,
        probabilities: impl Fn(&Said) -> Option<&[f64]>,
        draws: impl FnOnce(&Sample<Tally>) -> Draws,
    ) -> Self {
        let seeds = seeds(clips);
        let answer = |clip: &Scored<'_>, said: &Said| Some(Answer::new(probabilities(said)?, clip.truth, bins));
        let each = clips.iter().flat_map(|clip| {
            let each = clip.answers.iter().enumerate();
            each.filter_map(|(seed, said)| Some((clip.origin(), answer(clip, said)?.of_seed(seed, bins))))
        });
        let sample = Sample::of(&Tally::of_seeds(bins, seeds), each);
        let intervals = calibration_intervals(&sample, &draws(&sample));
        let tally = sample.all;
        let of_seed = |seed: usize| {
            let mut tally = Tally::new(bins);
            let said = clips.iter().filter_map(|clip| answer(clip, clip.answers.get(seed)?));
            said.for_each(|answer| tally.add_clip(answer));
            tally
        };
        let of_seeds: Vec<Tally> = if seeds > 1 { (0..seeds).map(of_seed).collect() } else { Vec::new() };
        let figure = |value: fn(&Tally) -> f64, interval: Option<Interval>| Calibrated {
            value: value(&tally),
            interval,
            seed_sd: seed_sd(of_seeds.iter().map(value)),
        };
        Self {
            ece: figure(Tally::ece, intervals.ece),
            brier: figure(Tally::brier, intervals.brier),
            log_loss: figure(Tally::log_loss, intervals.log_loss),
            tally,
        }
    }
}
