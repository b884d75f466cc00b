//! A convolution over time, batch normalisation, ReLU and max pooling, as one operation.
//!
//! In one, because what goes back through the normalisation is at once laid out as the convolution wants it.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use ser_kernels::buffer::Buffer;
use ser_kernels::conv::ConvInput;
use ser_kernels::matmul::Packed;
use ser_kernels::norm::{self, Affine, Chosen, Correction, PartialMoments};

use crate::Kernels;
use crate::conv_sizes::ConvBlock;
use crate::lens::{each, pieces};
use crate::moments::Moments;
use crate::operation::{Operation, Output, apply, sum};
use crate::padded::{mask, pad, unpad};
use crate::pooled_conv;
use crate::tensor::untracked;

/// max pool (ReLU (gamma * (y - mean) / sqrt(variance + 1e-5) + beta)) of y = `x` convolved with `weight`.
///
/// `x` is (frames, inputs), `weight` (kernel, inputs, outputs), `affine` gamma and beta (outputs); the result is (frames,
/// outputs) with [`ConvBlock::out_lens`]. Mean and variance are `moments`, and then no gradients are tracked, or else those
/// of y over the batch, which come back without gradient.
pub fn conv_block(
    kernels: Kernels,
    x: Tensor<2>,
    weight: Tensor<3>,
    affine: [Tensor<1>; 2],
    moments: Option<Moments>,
    block: ConvBlock,
) -> (Tensor<2>, Moments) {
    match kernels {
        Kernels::Own => own(x, weight, affine, moments, block),
        Kernels::Burn => portable(x, weight, affine, moments, &block),
    }
}

fn own(
    x: Tensor<2>,
    weight: Tensor<3>,
    [gamma, beta]: [Tensor<1>; 2],
    moments: Option<Moments>,
    block: ConvBlock,
) -> (Tensor<2>, Moments) {
    let device = x.device().without_autodiff();
    let run = |fixed: Option<norm::Moments>, inputs| {
        if block.recompute {
            apply(pooled_conv::Own { block, fixed }, inputs)
        } else {
            apply(Own { block, fixed }, inputs)
        }
    };
    if let Some(moments) = moments {
        let inputs = [untracked(x), untracked(weight), untracked(gamma), untracked(beta)];
        return (run(Some(moments.values()), inputs).0, moments);
    }
    let inputs = [x.into_dispatch(), weight.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch()];
    let (out, found) = run(None, inputs);
    (out, Moments::on(&device, found))
}

#[derive(Debug, Clone)]
struct Own {
    block: ConvBlock,
    /// In place of those of the batch.
    fixed: Option<norm::Moments>,
}

#[derive(Debug)]
struct Tape {
    moments: norm::Moments,
    parts: Vec<PartTape>,
}

#[derive(Debug)]
struct PartTape {
    input: ConvInput,
    /// Output of the convolution itself.
    y: Buffer,
    chosen: Chosen,
}

impl Operation<4> for Own {
    type Tape = Tape;
    type Aside = norm::Moments;

    fn forward(&self, [x, weight, gamma, beta]: [&[f32]; 4]) -> Output<Tape, norm::Moments> {
        let ConvBlock { size, pool, lens, .. } = &self.block;
        let packed = Packed::new(size.matrix(weight));
        let training = self.fixed.is_none();
        let parts = lens.parts();
        let passes = each(parts.clone(), |part| {
            let frames = &x[part.rows.start * size.inputs..part.rows.end * size.inputs];
            let input = ConvInput::new(*size, frames, &lens[part.clips]);
            let y = input.forward(&packed);
            let moments = if training { PartialMoments::of(&y, size.outputs) } else { PartialMoments::default() };
            (input, y, moments)
        });
        let moments =
            self.fixed.clone().unwrap_or_else(|| norm::Moments::of(passes.iter().map(|(.., moments)| moments)));
        let out_lens = self.block.out_lens();
        let mut values = Buffer::any(out_lens.frames() * size.outputs);
        let outs =
            pieces(&mut values, size.outputs, parts.iter().map(|part| out_lens[part.clips.clone()].iter().sum()));
        let parts = each(passes.into_iter().zip(outs).collect(), |((input, y, _), out)| {
            let chosen = norm::forward(&y, input.out_lens(), &moments, Affine { gamma, beta }, *pool, out);
            PartTape { input, y, chosen }
        });
        Output { values, columns: size.outputs, tape: Tape { moments: moments.clone(), parts }, aside: moments }
    }

    fn backward(
        &self,
        [x, weight, gamma, beta]: [&[f32]; 4],
        tape: Tape,
        gradient: &[f32],
        [x_wanted, ..]: [bool; 4],
    ) -> [Option<Buffer>; 4] {
        let ConvBlock { size, pool, lens, .. } = &self.block;
        let Tape { moments, parts: tapes } = tape;
        let (parts, out_lens) = (lens.parts(), self.block.out_lens());
        let mut start = 0;
        let gradients: Vec<&[f32]> = parts
            .iter()
            .map(|part| {
                let len = out_lens[part.clips.clone()].iter().sum::<usize>() * size.outputs;
                start += len;
                &gradient[start - len..start]
            })
            .collect();
        let passes = each(tapes.into_iter().zip(gradients).collect(), |(PartTape { input, y, chosen }, gradient)| {
            let mut partial = norm::backward(gradient, &chosen, &y, &input, &moments, *pool);
            let affine = [&mut partial.gamma, &mut partial.beta].map(std::mem::take);
            ((input, y, partial), affine)
        });
        let frames = passes.iter().map(|((input, ..), _)| input.out_lens().iter().sum::<usize>()).sum();
        let (passes, shares): (Vec<_>, Vec<_>) = passes.into_iter().unzip();
        let (gammas, betas): (Vec<_>, Vec<_>) = shares.into_iter().map(|[gamma, beta]| (gamma, beta)).unzip();
        let (d_gamma, d_beta) = (sum(gammas).unwrap_or_default(), sum(betas).unwrap_or_default());
        let correction = Correction::new(&d_gamma, &d_beta, frames, &moments, Affine { gamma, beta });
        let turned = x_wanted.then(|| size.turned(weight));
        let turned = turned.as_deref().map(|turned| Packed::new(size.turned_matrix(turned)));
        let mut d_x = turned.as_ref().map(|_| Buffer::any(x.len()));
        let rows = parts.iter().map(|part| if x_wanted { part.rows.len() } else { 0 });
        let outs = pieces(d_x.as_deref_mut().unwrap_or_default(), size.inputs, rows);
        let shares = each(passes.into_iter().zip(outs).collect(), |((input, y, partial), out)| {
            let d = correction.apply(partial, &y, &input);
            if let Some(turned) = &turned {
                input.input_gradient(&d, weight, turned, out);
            }
            input.weight_gradient(&d)
        });
        [d_x, sum(shares), Some(d_gamma), Some(d_beta)]
    }
}

fn portable(
    x: Tensor<2>,
    weight: Tensor<3>,
    affine: [Tensor<1>; 2],
    moments: Option<Moments>,
    block: &ConvBlock,
) -> (Tensor<2>, Moments) {
    let ConvBlock { size, pool, lens, .. } = block;
    let options = ConvOptions::new([size.stride], [size.kernel / 2], [1], 1);
    let x = pad(x, lens).swap_dims(1, 2);
    let y = conv1d(x, weight.swap_dims(0, 2), None, options).swap_dims(1, 2);
    let y_lens = lens.map(|len| size.out_len(len));
    let mask = mask(&y_lens, &y.device());
    let row = |tensor: Tensor<1>| tensor.unsqueeze::<3>();
    let flat = |tensor: &Tensor<3>| tensor.clone().reshape([size.outputs]).without_autodiff();
    let (mean, variance, moments) = if let Some(moments) = moments {
        (row(moments.mean.clone()), row(moments.variance.clone()), moments)
    } else {
        let count = y_lens.frames().max(1) as f32;
        let mean = (y.clone() * mask.clone()).sum_dim(0).sum_dim(1) / count;
        let deviation = (y.clone() - mean.clone()) * mask.clone();
        let variance = (deviation.clone() * deviation).sum_dim(0).sum_dim(1) / count;
        let moments = Moments { mean: flat(&mean), variance: flat(&variance) };
        (mean, variance, moments)
    };
    let [gamma, beta] = affine.map(row);
    let y = (y - mean) / (variance + norm::EPSILON).sqrt();
    let y = relu(y * gamma + beta) * mask;
    let [clips, frames, channels] = y.dims();
    let windows = frames.div_ceil(*pool);
    let missing = windows * pool - frames;
    let y = if missing == 0 {
        y
    } else {
        let zeros = Tensor::zeros([clips, missing, channels], &y.device());
        Tensor::cat(vec![y, zeros], 1)
    };
    let y = y.reshape([clips, windows, *pool, channels]).max_dim(2).reshape([clips, windows, channels]);
    (unpad(y, &block.out_lens()), moments)
}
