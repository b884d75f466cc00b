//! A convolution over time with batch normalisation, ReLU and max pooling.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_ops::{ConvSize, Moments, conv_block};

use super::builder::{Builder, Start};
use super::pass::{Pass, Ragged};

/// The layer. Its normalisation's running statistics follow the batches of training.
#[derive(Module, Debug)]
pub(crate) struct ConvBlock {
    /// (kernel, inputs, outputs).
    weight: Param<Tensor<3>>,
    norm: Norm,
    #[module(skip)]
    size: ConvSize,
    pool: usize,
}

/// Batch normalisation: a value per channel each.
#[derive(Module, Debug)]
struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    running_mean: Param<Tensor<1>>,
    running_variance: Param<Tensor<1>>,
}

impl ConvBlock {
    /// Of these sizes; the highest of every `pool` frames is kept.
    pub(crate) fn new(size: ConvSize, pool: usize, builder: &mut Builder<'_>) -> Self {
        let ConvSize { inputs, outputs, kernel, .. } = size;
        let weight = builder.param([kernel, inputs, outputs], Start::Relu { inputs: kernel * inputs });
        let norm = Norm {
            gamma: builder.param([outputs], Start::Ones),
            beta: builder.param([outputs], Start::Zeros),
            running_mean: builder.running([outputs], Start::Zeros),
            running_variance: builder.running([outputs], Start::Ones),
        };
        Self { weight, norm, size, pool }
    }

    /// (frames, inputs) -> (fewer frames, outputs).
    pub(crate) fn forward(&self, x: Ragged, pass: &mut Pass) -> Ragged {
        let block = ser_ops::ConvBlock { size: self.size, pool: self.pool, lens: x.lens };
        let lens = block.out_lens();
        let Norm { gamma, beta, running_mean, running_variance } = &self.norm;
        let fixed =
            (!pass.is_training()).then(|| Moments { mean: running_mean.val(), variance: running_variance.val() });
        let affine = [gamma.val(), beta.val()];
        let (values, moments) = conv_block(pass.kernels, x.values, self.weight.val(), affine, fixed, block);
        if pass.is_training() {
            pass.follow(running_mean, moments.mean);
            pass.follow(running_variance, moments.variance);
        }
        Ragged { values, lens }
    }
}
