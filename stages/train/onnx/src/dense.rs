//! Fully connected layers, and the scale and shift that normalisation leaves.

use crate::graph::{Graph, Value};

/// `x weight + bias` of the last dimension: (.., inputs), (inputs, outputs), (outputs) -> (.., outputs).
pub fn dense(x: &Value, weight: &[f32], bias: &[f32], graph: &mut Graph<'_>) -> Value {
    let weight = graph.weights("weight", &[weight.len() / bias.len().max(1), bias.len()], weight);
    let bias = graph.weights("bias", &[bias.len()], bias);
    let product = graph.matmul(x, &weight);
    graph.add(&product, &bias)
}

/// `x scale + shift`, each column: (.., columns).
pub fn affine(x: &Value, scale: &[f32], shift: &[f32], graph: &mut Graph<'_>) -> Value {
    let scale = graph.weights("scale", &[scale.len()], scale);
    let shift = graph.weights("shift", &[shift.len()], shift);
    let scaled = graph.mul(x, &scale);
    graph.add(&scaled, &shift)
}
