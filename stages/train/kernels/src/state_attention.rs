//! From the states of a layer to one vector per clip, by attention: to frames that are like the last one, and to some features
//! of each frame more than to others (Xie et al. 2019, TASLP 27:1675).

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::buffer::Buffer;
use super::dense;
use super::matmul::{Matrix, Target, multiply};
use super::pooling::{add_scaled, clips, inner, softmax};
use super::simd::wide;
use super::vector::{exp, tanh};

/// The mean of each clip's frames `x` (frames, width), weighted by the softmax over time of their inner products with the
/// clip's row of `queries` (clips, width): (clips, width). The weight of each frame comes behind.
pub fn over_time(x: &[f32], queries: &[f32], lens: &[usize], width: usize) -> (Buffer, Buffer) {
    let mut out = Buffer::zeros(lens.len() * width);
    let mut weights = Buffer::any(lens.iter().sum());
    wide(
        #[inline(always)]
        || {
            let mut rest = &mut weights[..];
            let outs = out.chunks_exact_mut(width).zip(queries.chunks_exact(width));
            for (frames, (out, query)) in clips(x, lens, width).zip(outs) {
                let weights = rest.split_off_mut(..frames.len() / width).unwrap_or_default();
                for (weight, row) in weights.iter_mut().zip(frames.chunks_exact(width)) {
                    *weight = inner(row, query);
                }
                softmax(weights);
                for (row, weight) in frames.chunks_exact(width).zip(&*weights) {
                    add_scaled(out, row, *weight);
                }
            }
        },
    );
    (out, weights)
}

/// Gradients of [`over_time`], from that of its output: that of the frames goes to `d_x`, that of the queries comes back.
pub fn over_time_backward(
    x: &[f32],
    queries: &[f32],
    lens: &[usize],
    width: usize,
    weights: &[f32],
    gradient: &[f32],
    d_x: &mut [f32],
) -> Buffer {
    let mut d_queries = Buffer::zeros(queries.len());
    wide(
        #[inline(always)]
        || {
            let mut rows = d_x.chunks_exact_mut(width);
            let mut weights = weights.iter();
            let of_clips = queries.chunks_exact(width).zip(d_queries.chunks_exact_mut(width));
            for (frames, ((query, d_query), gradient)) in
                clips(x, lens, width).zip(of_clips.zip(gradient.chunks_exact(width)))
            {
                let weights = weights.by_ref().take(frames.len() / width);
                let weighted: Vec<(f32, f32)> = weights
                    .zip(frames.chunks_exact(width))
                    .map(|(weight, row)| (*weight, inner(row, gradient)))
                    .collect();
                let expected: f32 = weighted.iter().map(|(weight, d)| weight * d).sum();
                for (((weight, d), row), d_row) in weighted.iter().zip(frames.chunks_exact(width)).zip(rows.by_ref()) {
                    let d_score = weight * (d - expected);
                    add_scaled(d_query, row, d_score);
                    for ((d_row, gradient), query) in d_row.iter_mut().zip(gradient).zip(query) {
                        *d_row = weight * gradient + d_score * query;
                    }
                }
            }
        },
    );
    d_queries
}

/// Weights of the attention over features.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    /// (width, size).
    pub weight: &'a [f32],
    /// (size).
    pub bias: &'a [f32],
    /// (size, width): the scores of a frame's features are the product with its hidden layer.
    pub scores: &'a [f32],
}

/// What the backward pass of [`over_features`] needs.
#[derive(Debug)]
pub struct Tape {
    /// Hidden layer of each frame.
    hidden: Buffer,
    /// Weights of each frame's features, which add up to 1.
    shares: Buffer,
}

/// Gradients of [`over_features`].
#[derive(Debug)]
pub struct Gradients {
    /// Of the hidden layer's weight.
    pub weight: Buffer,
    /// Of its bias.
    pub bias: Buffer,
    /// Of the weight of the scores.
    pub scores: Buffer,
}

/// The sum over time of each clip's frames `x` (frames, width), each multiplied by the softmax over its features of
/// `tanh(x weight + bias) scores`: (clips, width).
pub fn over_features(x: &[f32], lens: &[usize], features: Features<'_>) -> (Buffer, Tape) {
    let size = features.bias.len();
    let width = features.weight.len() / size;
    let rows: usize = lens.iter().sum();
    let mut hidden = dense::forward(x, rows, features.weight, features.bias);
    wide(
        #[inline(always)]
        || hidden.iter_mut().for_each(|value| *value = tanh(*value)),
    );
    let mut shares = Buffer::any(rows * width);
    let scores = Matrix::new(features.scores, size, width);
    multiply(Target::new(&mut shares, width), Matrix::new(&hidden, rows, size), scores, false);
    let mut out = Buffer::zeros(lens.len() * width);
    wide(
        #[inline(always)]
        || {
            let mut shares = shares.chunks_exact_mut(width);
            for (frames, out) in clips(x, lens, width).zip(out.chunks_exact_mut(width)) {
                for (row, shares) in frames.chunks_exact(width).zip(shares.by_ref()) {
                    divide(shares);
                    for ((out, value), share) in out.iter_mut().zip(row).zip(&*shares) {
                        *out += value * share;
                    }
                }
            }
        },
    );
    (out, Tape { hidden, shares })
}

/// [`softmax`] in vectors.
#[inline(always)]
fn divide(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in &mut *scores {
        *score = exp(*score - highest);
    }
    let sum: f32 = scores.iter().sum();
    for score in scores {
        *score /= sum;
    }
}

/// Gradients of [`over_features`], from that of its output; that of the frames goes to `d_x`.
pub fn over_features_backward(
    x: &[f32],
    lens: &[usize],
    features: Features<'_>,
    tape: Tape,
    gradient: &[f32],
    d_x: &mut [f32],
) -> Gradients {
    let size = features.bias.len();
    let width = features.weight.len() / size;
    let rows: usize = lens.iter().sum();
    let Tape { hidden, mut shares } = tape;
    wide(
        #[inline(always)]
        || {
            let mut shares = shares.chunks_exact_mut(width).zip(d_x.chunks_exact_mut(width));
            for (frames, gradient) in clips(x, lens, width).zip(gradient.chunks_exact(width)) {
                for (row, (shares, d_row)) in frames.chunks_exact(width).zip(shares.by_ref()) {
                    for ((d_row, gradient), share) in d_row.iter_mut().zip(gradient).zip(&*shares) {
                        *d_row = gradient * share;
                    }
                    let expected = inner(row, d_row);
                    for ((share, value), gradient) in shares.iter_mut().zip(row).zip(gradient) {
                        *share *= gradient * value - expected;
                    }
                }
            }
        },
    );
    let d_scores = shares;
    let (scores, _) = dense::weight_gradients(&hidden, &d_scores, rows, width);
    let mut d_hidden = dense::input_gradient(&d_scores, rows, features.scores, width);
    wide(
        #[inline(always)]
        || {
            for (d, value) in d_hidden.iter_mut().zip(hidden.iter()) {
                *d *= 1.0 - value * value;
            }
        },
    );
    let (weight, bias) = dense::weight_gradients(x, &d_hidden, rows, size);
    let transposed = Matrix::new(features.weight, width, size).transposed();
    multiply(Target::new(d_x, width), Matrix::new(&d_hidden, rows, size), transposed, true);
    Gradients { weight, bias, scores }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inner products 0 and ln 3 make weights of a quarter and three quarters.
    #[test]
    fn frames_that_are_like_the_query_weigh_more() {
        let x = [0.0, 8.0, 1.0, 4.0, 5.0, 6.0];
        let queries = [3.0_f32.ln(), 0.0, 7.0, 7.0];
        let (out, weights) = over_time(&x, &queries, &[2, 1], 2);
        let close = |found: &[f32], expected: &[f32]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close(&weights, &[0.25, 0.75, 1.0]), "{weights:?}");
        assert!(close(&out, &[0.75, 5.0, 5.0, 6.0]), "{out:?}");
    }

    /// A hidden layer of tanh(1), of whose scores the second is higher by ln 3: shares of a quarter and three quarters.
    #[test]
    fn features_of_higher_scores_weigh_more() {
        let scores = [0.0, 3.0_f32.ln() / 1.0_f32.tanh()];
        let features = Features { weight: &[0.0; 2], bias: &[1.0], scores: &scores };
        let (out, _) = over_features(&[4.0, 4.0, 8.0, 0.0, 0.0, 1.0], &[2, 1], features);
        assert!(out.iter().zip([3.0, 3.0, 0.0, 0.75]).all(|(a, b)| (a - b).abs() < 1e-5), "{out:?}");
    }
}
