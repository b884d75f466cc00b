//! A convolution over time and frequency, batch normalisation or a bias, max pooling and an activation, as one operation.
//!
//! In one, because the output of the convolution is by far the largest thing in a network over images. Where nothing has to
//! know all of it, it is never in memory: a few frames at a time are convolved and pooled. Batch normalisation in training has
//! to, and keeps it for the way back; its gradient is in memory for one clip at a time in either case.

use std::ops::Range;

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use ser_kernels::buffer::Buffer;
use ser_kernels::conv2d::{Conv2d, Conv2dSize};
use ser_kernels::dense::column_sums;
use ser_kernels::norm::{self, Affine, Correction, PartialMoments};
use ser_kernels::pool2d::{Activation, Chosen, LEAK, Pool2d};
use ser_kernels::vector::add;

use crate::Kernels;
use crate::lens::{Lens, each, pieces};
use crate::moments::Moments;
use crate::operation::{Operation, Output, apply, sum};
use crate::padded::{mask, pad, unpad};
use crate::tensor::untracked;

/// Far below any value: what stands in windows where there is no frame or band.
const FAR_BELOW: f32 = 1e30;

/// Sizes of the operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2dBlock {
    /// Of the convolution.
    pub size: Conv2dSize,
    /// Frames and bands of which the highest value is kept, in all 1 to 127; last, shorter windows count too.
    pub pool: [usize; 2],
    /// What is computed of it.
    pub activation: Activation,
    /// Of the frames that come in.
    pub lens: Lens,
}

/// What is done to each channel after the convolution.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one is made for a call, and none is kept")]
pub enum Shift {
    /// A bias (outputs) is added.
    Bias(Tensor<1>),
    /// Batch normalisation, then scale and shift (outputs). Its mean and variance are `moments`, and then no gradients are
    /// tracked, or else those of the batch.
    Norm {
        /// Scale and shift.
        affine: [Tensor<1>; 2],
        /// Moments in place of those of the batch.
        moments: Option<Moments>,
    },
}

impl Conv2dBlock {
    /// Lengths of what comes out.
    pub fn out_lens(&self) -> Lens {
        self.lens.map(|len| self.pooling().out_len(len))
    }

    /// Bands of what comes out.
    pub fn out_bands(&self) -> usize {
        self.pooling().out_bands()
    }

    fn pooling(&self) -> Pool2d {
        let Self { size, pool, activation, .. } = *self;
        Pool2d { bands: size.bands, channels: size.outputs, pool, activation }
    }
}

/// activation (max pool (shift (y))) of y = `x` convolved with `weight`.
///
/// `x` is (frames, bands * inputs), the channels of a band together, `weight` (kernel frames, kernel bands, inputs, outputs);
/// the result is (frames, bands * outputs) with [`Conv2dBlock::out_lens`] and [`Conv2dBlock::out_bands`]. Moments of the
/// batch come back without gradient.
pub fn conv2d_block(
    kernels: Kernels,
    x: Tensor<2>,
    weight: Tensor<4>,
    shift: Shift,
    block: Conv2dBlock,
) -> (Tensor<2>, Option<Moments>) {
    match kernels {
        Kernels::Own => own(x, weight, shift, block),
        Kernels::Burn => portable(x, weight, shift, &block),
    }
}

fn own(x: Tensor<2>, weight: Tensor<4>, shift: Shift, block: Conv2dBlock) -> (Tensor<2>, Option<Moments>) {
    let device = x.device().without_autodiff();
    match shift {
        Shift::Bias(bias) => {
            // A scale that is not used.
            let scale = Tensor::<1>::zeros([0], &device);
            let inputs = [x.into_dispatch(), weight.into_dispatch(), scale.into_dispatch(), bias.into_dispatch()];
            (apply(Own { block, normal: Normal::None }, inputs).0, None)
        }
        Shift::Norm { affine: [gamma, beta], moments: Some(moments) } => {
            let inputs = [untracked(x), untracked(weight), untracked(gamma), untracked(beta)];
            (apply(Own { block, normal: Normal::Fixed(moments.values()) }, inputs).0, Some(moments))
        }
        Shift::Norm { affine: [gamma, beta], moments: None } => {
            let inputs = [x.into_dispatch(), weight.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
            let (out, found) = apply(Own { block, normal: Normal::Batch }, inputs);
            (out, found.map(|found| Moments::on(&device, found)))
        }
    }
}

#[derive(Debug, Clone)]
enum Normal {
    None,
    Fixed(norm::Moments),
    Batch,
}

#[derive(Debug, Clone)]
struct Own {
    block: Conv2dBlock,
    normal: Normal,
}

#[derive(Debug)]
struct Tape {
    /// Of each clip.
    chosen: Vec<Chosen>,
    /// Output of the convolution, and its moments, where the batch was normalised.
    normalised: Option<(Buffer, norm::Moments)>,
}

/// Where the clips stand in the input, in the output of the convolution, and in what comes out, in values.
struct Places {
    x: Vec<Range<usize>>,
    y: Vec<Range<usize>>,
    out: Vec<Range<usize>>,
}

impl Own {
    fn places(&self) -> Places {
        let Conv2dBlock { size, lens, .. } = &self.block;
        let ranges = |lens: &Lens, width: usize| {
            lens.starts().zip(lens.iter()).map(|(start, len)| start * width..(start + len) * width).collect()
        };
        Places {
            x: ranges(lens, size.bands * size.inputs),
            y: ranges(lens, size.bands * size.outputs),
            out: ranges(&self.block.out_lens(), self.columns()),
        }
    }

    fn columns(&self) -> usize {
        self.block.out_bands() * self.block.size.outputs
    }

    /// The gradient of the convolution's output of one clip.
    fn gradient_of_y(&self, gradient: &[f32], chosen: &Chosen, len: usize) -> Buffer {
        let pool = self.block.pooling();
        let mut d = Buffer::any(len);
        pool.backward(&pool.before_activation(gradient, chosen), chosen, &mut d);
        d
    }
}

impl Operation<4> for Own {
    type Tape = Tape;
    type Aside = Option<norm::Moments>;

    fn forward(&self, [x, weight, gamma, beta]: [&[f32]; 4]) -> Output<Tape, Option<norm::Moments>> {
        let Conv2dBlock { size, pool: [group, _], lens, .. } = &self.block;
        let (conv, pool, columns) = (Conv2d::new(*size, weight), self.block.pooling(), self.columns());
        let (row, places) = (size.bands * size.outputs, self.places());
        let affine = Affine { gamma, beta };
        let out_lens = self.block.out_lens();
        let mut values = Buffer::any(out_lens.frames() * columns);
        let outs = pieces(&mut values, columns, out_lens.iter().copied());
        let known = match &self.normal {
            Normal::None => Some([vec![1.0; size.outputs], beta.to_vec()]),
            Normal::Fixed(moments) => Some(affine.after(moments)),
            Normal::Batch => None,
        };
        if let Some([scale, shift]) = known {
            let clips = places.x.into_iter().zip(lens.iter()).zip(outs).collect();
            let chosen = each(clips, |((place, len), mut out): ((Range<usize>, &usize), &mut [f32])| {
                let chosen = size.blocks(*len, *group).map(|frames| {
                    let mut y = Buffer::any(frames.len() * row);
                    conv.forward(&x[place.clone()], frames.clone(), &mut y);
                    let out = out.split_off_mut(..pool.out_len(frames.len()) * columns).unwrap_or_default();
                    pool.forward(&y, &scale, &shift, out)
                });
                Chosen::joined(chosen)
            });
            return Output { values, columns, tape: Tape { chosen, normalised: None }, aside: None };
        }
        let mut y = Buffer::any(lens.frames() * row);
        let clips = places.x.into_iter().zip(lens.iter()).zip(pieces(&mut y, row, lens.iter().copied())).collect();
        let moments = each(clips, |((place, len), y): ((Range<usize>, &usize), &mut [f32])| {
            let of_block = |frames: Range<usize>| {
                let y = &mut y[frames.start * row..frames.end * row];
                conv.forward(&x[place.clone()], frames, y);
                PartialMoments::of(y, size.outputs)
            };
            size.blocks(*len, 1).map(of_block).collect::<Vec<_>>()
        });
        let moments = norm::Moments::of(moments.iter().flatten());
        let [scale, shift] = affine.after(&moments);
        let chosen =
            each(places.y.into_iter().zip(outs).collect(), |(place, out)| pool.forward(&y[place], &scale, &shift, out));
        let tape = Tape { chosen, normalised: Some((y, moments.clone())) };
        Output { values, columns, tape, aside: Some(moments) }
    }

    fn backward(
        &self,
        [x, weight, gamma, beta]: [&[f32]; 4],
        tape: Tape,
        gradient: &[f32],
        [x_wanted, ..]: [bool; 4],
    ) -> [Option<Buffer>; 4] {
        let Conv2dBlock { size, lens, .. } = &self.block;
        let (parts, places) = (lens.parts(), self.places());
        let Tape { chosen, normalised } = tape;
        let d_y =
            |clip: usize| self.gradient_of_y(&gradient[places.out[clip].clone()], &chosen[clip], places.y[clip].len());
        // What the whole batch has to be known for.
        let sums = normalised.as_ref().map(|(y, moments)| {
            let shares = each(parts.clone(), |part| {
                let of_clip = |clip| norm::affine_sums(&d_y(clip), &y[places.y[clip].clone()], moments);
                part.clips.map(of_clip).collect::<Vec<_>>()
            });
            let (gammas, betas): (Vec<_>, Vec<_>) =
                shares.into_iter().flatten().map(|[gamma, beta]| (gamma, beta)).unzip();
            let sums = [gammas, betas].map(|shares| sum(shares).unwrap_or_default());
            let correction =
                Correction::new(&sums[0], &sums[1], lens.frames() * size.bands, moments, Affine { gamma, beta });
            (sums, y, correction)
        });
        let turned = x_wanted.then(|| size.turned_weight(weight));
        let turned = turned.as_deref().map(|turned| Conv2d::new(size.turned(), turned));
        let mut d_x = turned.as_ref().map(|_| Buffer::any(x.len()));
        let width = size.bands * size.inputs;
        let rows = parts.iter().map(|part| if x_wanted { part.rows.len() } else { 0 });
        let outs = pieces(d_x.as_deref_mut().unwrap_or_default(), width, rows);
        let shares = each(parts.into_iter().zip(outs).collect(), |(part, mut out)| {
            let (mut d_weight, mut d_bias) = (Buffer::zeros(weight.len()), Buffer::zeros(size.outputs));
            for clip in part.clips {
                let mut d = d_y(clip);
                match &sums {
                    Some((_, y, correction)) => correction.apply_to(&mut d, &y[places.y[clip].clone()]),
                    None => add(&mut d_bias, &column_sums(&d, size.outputs)),
                }
                size.weight_gradient(&x[places.x[clip].clone()], &d, &mut d_weight);
                let Some(turned) = &turned else { continue };
                let out = out.split_off_mut(..lens[clip] * width).unwrap_or_default();
                for frames in size.turned().blocks(lens[clip], 1) {
                    let out = &mut out[frames.start * width..frames.end * width];
                    turned.forward(&d, frames, out);
                }
            }
            (d_weight, d_bias)
        });
        let (d_weight, d_bias): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        let (d_gamma, d_beta) = match sums {
            Some(([d_gamma, d_beta], ..)) => (Some(d_gamma), Some(d_beta)),
            None => (None, sum(d_bias)),
        };
        [d_x, sum(d_weight), d_gamma, d_beta]
    }
}

fn portable(x: Tensor<2>, weight: Tensor<4>, shift: Shift, block: &Conv2dBlock) -> (Tensor<2>, Option<Moments>) {
    let Conv2dBlock { size, pool, activation, lens } = block;
    let Conv2dSize { bands, inputs, outputs, kernel, dilation } = *size;
    let padding = [0, 1].map(|axis| kernel[axis] / 2 * dilation[axis]);
    let x = pad(x, lens);
    let [clips, frames, _] = x.dims();
    let x = x.reshape([clips, frames, bands, inputs]).permute([0, 3, 1, 2]);
    let y = conv2d(x, weight.permute([3, 2, 0, 1]), None, ConvOptions::new([1, 1], padding, dilation, 1));
    let y = y.permute([0, 2, 3, 1]).reshape([clips, frames * bands, outputs]);
    // Of frames that exist, band by band.
    let mask = mask(lens, &y.device()).repeat_dim(2, bands).reshape([clips, frames * bands, 1]);
    let row = |tensor: Tensor<1>| tensor.unsqueeze::<3>();
    let flat = |tensor: &Tensor<3>| tensor.clone().reshape([outputs]).without_autodiff();
    let (y, moments) = match shift {
        Shift::Bias(bias) => (y + row(bias), None),
        Shift::Norm { affine, moments } => {
            let (mean, variance, moments) = if let Some(moments) = moments {
                (row(moments.mean.clone()), row(moments.variance.clone()), moments)
            } else {
                let count = (lens.frames() * bands).max(1) as f32;
                let mean = (y.clone() * mask.clone()).sum_dim(0).sum_dim(1) / count;
                let deviation = (y.clone() - mean.clone()) * mask.clone();
                let variance = (deviation.clone() * deviation).sum_dim(0).sum_dim(1) / count;
                let moments = Moments { mean: flat(&mean), variance: flat(&variance) };
                (mean, variance, moments)
            };
            let [gamma, beta] = affine.map(row);
            ((y - mean) / (variance + norm::EPSILON).sqrt() * gamma + beta, Some(moments))
        }
    };
    let y = match activation {
        Activation::Identity => y,
        Activation::Relu => relu(y),
        Activation::LeakyRelu => relu(y.clone()) - relu(y.neg()) * LEAK,
        Activation::Elu => relu(y.clone()) + relu(y.neg()).neg().exp() - 1.0,
    };
    let y = y * mask.clone() + (mask - 1.0) * FAR_BELOW;
    let y = highest(y.reshape([clips, frames, bands * outputs]), pool[0]);
    let [_, frames, _] = y.dims();
    let y = highest(y.reshape([clips * frames, bands, outputs]), pool[1]);
    (unpad(y.reshape([clips, frames, block.out_bands() * outputs]), &block.out_lens()), moments)
}

/// The highest of every `pool` rows of (batch, rows, columns); a last, shorter window counts too.
fn highest(x: Tensor<3>, pool: usize) -> Tensor<3> {
    let [batch, rows, columns] = x.dims();
    let windows = rows.div_ceil(pool);
    let missing = windows * pool - rows;
    let x = if missing == 0 {
        x
    } else {
        let low = Tensor::full([batch, missing, columns], -FAR_BELOW, &x.device());
        Tensor::cat(vec![x, low], 1)
    };
    x.reshape([batch * windows, pool, columns]).max_dim(1).reshape([batch, windows, columns])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (1..=count).map(|index| (index as f32 * step).sin()).collect()
    }

    /// Output, moments and gradients of all four inputs.
    fn computed(kernels: Kernels, block: &Conv2dBlock, normalised: bool) -> Vec<Vec<f32>> {
        let device = Device::flex().autodiff();
        let size = block.size;
        let tensor = |step: f32, shape: [usize; 1]| {
            Tensor::<1>::from_data(TensorData::new(wave(shape[0], step), shape), &device).require_grad()
        };
        let (rows, width) = (block.lens.frames(), size.bands * size.inputs);
        let inputs = [
            tensor(0.37, [rows * width]),
            tensor(1.7, [size.weight_len()]),
            tensor(0.9, [size.outputs]),
            tensor(2.3, [size.outputs]),
        ];
        let [x, weight, gamma, beta] = inputs.clone();
        let shift = if normalised { Shift::Norm { affine: [gamma, beta], moments: None } } else { Shift::Bias(beta) };
        let weight = weight.reshape([size.kernel[0], size.kernel[1], size.inputs, size.outputs]);
        let (out, moments) = conv2d_block(kernels, x.reshape([rows, width]), weight, shift, block.clone());
        let direction = wave(out.shape().num_elements(), 0.61);
        let direction = Tensor::<2>::from_data(TensorData::new(direction, out.shape()), &device);
        let gradients = (out.clone() * direction).sum().backward();
        let values = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
        let count = out.shape().num_elements();
        let mut found = vec![values(out.without_autodiff().reshape([count]))];
        found.extend(moments.into_iter().flat_map(|moments| [moments.mean, moments.variance]).map(values));
        found.extend(inputs.iter().filter_map(|input| input.grad(&gradients)).map(values));
        found
    }

    /// Every activation, normalised or not, with windows that do not divide frames and bands, and dilation.
    #[test]
    fn own_kernels_agree_with_burn() {
        let activations = [Activation::Identity, Activation::Relu, Activation::LeakyRelu, Activation::Elu];
        let sizes = [([3, 3], [1, 1], [1, 1], 3), ([5, 3], [1, 1], [2, 4], 1), ([3, 3], [2, 2], [3, 2], 4)];
        for (activation, (kernel, dilation, pool, inputs)) in
            activations.into_iter().flat_map(|activation| sizes.map(|size| (activation, size)))
        {
            for lens in [&[11, 8, 8, 3, 1][..], &[1], &[40; 20]] {
                let size = Conv2dSize { bands: 6, inputs, outputs: 5, kernel, dilation };
                let block = Conv2dBlock { size, pool, activation, lens: Lens::new(lens) };
                for normalised in [true, false] {
                    let found = computed(Kernels::Own, &block, normalised);
                    let expected = computed(Kernels::Burn, &block, normalised);
                    assert_eq!(found.len(), if normalised { 7 } else { 4 });
                    for (which, (found, expected)) in found.iter().zip(&expected).enumerate() {
                        assert_eq!(found.len(), expected.len());
                        let scale = expected.iter().fold(1e-2_f32, |scale, value| scale.max(value.abs()));
                        for (found, expected) in found.iter().zip(expected) {
                            let what = format!("{block:?}, {normalised}, {which}");
                            assert!((found - expected).abs() <= 2e-4 * scale, "{what}: {found}, expected {expected}");
                        }
                    }
                }
            }
        }
    }
}
