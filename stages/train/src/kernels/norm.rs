//! Batch normalisation, ReLU and max pooling after a convolution, in one pass each way.
//!
//! Statistics are taken over frames that exist, so padding can neither move them nor leak through them.

use super::conv::ConvInput;
use super::vector::wide;

/// Added to the variance before its root is taken.
pub(crate) const EPSILON: f32 = 1e-5;

/// Mean and variance of each channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    /// Mean of each channel.
    pub(crate) mean: Vec<f32>,
    /// Variance (biased) of each channel.
    pub(crate) variance: Vec<f32>,
}

impl Moments {
    /// Over all frames of all clips of a convolution's output.
    pub(crate) fn of(values: &[f32], input: &ConvInput, channels: usize) -> Self {
        let count: usize = input.out_lens().iter().sum();
        let mut sums = vec![0.0_f64; channels];
        let mut squares = vec![0.0_f64; channels];
        let (mut sum, mut square) = (vec![0.0_f32; channels], vec![0.0_f32; channels]);
        // Single-precision sums per clip around the channel's first value, double precision between clips.
        let shift: Vec<f32> = values[..channels].to_vec();
        for (start, len) in input.clips() {
            sum.fill(0.0);
            square.fill(0.0);
            wide(
                #[inline(always)]
                || {
                    for row in values[start * channels..(start + len) * channels].chunks_exact(channels) {
                        for (((value, shift), sum), square) in row.iter().zip(&shift).zip(&mut sum).zip(&mut square) {
                            let d = value - shift;
                            *sum += d;
                            *square += d * d;
                        }
                    }
                },
            );
            for channel in 0..channels {
                sums[channel] += f64::from(sum[channel]);
                squares[channel] += f64::from(square[channel]);
            }
        }
        let n = count.max(1) as f64;
        let mean = (0..channels).map(|c| (f64::from(shift[c]) + sums[c] / n) as f32).collect();
        let variance = (0..channels).map(|c| (squares[c] / n - (sums[c] / n).powi(2)).max(0.0) as f32).collect();
        Self { mean, variance }
    }

    /// 1 / sqrt(variance + epsilon) of each channel.
    fn inverse_sd(&self) -> Vec<f32> {
        self.variance.iter().map(|variance| 1.0 / (variance + EPSILON).sqrt()).collect()
    }
}

/// Scale and shift of each channel after normalisation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine<'a> {
    /// Scale of each channel.
    pub(crate) gamma: &'a [f32],
    /// Shift of each channel.
    pub(crate) beta: &'a [f32],
}

/// What pooling leaves: clips one after another.
#[derive(Debug)]
pub(crate) struct Pooled {
    /// Pooled frames of all clips, channels last.
    pub(crate) values: Vec<f32>,
    /// Frames of each clip.
    pub(crate) lens: Vec<usize>,
    /// Which frame of its window each value came from.
    pub(crate) chosen: Vec<u8>,
}

/// ReLU(gamma * (x - mean) / sd + beta), then the maximum of every `pool` frames; a last, shorter window counts too.
pub(crate) fn forward(x: &[f32], input: &ConvInput, moments: &Moments, affine: Affine<'_>, pool: usize) -> Pooled {
    let channels = affine.gamma.len();
    let scale: Vec<f32> =
        moments.inverse_sd().iter().zip(affine.gamma).map(|(inverse, gamma)| inverse * gamma).collect();
    let shift: Vec<f32> =
        affine.beta.iter().zip(&moments.mean).zip(&scale).map(|((beta, mean), scale)| beta - mean * scale).collect();
    let lens: Vec<usize> = input.out_lens().iter().map(|len| len.div_ceil(pool)).collect();
    let total = lens.iter().sum::<usize>() * channels;
    let mut values = vec![0.0_f32; total];
    let mut chosen = vec![0_u8; total];
    wide(
        #[inline(always)]
        || {
            let mut rows = values.chunks_exact_mut(channels).zip(chosen.chunks_exact_mut(channels));
            for (start, len) in input.clips() {
                for window in x[start * channels..(start + len) * channels].chunks(pool * channels) {
                    let Some((out, chosen)) = rows.next() else { return };
                    for (index, row) in window.chunks_exact(channels).enumerate() {
                        for c in 0..channels {
                            let z = row[c] * scale[c] + shift[c];
                            // Zero at first: the ReLU. Only what exceeds it is chosen, so the first maximum wins.
                            let higher = z > out[c];
                            out[c] = if higher { z } else { out[c] };
                            chosen[c] = if higher { index as u8 } else { chosen[c] };
                        }
                    }
                }
            }
        },
    );
    Pooled { values, lens, chosen }
}

/// Gradients of [`forward`] in training, where the moments depend on the batch.
#[derive(Debug)]
pub(crate) struct Gradients {
    /// Of the convolution's output; zero between clips.
    pub(crate) x: Vec<f32>,
    /// Of the scale.
    pub(crate) gamma: Vec<f32>,
    /// Of the shift.
    pub(crate) beta: Vec<f32>,
}

/// Gradients, from that of the pooled values.
pub(crate) fn backward(
    gradient: &[f32],
    pooled: &Pooled,
    x: &[f32],
    input: &ConvInput,
    moments: &Moments,
    affine: Affine<'_>,
    pool: usize,
) -> Gradients {
    let channels = affine.gamma.len();
    let inverse = moments.inverse_sd();
    let count: usize = input.out_lens().iter().sum();
    let mut d = vec![0.0_f32; x.len()];
    let (mut d_gamma, mut d_beta) = (vec![0.0_f32; channels], vec![0.0_f32; channels]);
    // Through pooling and ReLU to the one frame that was chosen; both sums on the way.
    let mut rows = gradient
        .chunks_exact(channels)
        .zip(pooled.values.chunks_exact(channels))
        .zip(pooled.chosen.chunks_exact(channels));
    for (start, len) in input.clips() {
        for window in 0..len.div_ceil(pool) {
            let Some(((gradient, value), chosen)) = rows.next() else { break };
            let first = (start + window * pool) * channels;
            for c in 0..channels {
                if value[c] > 0.0 {
                    let at = first + usize::from(chosen[c]) * channels + c;
                    d[at] = gradient[c];
                    d_beta[c] += gradient[c];
                    d_gamma[c] += gradient[c] * (x[at] - moments.mean[c]) * inverse[c];
                }
            }
        }
    }
    // dx = gamma / sd * (d - mean(d) - x_hat * mean(d * x_hat))
    let n = count.max(1) as f32;
    let outer: Vec<f32> = affine.gamma.iter().zip(&inverse).map(|(gamma, inverse)| gamma * inverse).collect();
    let slope: Vec<f32> = d_gamma.iter().zip(&inverse).map(|(d_gamma, inverse)| d_gamma / n * inverse).collect();
    let level: Vec<f32> = d_beta.iter().map(|d_beta| d_beta / n).collect();
    wide(
        #[inline(always)]
        || {
            for (start, len) in input.clips() {
                let range = start * channels..(start + len) * channels;
                for (d, x) in d[range.clone()].chunks_exact_mut(channels).zip(x[range].chunks_exact(channels)) {
                    for c in 0..channels {
                        d[c] = outer[c] * (d[c] - level[c] - (x[c] - moments.mean[c]) * slope[c]);
                    }
                }
            }
        },
    );
    Gradients { x: d, gamma: d_gamma, beta: d_beta }
}
