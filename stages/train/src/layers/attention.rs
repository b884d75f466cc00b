//! Attention over time.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph, Value};
use ser_ops::attention;

use super::builder::{Builder, Start};
use super::pass::{Pass, Ragged};
use super::values::values;

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

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: &Frames, statistics: bool, graph: &mut Graph<'_>) -> Value {
        let [weight, bias, query] = [values(&self.weight), values(&self.bias), values(&self.query)];
        let statistics = statistics.then_some(ser_kernels::pooling::EPSILON);
        let weights = ser_onnx::Attention { weight: &weight, bias: &bias, query: &query, statistics };
        ser_onnx::attention(x, weights, graph)
    }
}
