//! Values between the samples of a clip that holds only frequencies well below its rate: a short windowed sinc, with taps
//! of their own for every position between two samples that occurs.

use super::gcd;
use super::sinc::{Windowed, half_length};

/// Attenuation of images, decibels: below what the first filter leaves.
const ATTENUATION_DB: f64 = 120.0;
/// Taps come in multiples of this, for vector instructions.
const LANES: usize = 8;

/// Taps for one pair of rates.
pub(super) struct Between {
    /// Taps per position.
    taps: usize,
    /// Position after position, from 0 up to the next sample.
    table: Vec<f32>,
    /// An output frame is `whole` samples and `part` positions after the one before.
    whole: usize,
    part: usize,
    positions: usize,
}

impl Between {
    /// From a clip at `from`, which holds no frequency above half of `highest`, to `to`.
    pub(super) fn new(from: usize, to: usize, highest: usize) -> Self {
        let divisor = gcd(from, to);
        let (step, positions) = (from / divisor, to / divisor);
        // Nothing lies between the highest frequency and its image mirrored at the rate.
        let width = 2.0 * (from - highest) as f64 / from as f64;
        let taps = (2.0 * half_length(ATTENUATION_DB, width)).ceil() as usize;
        let taps = taps.next_multiple_of(LANES);
        let half = taps / 2;
        let sinc = Windowed::new(ATTENUATION_DB, 1.0, half as f64);
        let mut table = Vec::with_capacity(positions * taps);
        let mut row = vec![0.0; taps];
        for position in 0..positions {
            let offset = position as f64 / positions as f64;
            for (tap, value) in row.iter_mut().enumerate() {
                *value = sinc.at(tap as f64 - (half - 1) as f64 - offset);
            }
            // A constant stays that constant at every position.
            let sum: f64 = row.iter().sum();
            table.extend(row.iter().map(|value| (value / sum) as f32));
        }
        Self { taps, table, whole: step / positions, part: step % positions, positions }
    }

    /// Samples that are needed before the first.
    pub(super) fn margin(&self) -> usize {
        self.taps / 2 - 1
    }

    /// Samples that `length` frames of output are computed from, with the margin.
    pub(super) fn input_len(&self, length: usize) -> usize {
        let steps = length.saturating_sub(1);
        steps * self.whole + steps * self.part / self.positions + self.taps
    }

    /// `length` frames of output; `input` begins with the margin.
    pub(super) fn run(&self, input: &[f32], length: usize) -> Vec<f32> {
        let (mut at, mut position) = (0, 0);
        (0..length)
            .map(|_| {
                let weights = &self.table[position * self.taps..(position + 1) * self.taps];
                let value = dot(weights, &input[at..at + self.taps]);
                at += self.whole;
                position += self.part;
                if position >= self.positions {
                    position -= self.positions;
                    at += 1;
                }
                value
            })
            .collect()
    }
}

/// Sum of products, eight at a time: the order of additions is fixed, so the result does not depend on the machine.
fn dot(weights: &[f32], values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (weights, values) in weights.as_chunks::<LANES>().0.iter().zip(values.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += weights[lane] * values[lane];
        }
    }
    let quarters = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
    (quarters[0] + quarters[2]) + (quarters[1] + quarters[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_tone_is_read_off_where_it_is_asked_for() {
        for (from, to, highest) in [(24_414, 16_000, 16_000), (32_000, 24_414, 16_000)] {
            let between = Between::new(from, to, highest);
            for share in [0.01, 0.3, 0.7, 0.99] {
                let step = TAU * share * highest as f64 / 2.0 / from as f64;
                let length = 2_000;
                let input: Vec<f32> = (0..between.input_len(length))
                    .map(|n| (step * (n as f64 - between.margin() as f64)).sin() as f32)
                    .collect();
                for (frame, found) in between.run(&input, length).iter().enumerate() {
                    let expected = (step * frame as f64 * from as f64 / to as f64).sin();
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error < 4e-6, "{from} -> {to}, {share}, frame {frame}: {error}");
                }
            }
        }
    }
}
