//! Worlds whose true figures are known, to see how often intervals hold them.

pub(crate) mod answers;
pub(crate) mod corpora;
pub(crate) mod probabilities;

use rand::{Rng, RngExt};

use ser_evaluate::interval::Interval;
use ser_evaluate::sample::{Sample, Speaker, Sums};

/// Intervals of one figure: how many, how many of them hold the truth, and their widths in all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    made: f64,
    held: f64,
    width: f64,
}

impl Count {
    fn add(&mut self, interval: Interval, truth: f64) {
        self.made += 1.0;
        self.held += f64::from(u8::from((interval.low - 1e-12..=interval.high + 1e-12).contains(&truth)));
        self.width += interval.high - interval.low;
    }

    fn share(&self) -> f64 {
        self.held / self.made
    }
}

/// The speakers of each corpus, whom the model may know.
fn sample<T: Sums>(known: bool, none: &T, corpora: Vec<Vec<Speaker<T>>>) -> Sample<T> {
    if known {
        Sample::of_speakers(none, Vec::new(), corpora.into_iter().flatten().collect())
    } else {
        Sample::of_speakers(none, corpora, Vec::new())
    }
}

/// A standard normal value (Box and Muller).
fn normal(generator: &mut impl Rng) -> f64 {
    let (radius, angle) = (generator.random_range(f64::EPSILON..1.0), generator.random_range(0.0..1.0));
    (-2.0 * f64::ln(radius)).sqrt() * (std::f64::consts::TAU * angle).cos()
}
