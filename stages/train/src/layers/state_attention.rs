//! Attention over the states of a layer: over time by the last of them, and over features.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph, Value};
use ser_ops::{feature_attention, last, time_attention};

use super::builder::{Builder, Start};
use super::dense::Dense;
use super::pass::{Pass, Ragged};
use super::values::values;

/// The mean over time, weighted by how like a linear map of the last state each state is.
#[derive(Module, Debug)]
pub(crate) struct TimeAttention {
    query: Dense,
}

impl TimeAttention {
    /// Over states of `width` values.
    pub(crate) fn new(width: usize, builder: &mut Builder<'_>) -> Self {
        Self { query: Dense::linear(width, width, builder) }
    }

    /// (frames, width) -> (clips, width).
    pub(crate) fn forward(&self, x: Ragged, pass: &Pass) -> Tensor<2> {
        let [_, width] = x.values.dims();
        let queries = self.query.forward(last(pass.kernels, x.values.clone(), &x.lens, width), pass);
        time_attention(pass.kernels, x.values, queries, &x.lens)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Value {
        let width = self.query.outputs();
        let last = x.last(width, width, graph);
        let queries = self.query.graph(&last, &mut graph.at("query"));
        ser_onnx::time_attention(x, &queries, graph)
    }
}

/// The sum over time of the states, each of whose values counts as much as a hidden layer says.
#[derive(Module, Debug)]
pub(crate) struct FeatureAttention {
    /// (width, width).
    weight: Param<Tensor<2>>,
    /// (width).
    bias: Param<Tensor<1>>,
    /// (width, width).
    scores: Param<Tensor<2>>,
}

impl FeatureAttention {
    /// Over states of `width` values.
    pub(crate) fn new(width: usize, builder: &mut Builder<'_>) -> Self {
        let start = Start::Linear { inputs: width };
        Self {
            weight: builder.param([width, width], start),
            bias: builder.param([width], Start::Zeros),
            scores: builder.param([width, width], start),
        }
    }

    /// (frames, width) -> (clips, width).
    pub(crate) fn forward(&self, x: Ragged, pass: &Pass) -> Tensor<2> {
        let weights =
            ser_ops::FeatureAttention { weight: self.weight.val(), bias: self.bias.val(), scores: self.scores.val() };
        feature_attention(pass.kernels, x.values, weights, &x.lens)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Value {
        let [weight, scores] = [&self.weight, &self.scores].map(values);
        ser_onnx::feature_attention(x, &weight, &values(&self.bias), &scores, graph)
    }
}
