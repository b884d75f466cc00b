//! Values between the samples of a clip that holds only frequencies well below its rate: a short windowed sinc, with taps
//! for every position between two samples that occurs, or for so many that a straight line between neighbours is as good.

use super::gcd;
use super::sinc::{Windowed, half_length};
use crate::wide;

/// Attenuation of images, decibels: below what the first filter leaves.
const ATTENUATION_DB: f64 = 120.0;
/// Taps come in multiples of this, for vector instructions.
const LANES: usize = 8;
/// Outputs that are computed before their sums are added up.
const TOGETHER: usize = 64;
/// Positions with taps of their own at most. A sinc bends by at most pi^2 / 3 per square of a sample; a straight line over
/// 1 / 2048 of a sample misses it by less than 1e-7, -140 dB. Tables of all positions, 8000 for TESS, fit no fast cache.
const MOST_POSITIONS: usize = 2_048;

/// Taps for one pair of rates.
pub(super) struct Between {
    /// Taps per position.
    taps: usize,
    /// Position after position, from 0 up to the next sample, that one included.
    table: Vec<f32>,
    /// Positions with taps, evenly spaced.
    rows: usize,
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
        let rows = positions.min(MOST_POSITIONS);
        let mut table = Vec::with_capacity((rows + 1) * taps);
        let mut weights = vec![0.0; taps];
        for row in 0..=rows {
            let offset = row as f64 / rows as f64;
            for (tap, value) in weights.iter_mut().enumerate() {
                *value = sinc.at(tap as f64 - (half - 1) as f64 - offset);
            }
            // A constant stays that constant at every position.
            let sum: f64 = weights.iter().sum();
            table.extend(weights.iter().map(|value| (value / sum) as f32));
        }
        Self { taps, table, rows, whole: step / positions, part: step % positions, positions }
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

    /// Fills `output` with `length` frames; `input` begins with the margin.
    pub(super) fn run(&self, input: &[f32], length: usize, output: &mut Vec<f32>) {
        output.clear();
        output.resize(length, 0.0);
        wide(
            #[inline(always)]
            || {
                if self.rows == self.positions { self.read_off(input, output) } else { self.interpolate(input, output) }
            },
        );
    }

    /// Every position has taps of its own.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn read_off(&self, input: &[f32], output: &mut [f32]) {
        let mut places = self.places();
        for outputs in output.chunks_mut(TOGETHER) {
            let mut sums = [[0.0; LANES]; TOGETHER];
            for (sums, (at, position)) in sums[..outputs.len()].iter_mut().zip(&mut places) {
                *sums = products(&self.table[position * self.taps..][..self.taps], &input[at..at + self.taps]);
            }
            add_up(&sums, outputs);
        }
    }

    /// Between the two nearest positions that have taps.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn interpolate(&self, input: &[f32], output: &mut [f32]) {
        let rows_per_position = self.rows as f64 / self.positions as f64;
        let mut places = self.places();
        for outputs in output.chunks_mut(TOGETHER) {
            let mut sums = [[0.0; LANES]; TOGETHER];
            for (sums, (at, position)) in sums[..outputs.len()].iter_mut().zip(&mut places) {
                let place = position as f64 * rows_per_position;
                let row = place as usize;
                let part = (place - row as f64) as f32;
                let (here, next) = self.table[row * self.taps..][..2 * self.taps].split_at(self.taps);
                *sums = products_between(here, next, part, &input[at..at + self.taps]);
            }
            add_up(&sums, outputs);
        }
    }

    /// First sample and position of every output frame.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let (mut at, mut position) = (0, 0);
        std::iter::repeat_with(move || {
            let place = (at, position);
            at += self.whole;
            position += self.part;
            if position >= self.positions {
                position -= self.positions;
                at += 1;
            }
            place
        })
    }
}

/// Products of `weights` and `values`, added up eight apart.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn products(weights: &[f32], values: &[f32]) -> [f32; LANES] {
    let mut sums = [0.0_f32; LANES];
    for (weights, values) in weights.as_chunks::<LANES>().0.iter().zip(values.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += weights[lane] * values[lane];
        }
    }
    sums
}

/// [`products`] with weights that lie `part` of the way from `here` to `next`.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn products_between(here: &[f32], next: &[f32], part: f32, values: &[f32]) -> [f32; LANES] {
    let mut sums = [0.0_f32; LANES];
    let weights = here.as_chunks::<LANES>().0.iter().zip(next.as_chunks::<LANES>().0);
    for ((here, next), values) in weights.zip(values.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += (here[lane] + (next[lane] - here[lane]) * part) * values[lane];
        }
    }
    sums
}

/// One output of each eight sums. A loop of its own, which leaves the sums above whole vectors; the order of additions is
/// fixed, so the result does not depend on the machine.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn add_up(sums: &[[f32; LANES]; TOGETHER], outputs: &mut [f32]) {
    for (out, sums) in outputs.iter_mut().zip(sums) {
        let quarters = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
        *out = (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
    }
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
                let mut output = Vec::new();
                between.run(&input, length, &mut output);
                for (frame, found) in output.iter().enumerate() {
                    let expected = (step * frame as f64 * from as f64 / to as f64).sin();
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error < 4e-6, "{from} -> {to}, {share}, frame {frame}: {error}");
                }
            }
        }
    }
}
