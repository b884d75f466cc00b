//! Convolutions over time.

use crate::frames::Frames;
use crate::graph::{Attribute, Graph, Value};

/// Weights and sizes of a convolution over time.
#[derive(Debug, Clone, Copy)]
pub struct Conv<'a> {
    /// (kernel, inputs, outputs).
    pub weight: &'a [f32],
    /// (outputs).
    pub bias: &'a [f32],
    /// Channels in.
    pub inputs: usize,
    /// Frames under the kernel.
    pub kernel: usize,
    /// Frames between positions of the kernel.
    pub stride: usize,
    /// Frames between those under the kernel; more than 1 in causal convolutions only.
    pub dilation: usize,
    /// Whether the kernel ends with the frame itself, rather than being centred on it. Zeros stand where it is beyond a clip.
    pub causal: bool,
}

impl Conv<'_> {
    /// (batch, outputs, inputs, kernel flattened): ONNX has the kernel last.
    fn turned(&self) -> Vec<f32> {
        let outputs = self.bias.len();
        let mut turned = Vec::with_capacity(self.weight.len());
        for output in 0..outputs {
            for input in 0..self.inputs {
                turned.extend((0..self.kernel).map(|tap| self.weight[(tap * self.inputs + input) * outputs + output]));
            }
        }
        turned
    }
}

/// `x` convolved, ReLU, and the highest of every `pool` frames; a last, shorter window counts too.
pub fn conv_relu(x: &Frames, conv: Conv<'_>, pool: usize, graph: &mut Graph<'_>) -> Frames {
    let weight = graph.weights("weight", &[conv.bias.len(), conv.inputs, conv.kernel], &conv.turned());
    let bias = graph.weights("bias", &[conv.bias.len()], conv.bias);
    let reach = ((conv.kernel - 1) * conv.dilation) as i64;
    // What a causal kernel hears is before the frame, where a clip has no padding.
    let (values, pads) = if conv.causal {
        (graph.transpose(&x.values, &[0, 2, 1]), [reach, 0])
    } else {
        (channels_first(x, graph), [reach / 2, reach / 2])
    };
    let attributes = [
        ("kernel_shape", Attribute::Ints(&[conv.kernel as i64])),
        ("strides", Attribute::Ints(&[conv.stride as i64])),
        ("dilations", Attribute::Ints(&[conv.dilation as i64])),
        ("pads", Attribute::Ints(&pads)),
    ];
    let values = graph.node("Conv", &[&values, &weight, &bias], &attributes);
    let values = graph.apply("Relu", &values);
    let mut x = x.every(conv.stride, values, 2, graph);
    if pool > 1 {
        // Nothing is lower than the zeros beyond a clip's end.
        let (within, zero) = (x.within(&[1], graph), graph.float(0.0));
        let values = graph.choose(&within, &x.values, &zero);
        let pool_size = [pool as i64];
        let attributes = [
            ("kernel_shape", Attribute::Ints(&pool_size)),
            ("strides", Attribute::Ints(&pool_size)),
            ("pads", Attribute::Ints(&[0, pool as i64 - 1])),
        ];
        let values = graph.node("MaxPool", &[&values], &attributes);
        x = x.every(pool, values, 2, graph);
    }
    x.with(graph.transpose(&x.values, &[0, 2, 1]))
}

/// (batch, width, time), zeros beyond each clip's end.
fn channels_first(x: &Frames, graph: &mut Graph<'_>) -> Value {
    let own = x.masked(graph);
    graph.transpose(&own, &[0, 2, 1])
}
