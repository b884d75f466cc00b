//! LSTM layers with attention on their memory, for which ONNX has no node: a loop over time.

use crate::frames::Frames;
use crate::graph::{Attribute, Graph, Value};

/// Weights of the layer. Columns of the candidate come first, then those of the output gate.
#[derive(Debug, Clone, Copy)]
pub struct AttentionLstm<'a> {
    /// (inputs, 2 * hidden).
    pub input: &'a [f32],
    /// (hidden, 2 * hidden).
    pub state: &'a [f32],
    /// (2 * hidden).
    pub bias: &'a [f32],
    /// From the memory to the hidden layer of the attention: (hidden, attention).
    pub memory: &'a [f32],
    /// (attention).
    pub memory_bias: &'a [f32],
    /// From there to the share of the memory that stays: (attention, hidden).
    pub gate: &'a [f32],
}

/// The states of the layer over `x`, in the order of time.
pub fn attention_lstm(x: &Frames, weights: AttentionLstm<'_>, graph: &mut Graph<'_>) -> Frames {
    let gates = weights.bias.len();
    let (hidden, attention) = (gates / 2, weights.memory_bias.len());
    let input = graph.weights("input", &[weights.input.len() / gates.max(1), gates], weights.input);
    let bias = graph.weights("bias", &[gates], weights.bias);
    let state_weight = graph.weights("state", &[hidden, gates], weights.state);
    let memory_weight = graph.weights("memory", &[hidden, attention], weights.memory);
    let memory_bias = graph.weights("memory_bias", &[attention], weights.memory_bias);
    let gate = graph.weights("gate", &[attention, hidden], weights.gate);

    let heard = graph.matmul(&x.values, &input);
    let heard = graph.add(&heard, &bias);
    let heard = graph.transpose(&heard, &[1, 0, 2]);
    let frame = |at: &Value, graph: &mut Graph<'_>| graph.node("Gather", &[&heard, at], &[("axis", Attribute::Int(0))]);
    let half = |both: &Value, at: usize, graph: &mut Graph<'_>| {
        graph.slice(both, 1, (at * hidden) as i64, ((at + 1) * hidden) as i64)
    };
    let (zero, nothing) = (graph.int(0), graph.float(0.0));
    let first = frame(&zero, graph);
    let first = half(&first, 0, graph);
    let none = graph.mul(&first, &nothing);
    let time = graph.size(&x.values, 1);
    let states = graph.over(&time, [&none, &none], |at, [state, memory], graph| {
        let both = frame(at, graph);
        let recurrent = graph.matmul(state, &state_weight);
        let both = graph.add(&both, &recurrent);
        let attended = graph.matmul(memory, &memory_weight);
        let attended = graph.add(&attended, &memory_bias);
        let attended = graph.apply("Tanh", &attended);
        let attended = graph.matmul(&attended, &gate);
        let kept = graph.apply("Sigmoid", &attended);
        let candidate = half(&both, 0, graph);
        let candidate = graph.apply("Tanh", &candidate);
        let apart = graph.sub(memory, &candidate);
        let apart = graph.mul(&kept, &apart);
        let memory = graph.add(&candidate, &apart);
        let open = half(&both, 1, graph);
        let open = graph.apply("Sigmoid", &open);
        let shown = graph.apply("Tanh", &memory);
        [graph.mul(&open, &shown), memory]
    });
    x.with(graph.transpose(&states, &[1, 0, 2]))
}
