//! Worlds of speakers whose true figures are known, to see how often intervals hold them.

use rand::{Rng, RngExt};

use ser_evaluate::bootstrap::{Draws, speaker_intervals};
use ser_evaluate::confusion::Confusion;
use ser_evaluate::metrics::Scores;

/// A population of speakers, and how many clips each has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// What is special about it.
    pub(crate) name: &'static str,
    /// Mean recall of each class at an average speaker.
    pub(crate) recalls: &'static [f64],
    /// How unlike speakers are: standard deviation of a speaker's skill, on the logit scale.
    pub(crate) speaker_sd: f64,
    /// How unlike a speaker's classes are beyond that.
    pub(crate) cell_sd: f64,
    /// Clips of each class of a speaker.
    pub(crate) clips: &'static [u64],
    /// How unlike speakers' shares of the clips are: each has this many times the clips, at random.
    pub(crate) times: &'static [u64],
}

/// The worlds that intervals are tried in.
pub(crate) const WORLDS: &[World] = &[
    World {
        name: "eight classes, speakers as in RAVDESS",
        recalls: &[0.75, 0.65, 0.45, 0.5, 0.6, 0.7, 0.4, 0.8],
        speaker_sd: 0.5,
        cell_sd: 0.4,
        clips: &[8, 8, 8, 8, 8, 4, 8, 8],
        times: &[1],
    },
    World {
        name: "speakers very unlike",
        recalls: &[0.75, 0.65, 0.45, 0.5],
        speaker_sd: 1.2,
        cell_sd: 0.6,
        clips: &[10, 10, 10, 10],
        times: &[1],
    },
    World {
        name: "speakers all alike",
        recalls: &[0.75, 0.65, 0.45, 0.5],
        speaker_sd: 0.0,
        cell_sd: 0.0,
        clips: &[10, 10, 10, 10],
        times: &[1],
    },
    World {
        name: "classes ten to one",
        recalls: &[0.8, 0.3, 0.5, 0.6],
        speaker_sd: 0.5,
        cell_sd: 0.4,
        clips: &[40, 4, 10, 5],
        times: &[1],
    },
    World {
        name: "some speakers with four times the clips",
        recalls: &[0.75, 0.65, 0.45, 0.5],
        speaker_sd: 0.5,
        cell_sd: 0.4,
        clips: &[6, 6, 6, 6],
        times: &[1, 1, 1, 4],
    },
    World {
        name: "a good model",
        recalls: &[0.96, 0.93, 0.88, 0.95],
        speaker_sd: 0.5,
        cell_sd: 0.4,
        clips: &[12, 12, 12, 12],
        times: &[1],
    },
];

/// How often the intervals held the truth.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coverage {
    /// Of the unweighted average recall.
    pub(crate) uar: f64,
    /// Of the accuracy.
    pub(crate) accuracy: f64,
    /// Of macro-F1.
    pub macro_f1: f64,
    /// Of precision, recall and F1 of single classes, mean over classes.
    pub(crate) classes: f64,
    /// Mean width of the interval of UAR.
    pub(crate) width: f64,
}

impl World {
    /// Coverage over `experiments` of `speakers` speakers each.
    pub(crate) fn coverage(
        &self,
        speakers: usize,
        experiments: u64,
        resamples: u32,
        generator: &mut impl Rng,
    ) -> Coverage {
        let truth = self.truth(generator);
        let mut sum = Coverage::default();
        let mut classes = (0.0, 0.0);
        for experiment in 0..experiments {
            let drawn: Vec<Confusion> = (0..speakers).map(|_| self.speaker(generator)).collect();
            let Some(found) = speaker_intervals(&drawn, &Draws::new(speakers, resamples, experiment)) else { continue };
            let holds = |interval: ser_evaluate::interval::Interval, truth: f64| {
                f64::from(u8::from((interval.low - 1e-12..=interval.high + 1e-12).contains(&truth)))
            };
            sum.uar += holds(found.uar, truth.uar);
            sum.accuracy += holds(found.accuracy, truth.accuracy);
            sum.macro_f1 += holds(found.macro_f1, truth.macro_f1);
            sum.width += found.uar.high - found.uar.low;
            for (class, truth) in found.classes.iter().zip(&truth.classes) {
                let each = [(class.precision, truth.precision), (class.recall, truth.recall), (class.f1, truth.f1)];
                for (interval, truth) in each {
                    if let Some(interval) = interval {
                        classes = (classes.0 + holds(interval, truth), classes.1 + 1.0);
                    }
                }
            }
        }
        let share = |held: f64| held / experiments as f64;
        Coverage {
            uar: share(sum.uar),
            accuracy: share(sum.accuracy),
            macro_f1: share(sum.macro_f1),
            classes: classes.0 / classes.1,
            width: share(sum.width),
        }
    }

    /// The figures of infinitely many speakers, from 20 000 of them.
    fn truth(&self, generator: &mut impl Rng) -> Scores {
        let mut all = Confusion::new(self.recalls.len());
        for _ in 0..20_000 {
            all.add_matrix(&self.speaker(generator), 1);
        }
        Scores::of(&all)
    }

    fn speaker(&self, generator: &mut impl Rng) -> Confusion {
        let classes = self.recalls.len();
        let mut confusion = Confusion::new(classes);
        let skill = self.speaker_sd * normal(generator);
        let times = self.times[generator.random_range(0..self.times.len())];
        for (truth, (recall, clips)) in self.recalls.iter().zip(self.clips).enumerate() {
            let logit = (recall / (1.0 - recall)).ln() + skill + self.cell_sd * normal(generator);
            let right = 1.0 / (1.0 + (-logit).exp());
            for _ in 0..clips * times {
                // What is wrong is mostly taken for the next class.
                let next = if generator.random_bool(0.6) { 1 } else { generator.random_range(1..classes) };
                let said = if generator.random_bool(right) { truth } else { (truth + next) % classes };
                confusion.add(truth, said);
            }
        }
        confusion
    }
}

/// A standard normal value (Box and Muller).
fn normal(generator: &mut impl Rng) -> f64 {
    let (radius, angle) = (generator.random_range(f64::EPSILON..1.0), generator.random_range(0.0..1.0));
    (-2.0 * f64::ln(radius)).sqrt() * (std::f64::consts::TAU * angle).cos()
}
