//! A fully connected layer.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Conv, Frames, Graph, Value, conv_relu};
use ser_ops::{causal_conv, dense};

use super::builder::{Builder, Start};
use super::norm::Norm;
use super::pass::{Pass, Ragged};
use super::values::values;

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

    /// The layer of each frame `reach` frames earlier beside the frame itself: (frames, inputs / 2) -> (frames,
    /// outputs).
    pub(crate) fn causal(&self, x: Ragged, reach: usize, pass: &Pass) -> Ragged {
        let Ragged { values, lens } = x;
        let values = causal_conv(pass.kernels, values, self.weight.val(), self.bias.val(), &lens, reach);
        Ragged { values, lens }
    }

    /// [`forward`](Self::forward) in a graph: (.., inputs) -> (.., outputs).
    pub(crate) fn graph(&self, x: &Value, graph: &mut Graph<'_>) -> Value {
        ser_onnx::dense(x, &values(&self.weight), &values(&self.bias), graph)
    }

    /// [`causal`](Self::causal) in a graph, with `norm` and ReLU after it.
    pub(crate) fn causal_graph(&self, norm: &Norm, x: &Frames, reach: usize, graph: &mut Graph<'_>) -> Frames {
        let (weight, bias) = norm.folded(values(&self.weight), &values(&self.bias));
        let inputs = weight.len() / (2 * bias.len().max(1));
        let conv = Conv { weight: &weight, bias: &bias, inputs, kernel: 2, stride: 1, dilation: reach, causal: true };
        conv_relu(x, conv, 1, graph)
    }
}
