//! From the states of a layer to one vector per clip: attention to frames that are like a query, and to some features of each
//! frame more than to others.

use crate::frames::Frames;
use crate::graph::{Graph, Value};

/// The mean of each clip's frames, weighted by the softmax over time of their inner products with the clip's row of `queries`
/// (batch, width): (batch, width).
pub fn time_attention(x: &Frames, queries: &Value, graph: &mut Graph<'_>) -> Value {
    let queries = graph.unsqueeze(queries, &[2]);
    let scores = graph.matmul(&x.values, &queries);
    let shares = x.shares(&scores, graph);
    let weighted = graph.mul(&x.values, &shares);
    graph.sum(&weighted, 1, false)
}

/// The sum of each clip's frames, each multiplied by the softmax over its features of `tanh(x weight + bias) scores`, for
/// `weight` (width, size), `bias` (size) and `scores` (size, width): (batch, width).
pub fn feature_attention(x: &Frames, weight: &[f32], bias: &[f32], scores: &[f32], graph: &mut Graph<'_>) -> Value {
    let size = bias.len();
    let weight = graph.weights("weight", &[weight.len() / size.max(1), size], weight);
    let bias = graph.weights("bias", &[size], bias);
    let scores = graph.weights("scores", &[size, scores.len() / size.max(1)], scores);
    let hidden = graph.matmul(&x.values, &weight);
    let hidden = graph.add(&hidden, &bias);
    let hidden = graph.apply("Tanh", &hidden);
    let scores = graph.matmul(&hidden, &scores);
    let shares = graph.softmax(&scores, 2);
    let heard = graph.mul(&x.values, &shares);
    let heard = x.with(heard).masked(graph);
    graph.sum(&heard, 1, false)
}
