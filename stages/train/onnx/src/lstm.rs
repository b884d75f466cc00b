//! LSTM layers.

use crate::frames::Frames;
use crate::graph::{Attribute, Graph};

/// What is added to the input, forget and output gate beyond a clip's end: it closes them for certain.
const CLOSED: f32 = -1e4;
/// Where our gates (input, forget, cell, output) stand in the order of ONNX: input, output, forget, cell.
const ORDER: [usize; 4] = [0, 3, 1, 2];
/// The place of the cell among ours.
const CELL: usize = 2;

/// Weights of one direction, gates in the order input, forget, cell, output.
#[derive(Debug, Clone, Copy)]
pub struct Direction<'a> {
    /// (inputs, 4 * hidden).
    pub input: &'a [f32],
    /// (hidden, 4 * hidden).
    pub state: &'a [f32],
    /// (4 * hidden).
    pub bias: &'a [f32],
}

impl Direction<'_> {
    fn hidden(&self) -> usize {
        self.bias.len() / 4
    }

    /// (4 * hidden, rows) of a matrix (rows, 4 * hidden), gates in the order of ONNX; `more` follows each row by its gate.
    fn turned(&self, matrix: &[f32], more: impl Fn(usize) -> Option<f32>) -> Vec<f32> {
        let gates = self.bias.len();
        let mut turned = Vec::with_capacity(matrix.len() + gates);
        for gate in ORDER {
            for unit in 0..self.hidden() {
                turned.extend(matrix.iter().skip(gate * self.hidden() + unit).step_by(gates));
                turned.extend(more(gate));
            }
        }
        turned
    }
}

/// The states of an LSTM over `x`, a node of ONNX's own; with `backward` of a bidirectional one, whose states come last.
///
/// A clip's padding is told by one more input, 1 beyond the clip's end, that closes the gates there: states are then 0, so
/// that the backward direction begins at the clip's last frame. ONNX has `sequence_lens` for that, which few programs but
/// onnxruntime know.
pub fn lstm(x: &Frames, forward: Direction<'_>, backward: Option<Direction<'_>>, graph: &mut Graph<'_>) -> Frames {
    let hidden = forward.hidden();
    let directions: Vec<Direction<'_>> = std::iter::once(forward).chain(backward).collect();
    let inputs = forward.input.len() / forward.bias.len();
    let closed = |gate: usize| Some(if gate == CELL { 0.0 } else { CLOSED });
    let all = |part: &dyn Fn(&Direction<'_>) -> Vec<f32>| directions.iter().flat_map(part).collect::<Vec<f32>>();
    let count = directions.len();
    let input = all(&|direction| direction.turned(direction.input, closed));
    let input = graph.weights("input", &[count, 4 * hidden, inputs + 1], &input);
    let state = all(&|direction| direction.turned(direction.state, |_| None));
    let state = graph.weights("state", &[count, 4 * hidden, hidden], &state);
    let bias = all(&|direction| [direction.turned(direction.bias, |_| None), vec![0.0; 4 * hidden]].concat());
    let bias = graph.weights("bias", &[count, 8 * hidden], &bias);

    let own = x.masked(graph);
    let within = x.within(&[2], graph);
    let beyond = graph.apply("Not", &within);
    let beyond = graph.to_float(&beyond);
    let values = graph.concat(&[&own, &beyond], 2);
    let values = graph.transpose(&values, &[1, 0, 2]);
    let attributes = [
        ("hidden_size", Attribute::Int(hidden as i64)),
        ("direction", Attribute::Text(if backward.is_some() { "bidirectional" } else { "forward" })),
    ];
    let states = graph.node("LSTM", &[&values, &input, &state, &bias], &attributes);
    // (time, directions, batch, hidden)
    let states = graph.transpose(&states, &[2, 0, 1, 3]);
    x.with(graph.reshape(&states, &[0, 0, (count * hidden) as i64]))
}
