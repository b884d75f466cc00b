//! Filtering by blocks in the frequency domain (overlap-add), with a change of rate on the way: transform a block of
//! input, multiply with the filter's response, drop or add the bins between the two Nyquist frequencies, and transform
//! back at the output's length. The ratio is exact because block lengths are multiples of it.
//!
//! The filter is symmetric around time 0, so its response is real: two blocks go through one complex transform, one as
//! the real part and one as the imaginary part, and never meet.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::wide;

/// A transform is at least this many times as long as the filter: longer wastes less of each block on the overlap, and
/// more of the cache.
const TRANSFORM_PER_FILTER: usize = 4;

/// Transforms, filter and working memory of one pair of rates.
pub(super) struct Blocks {
    /// New frames per block, of input and of output.
    hop_in: usize,
    hop_out: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// Response of the filter below the lower Nyquist frequency, where nothing is left of it.
    response: Vec<f32>,
    block_in: Vec<Complex32>,
    block_out: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Blocks {
    /// `unit_out` frames of output for every `unit_in` frames of input; `filter` has an odd number of taps at the input's
    /// rate, the middle one at time 0, and stops the lower Nyquist frequency.
    pub(super) fn new(unit_in: usize, unit_out: usize, filter: &[f64]) -> Self {
        let mut units = 2;
        while units * unit_in < TRANSFORM_PER_FILTER * filter.len() {
            units *= 2;
        }
        let (length_in, length_out) = (units * unit_in, units * unit_out);
        let hop_units = (length_in - (filter.len() - 1)) / unit_in;
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(length_in), planner.plan_fft_inverse(length_out));
        let mut block_in = vec![Complex32::default(); length_in];
        let mut scratch =
            vec![Complex32::default(); forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len())];
        // The taps before time 0 come last in a transform.
        let half = filter.len() / 2;
        for (tap, &value) in filter.iter().enumerate() {
            block_in[(length_in + tap - half) % length_in].re = (value / length_in as f64) as f32;
        }
        forward.process_with_scratch(&mut block_in, &mut scratch);
        let bins = length_in.min(length_out) / 2;
        Self {
            hop_in: hop_units * unit_in,
            hop_out: hop_units * unit_out,
            response: block_in[..bins].iter().map(|bin| bin.re).collect(),
            block_out: vec![Complex32::default(); length_out],
            forward,
            inverse,
            block_in,
            scratch,
        }
    }

    /// Fills `output` with `length` frames, the first of them `lead` frames before the input's first.
    pub(super) fn run(&mut self, input: &[f32], lead: usize, length: usize, output: &mut Vec<f32>) {
        output.clear();
        output.resize(length, 0.0);
        for (pair, input) in input.chunks(2 * self.hop_in).enumerate() {
            let (first, second) = input.split_at(self.hop_in.min(input.len()));
            let silent = [first, second].map(|block| block.iter().all(|sample| *sample == 0.0));
            if silent == [true, true] {
                continue;
            }
            self.filter(first, second);
            let start = lead + 2 * pair * self.hop_out;
            // Rounding would leave a trace of its companion in a block that is silent, so that one is left out.
            if !silent[0] {
                self.add(output, start, |value| value.re);
            }
            if !silent[1] {
                self.add(output, start + self.hop_out, |value| value.im);
            }
        }
    }

    /// Filters two blocks of at most `hop_in` frames into the parts of `block_out`.
    fn filter(&mut self, first: &[f32], second: &[f32]) {
        let Self { block_in, block_out, response, .. } = self;
        wide(
            #[inline(always)]
            || {
                let (both, rest) = block_in.split_at_mut(second.len());
                for ((value, &re), &im) in both.iter_mut().zip(first).zip(second) {
                    *value = Complex32::new(re, im);
                }
                let alone = &first[second.len()..];
                let (alone_in, rest) = rest.split_at_mut(alone.len());
                for (value, &re) in alone_in.iter_mut().zip(alone) {
                    *value = Complex32::new(re, 0.0);
                }
                rest.fill(Complex32::default());
            },
        );
        self.forward.process_with_scratch(block_in, &mut self.scratch);
        wide(
            #[inline(always)]
            || {
                let bins = response.len();
                let (length_in, length_out) = (block_in.len(), block_out.len());
                let (positive, rest) = block_out.split_at_mut(bins);
                let (between, negative) = rest.split_at_mut(length_out - 2 * bins);
                for ((out, bin), &response) in positive.iter_mut().zip(&block_in[..bins]).zip(&*response) {
                    *out = bin * response;
                }
                between.fill(Complex32::default());
                // The bin at the lower Nyquist frequency is stopped; the others mirror those of positive frequency.
                negative[0] = Complex32::default();
                let mirrored = block_in[length_in - bins + 1..].iter().zip(response[1..].iter().rev());
                for (out, (bin, &response)) in negative[1..].iter_mut().zip(mirrored) {
                    *out = bin * response;
                }
            },
        );
        self.inverse.process_with_scratch(block_out, &mut self.scratch);
    }

    /// Adds one part of `block_out`, the filtered block that begins at `start` of `output`.
    fn add(&self, output: &mut [f32], start: usize, part: impl Fn(&Complex32) -> f32) {
        // A block's output starts before the block by half a filter, which a transform puts at its end. Between the two
        // lies nothing of it; half of that gap is where positions turn negative.
        let negative_from = usize::midpoint(self.block_out.len(), self.hop_out);
        let (behind, before) = self.block_out.split_at(negative_from);
        let cut = before.len().saturating_sub(start);
        wide(
            #[inline(always)]
            || {
                for (from, values) in [(start, behind), (start.saturating_sub(before.len()), &before[cut..])] {
                    let room = output.get_mut(from..).unwrap_or_default();
                    for (sum, value) in room.iter_mut().zip(values) {
                        *sum += part(value);
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_the_exact_ratio_and_room_for_the_filter() {
        for (unit_in, unit_out, taps) in [(3, 1, 533), (1, 1, 273), (1, 2, 185), (441, 160, 491), (9, 10, 179)] {
            let blocks = Blocks::new(unit_in, unit_out, &vec![1.0; taps]);
            assert_eq!(blocks.hop_in * unit_out, blocks.hop_out * unit_in);
            assert_eq!(blocks.block_in.len() * unit_out, blocks.block_out.len() * unit_in);
            assert!(blocks.block_in.len() + 1 >= blocks.hop_in + taps);
        }
    }

    #[test]
    fn a_lead_shows_what_lies_before_the_start() {
        let filter = [0.25, 0.5, 0.25];
        let mut output = vec![7.0];
        Blocks::new(1, 1, &filter).run(&[1.0, 0.0, 0.0, 0.0], 2, 6, &mut output);
        for (found, expected) in output.iter().zip([0.0, 0.25, 0.5, 0.25, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-6, "{output:?}");
        }
    }

    #[test]
    fn blocks_that_share_a_transform_do_not_meet() {
        let filter: Vec<f64> = (0..33).map(|tap| 0.1 * (-((tap as f64 - 16.0) / 6.0).powi(2)).exp()).collect();
        let mut blocks = Blocks::new(3, 1, &filter);
        let hop = blocks.hop_in;
        let alone = |range: std::ops::Range<usize>, blocks: &mut Blocks| {
            let mut input = vec![0.0; 4 * hop];
            input[range].fill(1.0);
            let mut output = Vec::new();
            blocks.run(&input, 0, 4 * hop / 3, &mut output);
            output
        };
        let parts = [0..hop / 2, hop + hop / 3..2 * hop, 2 * hop..2 * hop + 1].map(|range| alone(range, &mut blocks));
        let mut input = vec![0.0; 4 * hop];
        input[..hop / 2].fill(1.0);
        input[hop + hop / 3..=2 * hop].fill(1.0);
        let mut together = Vec::new();
        blocks.run(&input, 0, 4 * hop / 3, &mut together);
        for (frame, found) in together.iter().enumerate() {
            let expected: f32 = parts.iter().map(|part| part[frame]).sum();
            assert!((found - expected).abs() < 1e-6, "frame {frame}: {found}, expected {expected}");
        }
    }
}
