//! A convolution over time with batch normalisation, ReLU and max pooling, of which nothing is kept but what is pooled.
//!
//! The output of a convolution over samples is some dozen times what is left after pooling, and would be the largest thing in
//! memory by far. Here it is computed a few hundred kilobytes at a time: once forward, and once more for the gradients. That
//! it is pooled before its moments are known costs nothing: normalisation keeps the order of values, or turns it round where
//! gamma is negative. Clips are computed one by one.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::buffer::Buffer;
use super::conv::ConvSize;
use super::matmul::{Matrix, Packed, Target, multiply, multiply_packed};
use super::norm::{Affine, Correction, Moments, NONE, PartialMoments};
use super::simd::wide;

/// Positions of the kernel that are computed at a time, about.
const POSITIONS: usize = 1024;

/// What is kept of a clip.
#[derive(Debug)]
pub struct Pooled {
    /// Output of the convolution where it is highest in its window, lowest where gamma is negative: (windows, outputs).
    values: Buffer,
    /// Which position of its window that is; a mark where ReLU let none through.
    chosen: Vec<u8>,
    /// Moments of the whole output, in training.
    pub moments: PartialMoments,
}

/// The convolution of a clip's `frames` with a packed [`ConvSize::matrix`], pooled over windows of `pool` (1 to 254) positions;
/// a last, shorter window counts too. Moments are taken where `training` needs them.
pub fn forward(
    size: ConvSize,
    frames: &[f32],
    weight: &Packed<'_>,
    gamma: &[f32],
    pool: usize,
    training: bool,
) -> Pooled {
    let clip = Clip::new(size, frames, pool);
    let outputs = size.outputs;
    let signs: Vec<f32> = gamma.iter().map(|gamma| if *gamma < 0.0 { -1.0 } else { 1.0 }).collect();
    let count = clip.positions.div_ceil(pool) * outputs;
    let (mut values, mut chosen) = (Buffer::any(count), vec![NONE; count]);
    let mut moments = PartialMoments::of(&[], outputs);
    let mut y = Buffer::any(clip.block * outputs);
    let windows = clip.block / pool * outputs;
    for ((first, values), chosen) in clip.blocks().zip(values.chunks_mut(windows)).zip(chosen.chunks_mut(windows)) {
        let y = clip.convolve(first, weight, &mut y);
        if training {
            moments = moments.combined(&PartialMoments::of(y, outputs));
        }
        wide(
            #[inline(always)]
            || {
                let windows = values.chunks_exact_mut(outputs).zip(chosen.chunks_exact_mut(outputs));
                for (window, (values, chosen)) in y.chunks(pool * outputs).zip(windows) {
                    values.fill(f32::NEG_INFINITY);
                    for (index, row) in window.chunks_exact(outputs).enumerate() {
                        choose(row, &signs, index as u8, values, chosen);
                    }
                    values.iter_mut().zip(&signs).for_each(|(value, sign)| *value *= sign);
                }
            },
        );
    }
    Pooled { values, chosen, moments }
}

#[inline(always)]
fn choose(row: &[f32], signs: &[f32], index: u8, values: &mut [f32], chosen: &mut [u8]) {
    for (((y, sign), value), chosen) in row.iter().zip(signs).zip(values).zip(chosen) {
        let y = y * sign;
        let higher = y > *value;
        *value = if higher { y } else { *value };
        *chosen = if higher { index } else { *chosen };
    }
}

impl Pooled {
    /// ReLU(gamma * (y - mean) / sd + beta) of what was pooled: (windows, outputs).
    pub fn activate(&mut self, moments: &Moments, affine: Affine<'_>, out: &mut [f32]) {
        let [scale, shift] = affine.after(moments);
        let outputs = scale.len();
        let rows = self.values.chunks_exact(outputs).zip(self.chosen.chunks_exact_mut(outputs));
        wide(
            #[inline(always)]
            || {
                for ((values, chosen), out) in rows.zip(out.chunks_exact_mut(outputs)) {
                    for ((((value, scale), shift), chosen), out) in
                        values.iter().zip(&scale).zip(&shift).zip(chosen).zip(out)
                    {
                        let z = value * scale + shift;
                        *out = if z > 0.0 { z } else { 0.0 };
                        *chosen = if z > 0.0 { *chosen } else { NONE };
                    }
                }
            },
        );
    }

    /// Gradients of gamma and beta, from that of [`activate`](Self::activate)'s output.
    pub fn affine_gradients(&self, gradient: &[f32], moments: &Moments) -> (Buffer, Buffer) {
        let outputs = moments.mean.len();
        let (mut gamma, mut beta) = (Buffer::zeros(outputs), Buffer::zeros(outputs));
        let rows = self.values.chunks_exact(outputs).zip(self.chosen.chunks_exact(outputs));
        wide(
            #[inline(always)]
            || {
                for ((values, chosen), gradient) in rows.zip(gradient.chunks_exact(outputs)) {
                    let sums = gamma.iter_mut().zip(beta.iter_mut()).zip(&moments.mean);
                    for (((gamma, beta), mean), ((value, chosen), gradient)) in
                        sums.zip(values.iter().zip(chosen).zip(gradient))
                    {
                        let d = if *chosen == NONE { 0.0 } else { *gradient };
                        *beta += d;
                        *gamma += d * (value - mean);
                    }
                }
                gamma.iter_mut().zip(&moments.inverse_sd()).for_each(|(gamma, inverse)| *gamma *= inverse);
            },
        );
        (gamma, beta)
    }
}

/// Weights of a convolution as [`backward`] needs them.
#[derive(Debug)]
pub struct Taps<'a> {
    size: ConvSize,
    pool: usize,
    weight: Packed<'a>,
    /// For each frame under the kernel (outputs, inputs); none where the gradient of the frames is not wanted.
    turned: Vec<Packed<'a>>,
}

impl<'a> Taps<'a> {
    /// Of a weight (kernel, inputs, outputs) and windows of `pool` positions.
    pub fn new(size: ConvSize, pool: usize, weight: &'a [f32], frames_wanted: bool) -> Self {
        let taps = weight.chunks_exact(size.inputs * size.outputs).filter(|_| frames_wanted);
        let turned = taps.map(|tap| Packed::new(Matrix::new(tap, size.inputs, size.outputs).transposed())).collect();
        Self { size, pool, weight: Packed::new(size.matrix(weight)), turned }
    }
}

/// Gradient of the weight, from that of [`Pooled::activate`]'s output for one clip; that of its frames goes to `d_frames`, which
/// is empty where it is not wanted.
pub fn backward(
    frames: &[f32],
    taps: &Taps<'_>,
    pooled: &Pooled,
    gradient: &[f32],
    correction: &Correction,
    d_frames: &mut [f32],
) -> Buffer {
    let Taps { size, pool, .. } = *taps;
    let clip = Clip::new(size, frames, pool);
    let ConvSize { inputs, outputs, kernel, stride } = size;
    let mut d_weight = Buffer::zeros(kernel * inputs * outputs);
    let mut d_rows = Buffer::zeros(if d_frames.is_empty() { 0 } else { clip.rows.len() });
    let (mut y, mut d) = (Buffer::any(clip.block * outputs), Buffer::any(clip.block * outputs));
    let windows = clip.block / pool * outputs;
    for ((first, gradient), chosen) in clip.blocks().zip(gradient.chunks(windows)).zip(pooled.chosen.chunks(windows)) {
        let y = clip.convolve(first, &taps.weight, &mut y);
        let d = &mut d[..y.len()];
        wide(
            #[inline(always)]
            || {
                let windows = gradient.chunks_exact(outputs).zip(chosen.chunks_exact(outputs));
                for (window, (gradient, chosen)) in d.chunks_mut(pool * outputs).zip(windows) {
                    for (index, row) in window.chunks_exact_mut(outputs).enumerate() {
                        for ((d, gradient), chosen) in row.iter_mut().zip(gradient).zip(chosen) {
                            *d = if *chosen == index as u8 { *gradient } else { 0.0 };
                        }
                    }
                }
            },
        );
        correction.apply_to(d, y);
        let d = Matrix::new(d, y.len() / outputs, outputs);
        multiply(Target::new(&mut d_weight, outputs), clip.under(first).transposed(), d, true);
        for (tap, turned) in taps.turned.iter().enumerate() {
            let rows = &mut d_rows[(first * stride + tap) * inputs..];
            multiply_packed(Target::strided(rows, stride * inputs), d, turned, true);
        }
    }
    if !d_frames.is_empty() {
        d_frames.copy_from_slice(&d_rows[kernel / 2 * inputs..][..frames.len()]);
    }
    d_weight
}

/// A clip under the kernel.
struct Clip {
    size: ConvSize,
    /// Its frames with zeros around them.
    rows: Buffer,
    positions: usize,
    /// Positions that are computed at a time, in whole windows.
    block: usize,
}

impl Clip {
    fn new(size: ConvSize, frames: &[f32], pool: usize) -> Self {
        let (len, pad) = (frames.len() / size.inputs, size.kernel / 2 * size.inputs);
        let positions = size.out_len(len);
        let mut rows = Buffer::zeros(pad + frames.len() + (size.kernel + size.stride) * size.inputs);
        rows[pad..pad + frames.len()].copy_from_slice(frames);
        let block = (POSITIONS / pool).max(1) * pool;
        Self { size, rows, positions, block: block.min(positions.next_multiple_of(pool)) }
    }

    /// First position of each block.
    fn blocks(&self) -> impl Iterator<Item = usize> {
        (0..self.positions).step_by(self.block.max(1))
    }

    /// The frames under the kernel at each position of the block that begins at `first`.
    fn under(&self, first: usize) -> Matrix<'_> {
        let ConvSize { inputs, kernel, stride, .. } = self.size;
        let count = self.block.min(self.positions - first);
        Matrix::strided(&self.rows, first * stride * inputs, count, kernel * inputs, stride * inputs)
    }

    /// The convolution at the positions of that block, in the first rows of `y`.
    fn convolve<'a>(&self, first: usize, weight: &Packed<'_>, y: &'a mut [f32]) -> &'a [f32] {
        let outputs = self.size.outputs;
        let y = &mut y[..self.block.min(self.positions - first) * outputs];
        multiply_packed(Target::new(y, outputs), self.under(first), weight, false);
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::ConvInput;
    use crate::norm;

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|index| (index as f32 * step).sin()).collect()
    }

    fn assert_close(what: &str, found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len(), "{what}");
        let scale = expected.iter().fold(1e-3_f32, |scale, value| scale.max(value.abs()));
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-3 * scale, "{what}[{at}]: {found}, expected {expected}");
        }
    }

    /// Clips of several blocks, of one and of a part of a window; a gamma that turns the order round.
    #[test]
    fn numbers_are_those_of_a_convolution_that_is_kept() {
        for (kernel, stride, pool) in [(7, 1, 10), (5, 1, 8), (3, 2, 3)] {
            let size = ConvSize { inputs: 2, outputs: 3, kernel, stride };
            let lens = [2500, 40, 3];
            let frames = wave(2543 * 2, 0.7);
            let weight = wave(kernel * 6, 1.3);
            let affine = Affine { gamma: &[0.8, -1.2, 0.5], beta: &[0.1, 0.2, -0.3] };
            let input = ConvInput::new(size, &frames, &lens);
            let packed = Packed::new(size.matrix(&weight));
            let y = input.forward(&packed);
            let moments = Moments::of(std::iter::once(&PartialMoments::of(&y, 3)));
            let count: usize = input.out_lens().iter().map(|len| len.div_ceil(pool) * 3).sum();
            let mut expected = vec![0.0; count];
            let chosen = norm::forward(&y, input.out_lens(), &moments, affine, pool, &mut expected);
            let gradient = wave(count, 0.9);
            let partial = norm::backward(&gradient, &chosen, &y, &input, &moments, pool);
            let (d_gamma, d_beta) = (partial.gamma.clone(), partial.beta.clone());
            let correction = Correction::new(&d_gamma, &d_beta, y.len() / 3, &moments, affine);
            let d = correction.apply(partial, &y, &input);
            let turned = size.turned(&weight);
            let mut d_frames = vec![0.0; frames.len()];
            input.input_gradient(&d, &weight, &Packed::new(size.turned_matrix(&turned)), &mut d_frames);

            let mut start = 0;
            let clips = lens.map(|len| {
                start += len * 2;
                start - len * 2..start
            });
            let mut pooled = clips.clone().map(|clip| forward(size, &frames[clip], &packed, affine.gamma, pool, true));
            let found = Moments::of(pooled.iter().map(|pooled| &pooled.moments));
            assert_close("mean", &found.mean, &moments.mean);
            assert_close("variance", &found.variance, &moments.variance);
            let mut out = vec![0.0; count];
            let (mut rest, mut gradients) = (&mut out[..], Vec::new());
            for pooled in &mut pooled {
                let out = rest.split_off_mut(..pooled.values.len()).expect("windows");
                pooled.activate(&moments, affine, out);
                gradients.push(&gradient[count - rest.len() - out.len()..count - rest.len()]);
            }
            assert_close("output", &out, &expected);
            let sum = |parts: Vec<Buffer>| {
                let mut total = vec![0.0; parts[0].len()];
                for part in &parts {
                    crate::vector::add(&mut total, part);
                }
                total
            };
            let shares =
                pooled.iter().zip(&gradients).map(|(pooled, gradient)| pooled.affine_gradients(gradient, &moments));
            let (gammas, betas) = shares.unzip();
            assert_close("gamma", &sum(gammas), &d_gamma);
            assert_close("beta", &sum(betas), &d_beta);
            let taps = Taps::new(size, pool, &weight, true);
            let mut found = vec![0.0; frames.len()];
            let weights = clips.into_iter().zip(pooled.iter().zip(&gradients)).map(|(clip, (pooled, gradient))| {
                let d_frames = &mut found[clip.clone()];
                backward(&frames[clip], &taps, pooled, gradient, &correction, d_frames)
            });
            assert_close("weight", &sum(weights.collect()), &input.weight_gradient(&d));
            assert_close("frames", &found, &d_frames);
        }
    }
}
