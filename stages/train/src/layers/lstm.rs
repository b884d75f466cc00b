//! An LSTM layer.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph};
use ser_ops::lstm;

use super::builder::{Builder, Start};
use super::pass::{Pass, Ragged};
use super::values::values;

/// The layer, in one direction or in both.
#[derive(Module, Debug)]
pub(crate) struct Lstm {
    forward: Direction,
    backward: Option<Direction>,
}

#[derive(Module, Debug)]
struct Direction {
    /// (inputs, 4 * hidden).
    input: Param<Tensor<2>>,
    /// (hidden, 4 * hidden).
    state: Param<Tensor<2>>,
    /// (4 * hidden).
    bias: Param<Tensor<1>>,
}

impl Direction {
    fn new(inputs: usize, hidden: usize, builder: &mut Builder<'_>) -> Self {
        let start = Start::Linear { inputs: hidden };
        Self {
            input: builder.param([inputs, 4 * hidden], start),
            state: builder.param([hidden, 4 * hidden], start),
            bias: builder.param([4 * hidden], Start::LstmBias),
        }
    }

    fn tensors(&self) -> ser_ops::Direction {
        ser_ops::Direction { input: self.input.val(), state: self.state.val(), bias: self.bias.val() }
    }

    fn values(&self) -> [Vec<f32>; 3] {
        [values(&self.input), values(&self.state), values(&self.bias)]
    }
}

fn in_graph([input, state, bias]: &[Vec<f32>; 3]) -> ser_onnx::Direction<'_> {
    ser_onnx::Direction { input, state, bias }
}

impl Lstm {
    /// A layer of `hidden` units in each direction.
    pub(crate) fn new(inputs: usize, hidden: usize, bidirectional: bool, builder: &mut Builder<'_>) -> Self {
        let forward = Direction::new(inputs, hidden, builder);
        Self { forward, backward: bidirectional.then(|| Direction::new(inputs, hidden, builder)) }
    }

    /// (frames, inputs) -> (frames, hidden * directions).
    pub(crate) fn forward(&self, x: Ragged, pass: &Pass) -> Ragged {
        let backward = self.backward.as_ref().map(Direction::tensors);
        let values = lstm(pass.kernels, x.values, self.forward.tensors(), backward, &x.lens);
        Ragged { values, lens: x.lens }
    }

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Frames {
        let (forward, backward) = (self.forward.values(), self.backward.as_ref().map(Direction::values));
        ser_onnx::lstm(x, in_graph(&forward), backward.as_ref().map(in_graph), graph)
    }
}
