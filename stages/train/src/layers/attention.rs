//! Attention over time.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_ops::attention;

use super::builder::{Builder, Start};
use super::pass::{Pass, Ragged};

/// Additive attention with one query.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    /// (inputs, size).
    weight: Param<Tensor<2>>,
    /// (size).
    bias: Param<Tensor<1>>,
    /// (size).
    query: Param<Tensor<1>>,
}

impl Attention {
    /// With a hidden layer of `size` units.
    pub(crate) fn new(inputs: usize, size: usize, builder: &mut Builder<'_>) -> Self {
        Self {
            weight: builder.param([inputs, size], Start::Linear { inputs }),
            bias: builder.param([size], Start::Zeros),
            query: builder.param([size], Start::Linear { inputs: size }),
        }
    }

    /// (frames, inputs) -> (clips, inputs), the weighted mean; (clips, 2 * inputs) with the weighted standard deviation
    /// where `statistics` are wanted.
    pub(crate) fn forward(&self, x: Ragged, statistics: bool, pass: &Pass) -> Tensor<2> {
        let weights = ser_ops::Attention { weight: self.weight.val(), bias: self.bias.val(), query: self.query.val() };
        attention(pass.kernels, x.values, weights, &x.lens, statistics)
    }
}
