//! From a clip's frames to one vector.

use super::dense;
use super::vector::{tanh, wide};

/// Keeps the square root of a vanishing variance differentiable.
pub(crate) const EPSILON: f32 = 1e-6;

/// Weights of additive attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attention<'a> {
    /// (inputs, size).
    pub(crate) weight: &'a [f32],
    /// (size).
    pub(crate) bias: &'a [f32],
    /// (size): the score of a frame is the inner product with its hidden layer.
    pub(crate) query: &'a [f32],
}

/// What the backward pass of attention needs.
#[derive(Debug)]
pub(crate) struct Tape {
    /// Weighted mean, then, with statistics, weighted standard deviation, of each clip.
    pub(crate) out: Vec<f32>,
    /// Hidden layer of each frame.
    hidden: Vec<f32>,
    /// Weight of each frame; those of a clip add up to 1.
    weights: Vec<f32>,
}

/// Gradients of attention.
#[derive(Debug)]
pub(crate) struct Gradients {
    /// Of the hidden layer's weight.
    pub(crate) weight: Vec<f32>,
    /// Of its bias.
    pub(crate) bias: Vec<f32>,
    /// Of the query.
    pub(crate) query: Vec<f32>,
    /// Of the frames.
    pub(crate) x: Vec<f32>,
}

/// Mean of each clip's frames.
pub(crate) fn mean(x: &[f32], lens: &[usize], width: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(lens.len() * width);
    for frames in clips(x, lens, width) {
        let scale = 1.0 / (frames.len() / width) as f32;
        out.extend(dense::column_sums(frames, width).iter().map(|sum| sum * scale));
    }
    out
}

/// Gradient of the frames under [`mean`].
pub(crate) fn mean_backward(gradient: &[f32], lens: &[usize], width: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(lens.iter().sum::<usize>() * width);
    for (gradient, len) in gradient.chunks_exact(width).zip(lens) {
        for _ in 0..*len {
            out.extend(gradient.iter().map(|value| value / *len as f32));
        }
    }
    out
}

/// The last frame for columns before `forward_width`, the first frame for the others (states of a reversed direction).
pub(crate) fn last(x: &[f32], lens: &[usize], width: usize, forward_width: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(lens.len() * width);
    for frames in clips(x, lens, width) {
        out.extend_from_slice(&frames[frames.len() - width..][..forward_width]);
        out.extend_from_slice(&frames[forward_width..width]);
    }
    out
}

/// Gradient of the frames under [`last`].
pub(crate) fn last_backward(gradient: &[f32], lens: &[usize], width: usize, forward_width: usize) -> Vec<f32> {
    let mut out = vec![0.0; lens.iter().sum::<usize>() * width];
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
pub(crate) fn attention(x: &[f32], lens: &[usize], attention: Attention<'_>, statistics: bool, threads: usize) -> Tape {
    let size = attention.bias.len();
    let width = attention.weight.len() / size;
    let rows: usize = lens.iter().sum();
    let mut hidden = dense::forward(x, rows, attention.weight, attention.bias, threads);
    wide(
        #[inline(always)]
        || {
            for value in &mut hidden {
                *value = tanh(*value);
            }
        },
    );
    let mut weights: Vec<f32> = hidden.chunks_exact(size).map(|row| inner(row, attention.query)).collect();
    let mut start = 0;
    for len in lens {
        softmax(&mut weights[start..start + len]);
        start += len;
    }
    let mut out = Vec::with_capacity(lens.len() * width * if statistics { 2 } else { 1 });
    let mut weight = weights.iter();
    for frames in clips(x, lens, width) {
        let clip: Vec<f32> = weight.by_ref().take(frames.len() / width).copied().collect();
        let mut mean = vec![0.0; width];
        for (row, weight) in frames.chunks_exact(width).zip(&clip) {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += weight * value;
            }
        }
        out.extend_from_slice(&mean);
        if statistics {
            let mut variance = vec![0.0; width];
            for (row, weight) in frames.chunks_exact(width).zip(&clip) {
                for ((variance, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                    *variance += weight * (value - mean) * (value - mean);
                }
            }
            out.extend(variance.iter().map(|variance| (variance + EPSILON).sqrt()));
        }
    }
    Tape { out, hidden, weights }
}

/// Gradients of [`attention`], from that of its output.
pub(crate) fn attention_backward(
    x: &[f32],
    lens: &[usize],
    attention: Attention<'_>,
    statistics: bool,
    tape: Tape,
    gradient: &[f32],
    threads: usize,
) -> Gradients {
    let size = attention.bias.len();
    let width = attention.weight.len() / size;
    let outputs = if statistics { 2 * width } else { width };
    let Tape { out, mut hidden, weights } = tape;
    let mut d_x = Vec::with_capacity(x.len());
    let mut d_scores = Vec::with_capacity(weights.len());
    let mut start = 0;
    for ((frames, out), gradient) in
        clips(x, lens, width).zip(out.chunks_exact(outputs)).zip(gradient.chunks_exact(outputs))
    {
        let len = frames.len() / width;
        let weights = &weights[start..start + len];
        start += len;
        let (mean, d_mean) = (&out[..width], &gradient[..width]);
        // Of the variance: d_sd / (2 sd). The mean inside the variance adds nothing, as weighted deviations sum to zero.
        let d_variance: Vec<f32> =
            out[width..].iter().zip(&gradient[width..]).map(|(sd, d_sd)| d_sd * 0.5 / sd).collect();
        let first = d_scores.len();
        for (row, weight) in frames.chunks_exact(width).zip(weights) {
            let mut d_weight = inner(row, d_mean);
            d_x.extend(d_mean.iter().map(|d_mean| weight * d_mean));
            if statistics {
                let at = d_x.len() - width;
                for (((d_x, value), mean), d_variance) in d_x[at..].iter_mut().zip(row).zip(mean).zip(&d_variance) {
                    let deviation = value - mean;
                    d_weight += d_variance * deviation * deviation;
                    *d_x += weight * 2.0 * deviation * d_variance;
                }
            }
            d_scores.push(d_weight);
        }
        let expected = inner(&d_scores[first..], weights);
        for (score, weight) in d_scores[first..].iter_mut().zip(weights) {
            *score = weight * (*score - expected);
        }
    }
    let mut query = vec![0.0; size];
    for (row, score) in hidden.chunks_exact_mut(size).zip(&d_scores) {
        for ((hidden, query), weight) in row.iter_mut().zip(&mut query).zip(attention.query) {
            *query += score * *hidden;
            *hidden = score * weight * (1.0 - *hidden * *hidden);
        }
    }
    let rows = d_scores.len();
    let (weight, bias) = dense::weight_gradients(x, &hidden, rows, size, threads);
    for (d_x, more) in d_x.iter_mut().zip(dense::input_gradient(&hidden, rows, attention.weight, size, threads)) {
        *d_x += more;
    }
    Gradients { weight, bias, query, x: d_x }
}

/// Exponentials that add up to 1.
pub(crate) fn softmax(scores: &mut [f32]) {
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

fn inner(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn clips<'a>(x: &'a [f32], lens: &'a [usize], width: usize) -> impl Iterator<Item = &'a [f32]> {
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
        let tape = attention(&x, &[2, 1], weights, true, 1);
        let expected = [2.0, 20.0, 1.0, 10.0, 7.0, 70.0, 0.001, 0.001];
        assert!(tape.out.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{:?}", tape.out);
        assert_eq!(mean(&x, &[2, 1], 2), [2.0, 20.0, 7.0, 70.0]);
    }

    #[test]
    fn last_takes_each_direction_where_it_ends() {
        let x = [1.0, 10.0, 3.0, 30.0, 7.0, 70.0];
        assert_eq!(last(&x, &[2, 1], 2, 1), [3.0, 10.0, 7.0, 70.0]);
        assert_eq!(last_backward(&[1.0, 2.0, 3.0, 4.0], &[2, 1], 2, 1), [0.0, 2.0, 1.0, 0.0, 3.0, 4.0]);
    }
}
