//! A fully connected layer.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_ops::dense;

use super::builder::{Builder, Start};
use super::pass::Pass;

/// The layer.
#[derive(Module, Debug)]
pub(crate) struct Dense {
    /// (inputs, outputs).
    weight: Param<Tensor<2>>,
    /// (outputs).
    bias: Param<Tensor<1>>,
}

impl Dense {
    /// Before a ReLU.
    pub(crate) fn relu(inputs: usize, outputs: usize, builder: &mut Builder<'_>) -> Self {
        Self::new(inputs, outputs, Start::Relu { inputs }, builder)
    }

    /// Before anything else.
    pub(crate) fn linear(inputs: usize, outputs: usize, builder: &mut Builder<'_>) -> Self {
        Self::new(inputs, outputs, Start::Linear { inputs }, builder)
    }

    fn new(inputs: usize, outputs: usize, start: Start, builder: &mut Builder<'_>) -> Self {
        Self { weight: builder.param([inputs, outputs], start), bias: builder.param([outputs], Start::Zeros) }
    }

    /// Columns of what comes out.
    pub(crate) fn outputs(&self) -> usize {
        self.bias.lazy_shape()[0]
    }

    /// (rows, inputs) -> (rows, outputs).
    pub(crate) fn forward(&self, x: Tensor<2>, pass: &Pass) -> Tensor<2> {
        dense(pass.kernels, x, self.weight.val(), self.bias.val())
    }
}
