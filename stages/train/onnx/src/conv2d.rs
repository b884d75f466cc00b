//! Convolutions over time and frequency.

use crate::frames::{FAR_BELOW, Frames};
use crate::graph::{Attribute, Graph, Value};

/// What is computed of each value after a convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// max(x, 0).
    Relu,
    /// x, or this share of it where it is negative.
    LeakyRelu(f32),
    /// x, or exp(x) - 1 where it is negative.
    Elu,
}

impl Activation {
    /// Of `x`.
    pub fn of(self, x: Value, graph: &mut Graph<'_>) -> Value {
        match self {
            Self::Identity => x,
            Self::Relu => graph.apply("Relu", &x),
            Self::LeakyRelu(share) => graph.node("LeakyRelu", &[&x], &[("alpha", Attribute::Float(share))]),
            Self::Elu => graph.node("Elu", &[&x], &[("alpha", Attribute::Float(1.0))]),
        }
    }
}

/// Weights and sizes of a convolution over time and frequency. Around an image there are as many zeros as keep its size.
#[derive(Debug, Clone, Copy)]
pub struct Conv2d<'a> {
    /// (kernel frames, kernel bands, inputs, outputs).
    pub weight: &'a [f32],
    /// (outputs).
    pub bias: &'a [f32],
    /// Bands of the image.
    pub bands: usize,
    /// Channels in, which stand together in a frame, band after band.
    pub inputs: usize,
    /// Frames and bands under the kernel.
    pub kernel: [usize; 2],
    /// Frames and bands from one value under the kernel to the next.
    pub dilation: [usize; 2],
    /// Frames and bands of which the highest value is kept; last, shorter windows count too.
    pub pool: [usize; 2],
    /// What is computed of it.
    pub activation: Activation,
}

impl Conv2d<'_> {
    /// (outputs, inputs, kernel frames, kernel bands), as ONNX has it.
    fn turned(&self) -> Vec<f32> {
        let (outputs, taps) = (self.bias.len(), self.kernel[0] * self.kernel[1]);
        let mut turned = Vec::with_capacity(self.weight.len());
        for output in 0..outputs {
            for input in 0..self.inputs {
                turned.extend((0..taps).map(|tap| self.weight[(tap * self.inputs + input) * outputs + output]));
            }
        }
        turned
    }
}

/// `x` (batch, time, bands * inputs) convolved, the activation, the highest of every window: (batch, fewer frames, fewer bands
/// * outputs).
pub fn conv2d(x: &Frames, conv: Conv2d<'_>, graph: &mut Graph<'_>) -> Frames {
    let outputs = conv.bias.len();
    let [frames_under, bands_under] = conv.kernel;
    let weight = graph.weights("weight", &[outputs, conv.inputs, frames_under, bands_under], &conv.turned());
    let bias = graph.weights("bias", &[outputs], conv.bias);
    let both = |sizes: [usize; 2]| sizes.map(|size| size as i64);
    let pads = [0, 1].map(|axis| ((conv.kernel[axis] - 1) * conv.dilation[axis] / 2) as i64);
    let own = x.masked(graph);
    let image = graph.reshape(&own, &[0, 0, conv.bands as i64, conv.inputs as i64]);
    let image = graph.transpose(&image, &[0, 3, 1, 2]);
    let attributes = [
        ("kernel_shape", Attribute::Ints(&both(conv.kernel))),
        ("dilations", Attribute::Ints(&both(conv.dilation))),
        ("pads", Attribute::Ints(&[pads[0], pads[1], pads[0], pads[1]])),
    ];
    let image = graph.node("Conv", &[&image, &weight, &bias], &attributes);
    let mut image = conv.activation.of(image, graph);
    let [frames, bands] = both(conv.pool);
    if conv.pool != [1, 1] {
        let (within, far_below) = (x.within(&[1, 3], graph), graph.float(FAR_BELOW));
        let own = graph.choose(&within, &image, &far_below);
        let attributes = [
            ("kernel_shape", Attribute::Ints(&both(conv.pool))),
            ("strides", Attribute::Ints(&both(conv.pool))),
            ("pads", Attribute::Ints(&[0, 0, frames - 1, bands - 1])),
        ];
        image = graph.node("MaxPool", &[&own], &attributes);
    }
    let x = x.every(conv.pool[0], image, 2, graph);
    let rows = graph.transpose(&x.values, &[0, 2, 3, 1]);
    x.with(graph.reshape(&rows, &[0, 0, (conv.bands.div_ceil(conv.pool[1]) * outputs) as i64]))
}
