//! From a clip's frames to one vector.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::buffer::Buffer;
use super::dense;
use super::matmul::{Matrix, Target, multiply};
use super::simd::wide;
use super::vector::tanh;

/// Keeps the square root of a vanishing variance differentiable.
pub const EPSILON: f32 = 1e-6;

/// Sums that run side by side.
const LANES: usize = 16;

/// Weights of additive attention.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// (inputs, size).
    pub weight: &'a [f32],
    /// (size).
    pub bias: &'a [f32],
    /// (size): the score of a frame is the inner product with its hidden layer.
    pub query: &'a [f32],
}

/// What the backward pass of attention needs.
#[derive(Debug)]
pub struct Tape {
    /// Weighted mean, then, with statistics, weighted standard deviation, of each clip.
    pub out: Vec<f32>,
    /// Hidden layer of each frame.
    hidden: Buffer,
    /// Weight of each frame; those of a clip add up to 1.
    weights: Buffer,
}

/// Gradients of attention.
#[derive(Debug)]
pub struct Gradients {
    /// Of the hidden layer's weight.
    pub weight: Buffer,
    /// Of its bias.
    pub bias: Buffer,
    /// Of the query.
    pub query: Buffer,
}

/// Mean of each clip's frames.
pub fn mean(x: &[f32], lens: &[usize], width: usize) -> Buffer {
    let mut out = Buffer::any(lens.len() * width);
    for (frames, out) in clips(x, lens, width).zip(out.chunks_exact_mut(width)) {
        let scale = 1.0 / (frames.len() / width) as f32;
        out.iter_mut().zip(dense::column_sums(frames, width).iter()).for_each(|(out, sum)| *out = sum * scale);
    }
    out
}

/// Gradient of the frames under [`mean`].
pub fn mean_backward(gradient: &[f32], lens: &[usize], width: usize) -> Buffer {
    let mut out = Buffer::any(lens.iter().sum::<usize>() * width);
    let mut rows = out.chunks_exact_mut(width);
    for (gradient, len) in gradient.chunks_exact(width).zip(lens) {
        for row in rows.by_ref().take(*len) {
            for (row, gradient) in row.iter_mut().zip(gradient) {
                *row = gradient / *len as f32;
            }
        }
    }
    out
}

/// The last frame for columns before `forward_width`, the first frame for the others (states of a reversed direction).
pub fn last(x: &[f32], lens: &[usize], width: usize, forward_width: usize) -> Buffer {
    let mut out = Buffer::any(lens.len() * width);
    for (frames, out) in clips(x, lens, width).zip(out.chunks_exact_mut(width)) {
        let (forward, backward) = out.split_at_mut(forward_width);
        forward.copy_from_slice(&frames[frames.len() - width..][..forward_width]);
        backward.copy_from_slice(&frames[forward_width..width]);
    }
    out
}

/// Gradient of the frames under [`last`].
pub fn last_backward(gradient: &[f32], lens: &[usize], width: usize, forward_width: usize) -> Buffer {
    let mut out = Buffer::zeros(lens.iter().sum::<usize>() * width);
    let mut start = 0;
    for (gradient, len) in gradient.chunks_exact(width).zip(lens) {
        let end = start + len * width;
        out[end - width..][..forward_width].copy_from_slice(&gradient[..forward_width]);
        out[start + forward_width..start + width].copy_from_slice(&gradient[forward_width..]);
        start = end;
    }
    out
}

/// Attention over each clip's frames: the weighted mean, and with `statistics` the weighted standard deviation
/// (attentive statistics pooling, Okabe et al. 2018).
pub fn attention(x: &[f32], lens: &[usize], attention: Attention<'_>, statistics: bool) -> Tape {
    let size = attention.bias.len();
    let width = attention.weight.len() / size;
    let rows: usize = lens.iter().sum();
    let mut hidden = dense::forward(x, rows, attention.weight, attention.bias);
    let mut weights = Buffer::any(rows);
    let mut out = vec![0.0; lens.len() * width * if statistics { 2 } else { 1 }];
    wide(
        #[inline(always)]
        || {
            for value in hidden.iter_mut() {
                *value = tanh(*value);
            }
            for (weight, row) in weights.iter_mut().zip(hidden.chunks_exact(size)) {
                *weight = inner(row, attention.query);
            }
            let mut start = 0;
            let outputs = out.chunks_exact_mut(if statistics { 2 * width } else { width });
            for (frames, out) in clips(x, lens, width).zip(outputs) {
                let weights = &mut weights[start..start + frames.len() / width];
                start += weights.len();
                softmax(weights);
                let (mean, spread) = out.split_at_mut(width);
                for (row, weight) in frames.chunks_exact(width).zip(&*weights) {
                    add_scaled(mean, row, *weight);
                }
                if statistics {
                    for (row, weight) in frames.chunks_exact(width).zip(&*weights) {
                        add_square(spread, row, mean, *weight);
                    }
                    for variance in spread.iter_mut() {
                        *variance = (*variance + EPSILON).sqrt();
                    }
                }
            }
        },
    );
    Tape { out, hidden, weights }
}

/// Gradients of [`attention`], from that of its output; that of the frames goes to `d_x`.
pub fn attention_backward(
    x: &[f32],
    lens: &[usize],
    attention: Attention<'_>,
    statistics: bool,
    tape: Tape,
    gradient: &[f32],
    d_x: &mut [f32],
) -> Gradients {
    let size = attention.bias.len();
    let width = attention.weight.len() / size;
    let outputs = if statistics { 2 * width } else { width };
    let Tape { out, mut hidden, weights } = tape;
    let mut d_scores = Buffer::any(weights.len());
    let mut query = Buffer::zeros(size);
    wide(
        #[inline(always)]
        || {
            let mut start = 0;
            for ((frames, out), gradient) in
                clips(x, lens, width).zip(out.chunks_exact(outputs)).zip(gradient.chunks_exact(outputs))
            {
                let rows = start..start + frames.len() / width;
                start = rows.end;
                let (weights, scores) = (&weights[rows.clone()], &mut d_scores[rows.clone()]);
                let (mean, d_mean) = (&out[..width], &gradient[..width]);
                // Of the variance: d_sd / (2 sd). The mean inside the variance adds nothing, as weighted deviations sum
                // to zero.
                let d_variance: Vec<f32> =
                    out[width..].iter().zip(&gradient[width..]).map(|(sd, d_sd)| d_sd * 0.5 / sd).collect();
                let d_rows = d_x[rows.start * width..rows.end * width].chunks_exact_mut(width);
                for (((row, weight), score), d_row) in
                    frames.chunks_exact(width).zip(weights).zip(scores.iter_mut()).zip(d_rows)
                {
                    *score = inner(row, d_mean);
                    if statistics {
                        *score += weighted_square(row, mean, &d_variance);
                        spread_gradient(d_row, row, mean, d_mean, &d_variance, *weight);
                    } else {
                        d_row.iter_mut().zip(d_mean).for_each(|(d_row, d_mean)| *d_row = weight * d_mean);
                    }
                }
                let expected = inner(scores, weights);
                for (score, weight) in scores.iter_mut().zip(weights) {
                    *score = weight * (*score - expected);
                }
            }
            for (row, score) in hidden.chunks_exact_mut(size).zip(d_scores.iter()) {
                for ((hidden, query), weight) in row.iter_mut().zip(query.iter_mut()).zip(attention.query) {
                    *query += score * *hidden;
                    *hidden = score * weight * (1.0 - *hidden * *hidden);
                }
            }
        },
    );
    let rows = d_scores.len();
    let (weight, bias) = dense::weight_gradients(x, &hidden, rows, size);
    let transposed = Matrix::new(attention.weight, width, size).transposed();
    multiply(Target::new(d_x, width), Matrix::new(&hidden, rows, size), transposed, true);
    Gradients { weight, bias, query }
}

#[inline(always)]
pub(crate) fn add_scaled(sum: &mut [f32], row: &[f32], weight: f32) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += weight * value;
    }
}

#[inline(always)]
fn add_square(sum: &mut [f32], row: &[f32], mean: &[f32], weight: f32) {
    for ((sum, value), mean) in sum.iter_mut().zip(row).zip(mean) {
        *sum += weight * (value - mean) * (value - mean);
    }
}

/// Sum of `scale * (row - mean)^2`.
#[inline(always)]
fn weighted_square(row: &[f32], mean: &[f32], scale: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let blocks = row.chunks(LANES).zip(mean.chunks(LANES)).zip(scale.chunks(LANES));
    for ((row, mean), scale) in blocks {
        for (((sum, row), mean), scale) in sums.iter_mut().zip(row).zip(mean).zip(scale) {
            *sum += scale * (row - mean) * (row - mean);
        }
    }
    sums.iter().sum()
}

#[inline(always)]
fn spread_gradient(out: &mut [f32], row: &[f32], mean: &[f32], d_mean: &[f32], d_variance: &[f32], weight: f32) {
    for ((((out, row), mean), d_mean), d_variance) in out.iter_mut().zip(row).zip(mean).zip(d_mean).zip(d_variance) {
        *out = weight * (d_mean + 2.0 * (row - mean) * d_variance);
    }
}

/// Exponentials that add up to 1.
pub fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

/// Sum of products, in [`LANES`] sums so that it can be computed in vectors.
#[inline(always)]
pub(crate) fn inner(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

pub(crate) fn clips<'a>(x: &'a [f32], lens: &'a [usize], width: usize) -> impl Iterator<Item = &'a [f32]> {
    let mut start = 0;
    lens.iter().map(move |len| {
        let frames = &x[start..start + len * width];
        start += len * width;
        frames
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_query_weighs_all_frames_alike() {
        let x = [1.0, 10.0, 3.0, 30.0, 7.0, 70.0];
        let weights = Attention { weight: &[0.3; 4], bias: &[0.0; 2], query: &[0.0; 2] };
        let tape = attention(&x, &[2, 1], weights, true);
        let expected = [2.0, 20.0, 1.0, 10.0, 7.0, 70.0, 0.001, 0.001];
        assert!(tape.out.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{:?}", tape.out);
        assert_eq!(*mean(&x, &[2, 1], 2), [2.0, 20.0, 7.0, 70.0]);
    }

    #[test]
    fn last_takes_each_direction_where_it_ends() {
        let x = [1.0, 10.0, 3.0, 30.0, 7.0, 70.0];
        assert_eq!(*last(&x, &[2, 1], 2, 1), [3.0, 10.0, 7.0, 70.0]);
        assert_eq!(*last_backward(&[1.0, 2.0, 3.0, 4.0], &[2, 1], 2, 1), [0.0, 2.0, 1.0, 0.0, 3.0, 4.0]);
    }
}
