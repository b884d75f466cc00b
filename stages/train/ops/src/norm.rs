//! Batch normalisation of frames, with or without a ReLU after it, as one operation.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use ser_kernels::buffer::Buffer;
use ser_kernels::norm::{self, Affine, Correction, EPSILON, PartialMoments};

use crate::Kernels;
use crate::lens::each;
use crate::moments::Moments;
use crate::operation::{Operation, Output, apply, sum};
use crate::tensor::untracked;

/// Rows that a thread takes at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// gamma * (x - mean) / sqrt(variance + 1e-5) + beta of `x` (rows, channels), `affine` being gamma and beta (channels).
///
/// Mean and variance are `moments`, and then no gradients are tracked, or else those of `x`, which come back without
/// gradient.
pub fn norm(kernels: Kernels, x: Tensor<2>, affine: [Tensor<1>; 2], moments: Option<Moments>) -> (Tensor<2>, Moments) {
    normalised(kernels, x, affine, moments, f32::NEG_INFINITY)
}

/// [`norm`], then max(0, x).
pub fn norm_relu(
    kernels: Kernels,
    x: Tensor<2>,
    affine: [Tensor<1>; 2],
    moments: Option<Moments>,
) -> (Tensor<2>, Moments) {
    normalised(kernels, x, affine, moments, 0.0)
}

fn normalised(
    kernels: Kernels,
    x: Tensor<2>,
    [gamma, beta]: [Tensor<1>; 2],
    moments: Option<Moments>,
    floor: f32,
) -> (Tensor<2>, Moments) {
    if kernels == Kernels::Burn {
        return portable(x, [gamma, beta], moments, floor);
    }
    if let Some(moments) = moments {
        let own = Own { fixed: Some(moments.values()), floor };
        return (apply(own, [untracked(x), untracked(gamma), untracked(beta)]).0, moments);
    }
    let device = x.device().without_autodiff();
    let own = Own { fixed: None, floor };
    let (out, found) = apply(own, [x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()]);
    (out, Moments::on(&device, found))
}

#[derive(Debug, Clone)]
struct Own {
    /// In place of those of the batch.
    fixed: Option<norm::Moments>,
    /// Nothing is below it.
    floor: f32,
}

impl Operation<3> for Own {
    type Tape = norm::Moments;
    type Aside = norm::Moments;

    fn forward(&self, [x, gamma, beta]: [&[f32]; 3]) -> Output<norm::Moments, norm::Moments> {
        let channels = gamma.len();
        let block = ROWS_PER_BLOCK * channels;
        let moments = self.fixed.clone().unwrap_or_else(|| {
            let parts = each(x.chunks(block).collect(), |rows| PartialMoments::of(rows, channels));
            norm::Moments::of(parts.iter())
        });
        let after = Affine { gamma, beta }.after(&moments);
        let mut values = Buffer::any(x.len());
        each(x.chunks(block).zip(values.chunks_mut(block)).collect(), |(x, out)| {
            norm::affine_rows(x, &after, self.floor, out);
        });
        Output { values, columns: channels, tape: moments.clone(), aside: moments }
    }

    fn backward(
        &self,
        [x, gamma, beta]: [&[f32]; 3],
        moments: norm::Moments,
        gradient: &[f32],
        _: [bool; 3],
    ) -> [Option<Buffer>; 3] {
        let (channels, affine) = (gamma.len(), Affine { gamma, beta });
        let block = ROWS_PER_BLOCK * channels;
        let after = affine.after(&moments);
        let mut d = Buffer::any(x.len());
        let blocks = gradient.chunks(block).zip(x.chunks(block)).zip(d.chunks_mut(block)).collect();
        let shares = each(blocks, |((gradient, x), d): ((&[f32], &[f32]), &mut [f32])| {
            norm::above_floor(gradient, x, &after, self.floor, d);
            norm::affine_sums(d, x, &moments).into()
        });
        let (gammas, betas): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        let (d_gamma, d_beta) = (sum(gammas).unwrap_or_default(), sum(betas).unwrap_or_default());
        let correction = Correction::new(&d_gamma, &d_beta, x.len() / channels.max(1), &moments, affine);
        each(d.chunks_mut(block).zip(x.chunks(block)).collect(), |(d, x)| correction.apply_to(d, x));
        [Some(d), Some(d_gamma), Some(d_beta)]
    }
}

fn portable(x: Tensor<2>, [gamma, beta]: [Tensor<1>; 2], moments: Option<Moments>, floor: f32) -> (Tensor<2>, Moments) {
    let [_, channels] = x.dims();
    let row = |tensor: Tensor<1>| tensor.unsqueeze::<2>();
    let (moments, out) = if let Some(moments) = moments {
        (moments.clone(), moments)
    } else {
        let mean = x.clone().mean_dim(0);
        let deviation = x.clone() - mean.clone();
        let variance = (deviation.clone() * deviation).mean_dim(0);
        let [mean, variance] = [mean, variance].map(|moment| moment.reshape([channels]));
        let [apart_mean, apart_variance] = [&mean, &variance].map(|moment| moment.clone().without_autodiff());
        (Moments { mean, variance }, Moments { mean: apart_mean, variance: apart_variance })
    };
    let scale = gamma / (moments.variance + EPSILON).sqrt();
    let values = (x - row(moments.mean)) * row(scale) + row(beta);
    (if floor == 0.0 { relu(values) } else { values }, out)
}
