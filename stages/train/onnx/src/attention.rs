//! Attention over each clip's frames.

use crate::frames::Frames;
use crate::graph::{Graph, Value};

/// Weights of additive attention with one query.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// (inputs, size).
    pub weight: &'a [f32],
    /// (size).
    pub bias: &'a [f32],
    /// (size).
    pub query: &'a [f32],
    /// Added to the variance before its root is taken; `None` where the mean alone is wanted.
    pub statistics: Option<f32>,
}

/// The mean of each clip's frames, weighted by the softmax of `query . tanh(x weight + bias)`: (batch, width); with
/// statistics the weighted standard deviation behind it.
pub fn attention(x: &Frames, weights: Attention<'_>, graph: &mut Graph<'_>) -> Value {
    let size = weights.bias.len();
    let weight = graph.weights("weight", &[weights.weight.len() / size, size], weights.weight);
    let bias = graph.weights("bias", &[size], weights.bias);
    let query = graph.weights("query", &[size, 1], weights.query);
    let hidden = graph.matmul(&x.values, &weight);
    let hidden = graph.add(&hidden, &bias);
    let hidden = graph.apply("Tanh", &hidden);
    let scores = graph.matmul(&hidden, &query);
    let shares = x.shares(&scores, graph);
    let weighted = graph.mul(&x.values, &shares);
    let Some(epsilon) = weights.statistics else { return graph.sum(&weighted, 1, false) };
    let mean = graph.sum(&weighted, 1, true);
    let deviation = graph.sub(&x.values, &mean);
    let squares = graph.mul(&deviation, &deviation);
    let squares = graph.mul(&squares, &shares);
    let variance = graph.sum(&squares, 1, true);
    let epsilon = graph.float(epsilon);
    let variance = graph.add(&variance, &epsilon);
    let deviation = graph.apply("Sqrt", &variance);
    let both = graph.concat(&[&mean, &deviation], 2);
    graph.reshape(&both, &[0, -1])
}
