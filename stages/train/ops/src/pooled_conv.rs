//! The [`conv_block`](crate::conv_block()) that keeps only what is pooled and computes the convolution again for the gradients.

use ser_kernels::buffer::Buffer;
use ser_kernels::matmul::Packed;
use ser_kernels::norm::{Affine, Correction, Moments};
use ser_kernels::pooled_conv::{Pooled, Taps, backward, forward};

use crate::conv_sizes::ConvBlock;
use crate::lens::{Lens, each, pieces};
use crate::operation::{Operation, Output, sum};

#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) block: ConvBlock,
    /// In place of those of the batch.
    pub(crate) fixed: Option<Moments>,
}

#[derive(Debug)]
pub(crate) struct Tape {
    moments: Moments,
    clips: Vec<Pooled>,
}

/// The rows of each clip, `width` values each.
fn clips<'a>(x: &'a [f32], lens: &Lens, width: usize) -> Vec<&'a [f32]> {
    lens.starts().zip(lens.iter()).map(|(start, len)| &x[start * width..(start + len) * width]).collect()
}

impl Operation<4> for Own {
    type Tape = Tape;
    type Aside = Moments;

    fn forward(&self, [x, weight, gamma, beta]: [&[f32]; 4]) -> Output<Tape, Moments> {
        let ConvBlock { size, pool, lens, .. } = &self.block;
        let packed = Packed::new(size.matrix(weight));
        let training = self.fixed.is_none();
        let pooled = each(clips(x, lens, size.inputs), |clip| forward(*size, clip, &packed, gamma, *pool, training));
        let moments = self.fixed.clone().unwrap_or_else(|| Moments::of(pooled.iter().map(|pooled| &pooled.moments)));
        let out_lens = self.block.out_lens();
        let mut values = Buffer::any(out_lens.frames() * size.outputs);
        let outs = pieces(&mut values, size.outputs, out_lens.iter().copied());
        let clips = each(pooled.into_iter().zip(outs).collect(), |(mut pooled, out)| {
            pooled.activate(&moments, Affine { gamma, beta }, out);
            pooled
        });
        Output { values, columns: size.outputs, tape: Tape { moments: moments.clone(), clips }, aside: moments }
    }

    fn backward(
        &self,
        [x, weight, gamma, beta]: [&[f32]; 4],
        Tape { moments, clips: pooled }: Tape,
        gradient: &[f32],
        [x_wanted, ..]: [bool; 4],
    ) -> [Option<Buffer>; 4] {
        let ConvBlock { size, pool, lens, .. } = &self.block;
        let gradients = clips(gradient, &self.block.out_lens(), size.outputs);
        let shares = each(pooled.iter().zip(&gradients).collect(), |(pooled, gradient)| {
            pooled.affine_gradients(gradient, &moments)
        });
        let (gammas, betas): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        let (d_gamma, d_beta) = (sum(gammas).unwrap_or_default(), sum(betas).unwrap_or_default());
        let positions = lens.iter().map(|len| size.out_len(*len)).sum();
        let correction = Correction::new(&d_gamma, &d_beta, positions, &moments, Affine { gamma, beta });
        let taps = Taps::new(*size, *pool, weight, x_wanted);
        let mut d_x = x_wanted.then(|| Buffer::any(x.len()));
        let rows = lens.iter().map(|len| if x_wanted { *len } else { 0 });
        let outs = pieces(d_x.as_deref_mut().unwrap_or_default(), size.inputs, rows);
        let work = clips(x, lens, size.inputs).into_iter().zip(pooled).zip(gradients).zip(outs).collect();
        let shares =
            each(work, |(((clip, pooled), gradient), out)| backward(clip, &taps, &pooled, gradient, &correction, out));
        [d_x, sum(shares), Some(d_gamma), Some(d_beta)]
    }
}
