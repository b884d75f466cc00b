//! Filtering by blocks in the frequency domain (overlap-add), with a change of rate on the way: transform a block of
//! input, multiply with the filter's response, drop or add the bins between the two Nyquist frequencies, and transform
//! back at the output's length. The ratio is exact because block lengths are multiples of it.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// A transform is at least this many times as long as the filter: longer wastes less of each block on the overlap, and
/// more of the cache.
const TRANSFORM_PER_FILTER: usize = 4;

/// Transforms, filter and working memory of one pair of rates.
pub(super) struct Blocks {
    /// New frames per block, of input and of output.
    hop_in: usize,
    hop_out: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// Response of the filter up to the lower Nyquist frequency. Real, because the filter is symmetric around time 0.
    response: Vec<f32>,
    block_in: Vec<f32>,
    block_out: Vec<f32>,
    spectrum_in: Vec<Complex32>,
    spectrum_out: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Blocks {
    /// `unit_out` frames of output for every `unit_in` frames of input; `filter` has an odd number of taps at the input's
    /// rate, the middle one at time 0.
    pub(super) fn new(unit_in: usize, unit_out: usize, filter: &[f64]) -> Self {
        let mut units = 2;
        while units * unit_in < TRANSFORM_PER_FILTER * filter.len() {
            units *= 2;
        }
        let (length_in, length_out) = (units * unit_in, units * unit_out);
        let hop_units = (length_in - (filter.len() - 1)) / unit_in;
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(length_in), planner.plan_fft_inverse(length_out));
        let (mut block_in, mut spectrum_in) = (forward.make_input_vec(), forward.make_output_vec());
        let mut scratch = vec![Complex32::default(); forward.get_scratch_len().max(inverse.get_scratch_len())];
        // The taps before time 0 come last in a transform.
        let half = filter.len() / 2;
        for (tap, &value) in filter.iter().enumerate() {
            block_in[(length_in + tap - half) % length_in] = (value / length_in as f64) as f32;
        }
        transform(&*forward, &mut block_in, &mut spectrum_in, &mut scratch);
        let bins = spectrum_in.len().min(length_out / 2 + 1);
        Self {
            hop_in: hop_units * unit_in,
            hop_out: hop_units * unit_out,
            response: spectrum_in[..bins].iter().map(|bin| bin.re).collect(),
            block_out: inverse.make_output_vec(),
            spectrum_out: inverse.make_input_vec(),
            forward,
            inverse,
            block_in,
            spectrum_in,
            scratch,
        }
    }

    /// `length` frames of output, the first of them `lead` frames before the input's first.
    pub(super) fn run(&mut self, input: &[f32], lead: usize, length: usize) -> Vec<f32> {
        let mut output = vec![0.0; length];
        let length_out = self.block_out.len();
        // A block's output starts before the block by half a filter, which a transform puts at its end. Between the two
        // lies nothing of it; half of that gap is where positions turn negative.
        let negative_from = usize::midpoint(length_out, self.hop_out);
        for (block, input) in input.chunks(self.hop_in).enumerate() {
            self.block_in[..input.len()].copy_from_slice(input);
            self.block_in[input.len()..].fill(0.0);
            transform(&*self.forward, &mut self.block_in, &mut self.spectrum_in, &mut self.scratch);
            for ((out, bin), &response) in self.spectrum_out.iter_mut().zip(&self.spectrum_in).zip(&self.response) {
                *out = bin * response;
            }
            self.spectrum_out[self.response.len()..].fill(Complex32::default());
            // The first and the last bin of a real signal's spectrum are real.
            let last = self.spectrum_out.len() - 1;
            self.spectrum_out[0].im = 0.0;
            self.spectrum_out[last].im = 0.0;
            back(&*self.inverse, &mut self.spectrum_out, &mut self.block_out, &mut self.scratch);
            let start = lead + block * self.hop_out;
            add(&mut output, start, &self.block_out[..negative_from]);
            let before = &self.block_out[negative_from..];
            match start.checked_sub(before.len()) {
                Some(start) => add(&mut output, start, before),
                None => add(&mut output, 0, &before[before.len() - start..]),
            }
        }
        output
    }
}

/// Adds `block` to `output` from `start` on, as far as there is room.
fn add(output: &mut [f32], start: usize, block: &[f32]) {
    let room = output.get_mut(start..).unwrap_or_default();
    for (sum, value) in room.iter_mut().zip(block) {
        *sum += value;
    }
}

fn transform(fft: &dyn RealToComplex<f32>, from: &mut [f32], to: &mut [Complex32], scratch: &mut [Complex32]) {
    fft.process_with_scratch(from, to, scratch).expect("buffers were made for this transform");
}

fn back(fft: &dyn ComplexToReal<f32>, from: &mut [Complex32], to: &mut [f32], scratch: &mut [Complex32]) {
    fft.process_with_scratch(from, to, scratch).expect("buffers were made for this transform, and its ends are real");
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
        let output = Blocks::new(1, 1, &filter).run(&[1.0, 0.0, 0.0, 0.0], 2, 6);
        for (found, expected) in output.iter().zip([0.0, 0.25, 0.5, 0.25, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-6, "{output:?}");
        }
    }
}
