//! An LSTM layer with attention on its memory.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph};
use ser_ops::attention_lstm;

use super::builder::{Builder, Start};
use super::pass::{Pass, Ragged};
use super::values::values;

/// The layer: one gate of attention on the memory takes the place of forget and input gate.
#[derive(Module, Debug)]
pub(crate) struct AttentionLstm {
    /// (inputs, 2 * hidden).
    input: Param<Tensor<2>>,
    /// (hidden, 2 * hidden).
    state: Param<Tensor<2>>,
    /// (2 * hidden).
    bias: Param<Tensor<1>>,
    /// (hidden, hidden).
    memory: Param<Tensor<2>>,
    /// (hidden).
    memory_bias: Param<Tensor<1>>,
    /// (hidden, hidden).
    gate: Param<Tensor<2>>,
}

impl AttentionLstm {
    /// A layer of `hidden` units.
    pub(crate) fn new(inputs: usize, hidden: usize, builder: &mut Builder<'_>) -> Self {
        let start = Start::Linear { inputs: hidden };
        Self {
            input: builder.param([inputs, 2 * hidden], start),
            state: builder.param([hidden, 2 * hidden], start),
            bias: builder.param([2 * hidden], Start::Zeros),
            memory: builder.param([hidden, hidden], start),
            memory_bias: builder.param([hidden], Start::Zeros),
            gate: builder.param([hidden, hidden], start),
        }
    }

    /// (frames, inputs) -> (frames, hidden).
    pub(crate) fn forward(&self, x: Ragged, pass: &Pass) -> Ragged {
        let weights = ser_ops::AttentionLstm {
            input: self.input.val(),
            state: self.state.val(),
            bias: self.bias.val(),
            memory: self.memory.val(),
            memory_bias: self.memory_bias.val(),
            gate: self.gate.val(),
        };
        Ragged { values: attention_lstm(pass.kernels, x.values, weights, &x.lens), lens: x.lens }
    }

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Frames {
        let [input, state, memory, gate] = [&self.input, &self.state, &self.memory, &self.gate].map(values);
        let [bias, memory_bias] = [&self.bias, &self.memory_bias].map(values);
        let weights = ser_onnx::AttentionLstm {
            input: &input,
            state: &state,
            bias: &bias,
            memory: &memory,
            memory_bias: &memory_bias,
            gate: &gate,
        };
        ser_onnx::attention_lstm(x, weights, graph)
    }
}
