//! Batch normalisation, by itself or with ReLU and max pooling after a convolution, in one pass each way.
//!
//! Statistics are taken over frames that exist, so padding can neither move them nor leak through them. A batch may come
//! in parts: each part's sums are taken by themselves, and only combining them needs all.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::buffer::Buffer;
use super::conv::ConvInput;
use super::simd::{rows_together, wide};

/// Added to the variance before its root is taken.
pub const EPSILON: f32 = 1e-5;

/// In place of a frame of the window: no frame was above zero.
pub(crate) const NONE: u8 = u8::MAX;

/// The sum of each channel, from those of [`rows_together`] rows.
fn folded<T: Copy + std::ops::AddAssign>(sums: &mut [T], channels: usize) {
    let (first, more) = sums.split_at_mut(channels);
    for row in more.chunks_exact(channels) {
        first.iter_mut().zip(row).for_each(|(sum, more)| *sum += *more);
    }
}

/// Mean and variance of each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Variance (biased) of each channel.
    pub variance: Vec<f32>,
}

/// Count, mean and sum of squared deviations of each channel over some frames.
#[derive(Debug, Clone, Default)]
pub struct PartialMoments {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl PartialMoments {
    /// Over rows of `channels` values.
    pub fn of(values: &[f32], channels: usize) -> Self {
        /// Single-precision sums of this many rows, double precision between them.
        const BLOCK: usize = 256;
        if values.is_empty() {
            return Self { count: 0.0, mean: vec![0.0; channels], squares: vec![0.0; channels] };
        }
        let width = channels * rows_together(channels);
        let shift = values[..channels].repeat(rows_together(channels));
        let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
        let (mut sum, mut square) = (vec![0.0_f32; width], vec![0.0_f32; width]);
        wide(
            #[inline(always)]
            || {
                for block in values.chunks(BLOCK * width) {
                    sum.fill(0.0);
                    square.fill(0.0);
                    for row in block.chunks(width) {
                        for (((value, shift), sum), square) in row.iter().zip(&shift).zip(&mut sum).zip(&mut square) {
                            let d = value - shift;
                            *sum += d;
                            *square += d * d;
                        }
                    }
                    for (total, part) in sums.iter_mut().zip(&sum).chain(squares.iter_mut().zip(&square)) {
                        *total += f64::from(*part);
                    }
                }
            },
        );
        folded(&mut sums, channels);
        folded(&mut squares, channels);
        let (sums, squares) = (&sums[..channels], &squares[..channels]);
        let count = (values.len() / channels) as f64;
        let squares = squares.iter().zip(sums).map(|(square, sum)| (square - sum * sum / count).max(0.0)).collect();
        let mean = sums.iter().zip(&shift).map(|(sum, shift)| f64::from(*shift) + sum / count).collect();
        Self { count, mean, squares }
    }

    /// Over the frames of both (Chan, Golub and LeVeque 1979).
    pub(crate) fn combined(mut self, other: &Self) -> Self {
        let count = self.count + other.count;
        if other.count == 0.0 {
            return self;
        }
        for (((mean, squares), other_mean), other_squares) in
            self.mean.iter_mut().zip(&mut self.squares).zip(&other.mean).zip(&other.squares)
        {
            let d = other_mean - *mean;
            *mean += d * other.count / count;
            *squares += other_squares + d * d * self.count * other.count / count;
        }
        self.count = count;
        self
    }
}

impl Moments {
    /// Of all parts of a batch together, in their order.
    pub fn of<'a>(mut parts: impl Iterator<Item = &'a PartialMoments>) -> Self {
        let first = parts.next().cloned().unwrap_or_default();
        let all = parts.fold(first, PartialMoments::combined);
        let count = all.count.max(1.0);
        Self {
            mean: all.mean.iter().map(|mean| *mean as f32).collect(),
            variance: all.squares.iter().map(|squares| (squares / count) as f32).collect(),
        }
    }

    /// 1 / sqrt(variance + epsilon) of each channel.
    pub(crate) fn inverse_sd(&self) -> Vec<f32> {
        self.variance.iter().map(|variance| 1.0 / (variance + EPSILON).sqrt()).collect()
    }
}

/// Scale and shift of each channel after normalisation.
#[derive(Debug, Clone, Copy)]
pub struct Affine<'a> {
    /// Scale of each channel.
    pub gamma: &'a [f32],
    /// Shift of each channel.
    pub beta: &'a [f32],
}

impl Affine<'_> {
    /// What a value is multiplied by, and what is added to it, for normalisation and then this.
    pub fn after(&self, moments: &Moments) -> [Vec<f32>; 2] {
        let inverse = moments.inverse_sd();
        let scale: Vec<f32> = inverse.iter().zip(self.gamma).map(|(inverse, gamma)| inverse * gamma).collect();
        let shifts = self.beta.iter().zip(&moments.mean).zip(&scale);
        let shift = shifts.map(|((beta, mean), scale)| beta - mean * scale).collect();
        [scale, shift]
    }
}

/// Which frame of its window each pooled value came from; a mark where ReLU let none through.
#[derive(Debug)]
pub struct Chosen(Vec<u8>);

/// ReLU(gamma * (x - mean) / sd + beta), then the maximum of every `pool` (1 to 254) frames of clips of `lens` frames; a
/// last, shorter window counts too. `out` holds one row per window, clips one after another.
pub fn forward(
    x: &[f32],
    lens: &[usize],
    moments: &Moments,
    affine: Affine<'_>,
    pool: usize,
    out: &mut [f32],
) -> Chosen {
    let channels = affine.gamma.len();
    let [scale, shift] = affine.after(moments);
    // The ReLU.
    out.fill(0.0);
    let mut chosen = vec![NONE; out.len()];
    wide(
        #[inline(always)]
        || {
            let mut rows = out.chunks_exact_mut(channels).zip(chosen.chunks_exact_mut(channels));
            let mut start = 0;
            for len in lens {
                for window in x[start * channels..(start + len) * channels].chunks(pool * channels) {
                    let Some((out, chosen)) = rows.next() else { return };
                    for (index, row) in window.chunks_exact(channels).enumerate() {
                        choose(row, &scale, &shift, index as u8, out, chosen);
                    }
                }
                start += len;
            }
        },
    );
    Chosen(chosen)
}

/// One frame of a window: takes the place of what was chosen so far where it is higher.
#[inline(always)]
pub(crate) fn choose(x: &[f32], scale: &[f32], shift: &[f32], index: u8, out: &mut [f32], chosen: &mut [u8]) {
    for ((((x, scale), shift), out), chosen) in x.iter().zip(scale).zip(shift).zip(out).zip(chosen) {
        let z = x * scale + shift;
        // Only what exceeds it is chosen, so the first maximum wins.
        let higher = z > *out;
        *out = if higher { z } else { *out };
        *chosen = if higher { index } else { *chosen };
    }
}

/// Rows of `x`, each channel times `scale` plus `shift`, nothing below `floor`: 0 for a ReLU, minus infinity for none.
pub fn affine_rows(x: &[f32], after: &[Vec<f32>; 2], floor: f32, out: &mut [f32]) {
    let [scale, shift] = after.each_ref().map(|of| of.repeat(rows_together(of.len())));
    let width = scale.len().max(1);
    wide(
        #[inline(always)]
        || {
            for (x, out) in x.chunks(width).zip(out.chunks_mut(width)) {
                for (((x, scale), shift), out) in x.iter().zip(&scale).zip(&shift).zip(out) {
                    let z = x * scale + shift;
                    *out = if z < floor { floor } else { z };
                }
            }
        },
    );
}

/// The gradient that passes back through the floor of [`affine_rows`]: that of values above it.
pub fn above_floor(gradient: &[f32], x: &[f32], after: &[Vec<f32>; 2], floor: f32, out: &mut [f32]) {
    let [scale, shift] = after.each_ref().map(|of| of.repeat(rows_together(of.len())));
    let width = scale.len().max(1);
    wide(
        #[inline(always)]
        || {
            let rows = gradient.chunks(width).zip(x.chunks(width));
            for ((gradient, x), out) in rows.zip(out.chunks_mut(width)) {
                for ((((gradient, x), scale), shift), out) in gradient.iter().zip(x).zip(&scale).zip(&shift).zip(out) {
                    *out = if x * scale + shift > floor { *gradient } else { 0.0 };
                }
            }
        },
    );
}

/// Gradients of [`forward`] in training, of which the last step is missing: the moments depend on the whole batch.
#[derive(Debug)]
pub struct PartialGradients {
    /// Of what follows the moments, laid out as [`ConvInput`] wants it.
    d: Buffer,
    /// Of the scale, from this part.
    pub gamma: Buffer,
    /// Of the shift, from this part.
    pub beta: Buffer,
}

/// First step of the gradients, from that of the pooled values, for one part of a batch.
pub fn backward(
    gradient: &[f32],
    chosen: &Chosen,
    x: &[f32],
    input: &ConvInput,
    moments: &Moments,
    pool: usize,
) -> PartialGradients {
    let channels = moments.mean.len();
    let inverse = moments.inverse_sd();
    let mean = &moments.mean;
    let mut d = Buffer::any(input.gradient_len());
    let (mut gamma, mut beta) = (Buffer::zeros(channels), Buffer::zeros(channels));
    wide(
        #[inline(always)]
        || {
            let mut windows = gradient.chunks_exact(channels).zip(chosen.0.chunks_exact(channels));
            let mut x_rows = x.chunks_exact(channels);
            let mut written = 0;
            for (start, len) in input.gradient_clips() {
                d[written..start * channels].fill(0.0);
                written = (start + len) * channels;
                for d in d[start * channels..written].chunks_mut(pool * channels) {
                    let Some((gradient, chosen)) = windows.next() else { break };
                    for (index, d) in d.chunks_exact_mut(channels).enumerate() {
                        let Some(x) = x_rows.next() else { break };
                        pass_back(gradient, chosen, index as u8, d);
                        add_sums(d, x, mean, &mut gamma, &mut beta);
                    }
                }
            }
            d[written..].fill(0.0);
            gamma.iter_mut().zip(&inverse).for_each(|(gamma, inverse)| *gamma *= inverse);
        },
    );
    PartialGradients { d, gamma, beta }
}

/// The gradient goes to the frame that was chosen, and nowhere where none was.
#[inline(always)]
fn pass_back(gradient: &[f32], chosen: &[u8], index: u8, d: &mut [f32]) {
    for ((d, gradient), chosen) in d.iter_mut().zip(gradient).zip(chosen) {
        *d = if *chosen == index { *gradient } else { 0.0 };
    }
}

/// Gradients of scale and shift from rows `d`, the gradient of what they make of the normalised rows of `x`.
pub fn affine_sums(d: &[f32], x: &[f32], moments: &Moments) -> [Buffer; 2] {
    let channels = moments.mean.len().max(1);
    let mean = moments.mean.repeat(rows_together(channels));
    let width = mean.len().max(1);
    let [mut gammas, mut betas] = [(); 2].map(|()| Buffer::zeros(width));
    wide(
        #[inline(always)]
        || {
            for (d, x) in d.chunks(width).zip(x.chunks(width)) {
                add_sums(d, x, &mean, &mut gammas, &mut betas);
            }
        },
    );
    let [mut gamma, beta] = [&mut gammas, &mut betas].map(|sums| {
        folded(sums, channels);
        Buffer::copy_of(&sums[..channels])
    });
    gamma.iter_mut().zip(moments.inverse_sd()).for_each(|(gamma, inverse)| *gamma *= inverse);
    [gamma, beta]
}

#[inline(always)]
fn add_sums(d: &[f32], x: &[f32], mean: &[f32], gamma: &mut [f32], beta: &mut [f32]) {
    for ((((d, x), mean), gamma), beta) in d.iter().zip(x).zip(mean).zip(gamma).zip(beta) {
        *beta += d;
        *gamma += d * (x - mean);
    }
}

/// What the last step needs of the whole batch: dx = gamma / sd * (d - mean(d) - x_hat * mean(d * x_hat)).
#[derive(Debug)]
pub struct Correction {
    outer: Vec<f32>,
    level: Vec<f32>,
    slope: Vec<f32>,
    mean: Vec<f32>,
}

impl Correction {
    /// From the gradients of scale and shift over the whole batch of `frames` frames.
    pub fn new(d_gamma: &[f32], d_beta: &[f32], frames: usize, moments: &Moments, affine: Affine<'_>) -> Self {
        let inverse = moments.inverse_sd();
        let n = frames.max(1) as f32;
        Self {
            outer: affine.gamma.iter().zip(&inverse).map(|(gamma, inverse)| gamma * inverse).collect(),
            level: d_beta.iter().map(|d_beta| d_beta / n).collect(),
            slope: d_gamma.iter().zip(&inverse).map(|(d_gamma, inverse)| d_gamma / n * inverse).collect(),
            mean: moments.mean.clone(),
        }
    }

    /// The gradient of the convolution's output `x`, laid out as [`ConvInput`] wants it.
    pub fn apply(&self, partial: PartialGradients, x: &[f32], input: &ConvInput) -> Buffer {
        let channels = self.mean.len();
        let mut d = partial.d;
        let mut read = 0;
        for (start, len) in input.gradient_clips() {
            let values = len * channels;
            self.apply_to(&mut d[start * channels..][..values], &x[read..read + values]);
            read += values;
        }
        d
    }

    /// The same of rows `d` that stand one after another as those of `x` do.
    pub fn apply_to(&self, d: &mut [f32], x: &[f32]) {
        let Self { outer, level, slope, mean } = self;
        let [outer, level, slope, mean] = [outer, level, slope, mean].map(|of| of.repeat(rows_together(of.len())));
        let width = mean.len().max(1);
        wide(
            #[inline(always)]
            || {
                for (d, x) in d.chunks_mut(width).zip(x.chunks(width)) {
                    correct(d, x, &outer, &level, &slope, &mean);
                }
            },
        );
    }
}

#[inline(always)]
fn correct(d: &mut [f32], x: &[f32], outer: &[f32], level: &[f32], slope: &[f32], mean: &[f32]) {
    for (((((d, x), outer), level), slope), mean) in d.iter_mut().zip(x).zip(outer).zip(level).zip(slope).zip(mean) {
        *d = outer * (*d - level - (x - mean) * slope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1, 2, 3 and 6: mean 3, squared deviations 4 + 1 + 0 + 9; a constant channel beside it, far from zero.
    #[test]
    fn moments_do_not_depend_on_how_the_batch_is_divided() {
        let values = [1.0, 1e4, 2.0, 1e4, 3.0, 1e4, 6.0, 1e4];
        for split in [0, 1, 2, 4] {
            let parts = [PartialMoments::of(&values[..2 * split], 2), PartialMoments::of(&values[2 * split..], 2)];
            let moments = Moments::of(parts.iter());
            assert_eq!(moments, Moments { mean: vec![3.0, 1e4], variance: vec![3.5, 0.0] }, "split at {split}");
        }
    }

    /// Rows of three channels are taken several at a time; 40 rows leave a rest.
    #[test]
    fn channels_that_do_not_fill_vectors_are_told_apart() {
        let x: Vec<f32> = (0..40).flat_map(|row| [row as f32, 2.0 * row as f32, -5.0]).collect();
        let moments = Moments::of([PartialMoments::of(&x, 3)].iter());
        assert_eq!(moments, Moments { mean: vec![19.5, 39.0, -5.0], variance: vec![133.25, 533.0, 0.0] });

        let mut out = vec![f32::NAN; x.len()];
        affine_rows(&x, &[vec![1.0, -1.0, 2.0], vec![0.5, 0.0, 11.0]], 0.0, &mut out);
        let rows: Vec<f32> = (0..40).flat_map(|row| [row as f32 + 0.5, 0.0, 1.0]).collect();
        assert_eq!(out, rows);

        let [gamma, beta] = affine_sums(&x, &x, &moments);
        let expected = [40.0 * 133.25, 40.0 * 533.0, 0.0].map(f32::from);
        for ((gamma, expected), inverse) in gamma.iter().zip(expected).zip(moments.inverse_sd()) {
            assert!((gamma - expected * inverse).abs() <= 1e-5 * gamma, "{gamma}, {}", expected * inverse);
        }
        assert_eq!(&*beta, [780.0, 1560.0, -200.0]);
    }

    /// Mean 0 and variance 1 - epsilon leave values as they are, so only ReLU and pooling act.
    #[test]
    fn the_first_highest_frame_above_zero_is_chosen() {
        let moments = Moments { mean: vec![0.0], variance: vec![1.0 - EPSILON] };
        let affine = Affine { gamma: &[1.0], beta: &[0.0] };
        let mut out = [f32::NAN; 3];
        let chosen = forward(&[-1.0, 2.0, 2.0, -3.0, -4.0, 5.0], &[5, 1], &moments, affine, 3, &mut out);
        assert_eq!(out, [2.0, 0.0, 5.0]);
        assert_eq!(chosen.0, [1, NONE, 0]);
    }
}
