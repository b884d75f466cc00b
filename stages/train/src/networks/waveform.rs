//! Convolutions over the samples themselves and two LSTM layers (Tzirakis, Zhang and Schuller 2018, ICASSP, "End-to-end
//! speech emotion recognition using deep neural networks").
//!
//! Sizes are those of the paper and of its public code (`Emo18` of end2you), from which the batch normalisation is,
//! too: one frame is left of 640 samples, 40 ms at 16 kHz. Where that has kernels of 8 and 6 samples, this has 7 and 5,
//! as a kernel here is odd. The paper tells emotion frame by frame; here the mean of the states over time tells that of
//! the clip. Samples are brought to mean 0 and standard deviation 1 clip by clip before they come in.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};
use ser_ops::{ConvSize, mean};

use super::architecture::{Architecture, GraphInput, Hears, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{Builder, ConvBlock, Head, Lstm, Pass, Ragged};

/// Channels, frames under the kernel and frames pooled of each convolution.
const CONV: [(usize, usize, usize); 3] = [(64, 7, 10), (128, 5, 8), (256, 5, 8)];
/// Units of each LSTM layer.
const UNITS: usize = 256;
const LSTM_LAYERS: usize = 2;

parameters! {
    /// Parameters of a `waveform`.
    "Waveform" {
        /// Size of every layer, as a share of the paper's.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 0.25,
        /// Share of values dropped in training after each convolution; 0.5 in the paper.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.2,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let mut inputs = 1;
        let conv = CONV
            .iter()
            .map(|(channels, kernel, pool)| {
                let outputs = scaled(*channels, self.width);
                let inputs = std::mem::replace(&mut inputs, outputs);
                ConvBlock::recomputed(ConvSize { inputs, outputs, kernel: *kernel, stride: 1 }, *pool, builder)
            })
            .collect();
        let units = scaled(UNITS, self.width);
        let lstm =
            (0..LSTM_LAYERS).map(|_| Lstm::new(std::mem::replace(&mut inputs, units), units, false, builder)).collect();
        let head = self.head(units, &[], 0.0, sizes, builder);
        Network { conv, lstm, head, hop: sizes.width, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn hears(&self) -> Hears {
        Hears::Waveform
    }

    fn paper(&self) -> Option<&'static str> {
        Some("Tzirakis, Zhang and Schuller 2018, ICASSP")
    }

    fn described(&self) -> Vec<String> {
        let [first, second, third] = CONV.map(|(channels, ..)| scaled(channels, self.width));
        vec![
            format!("convolutions over samples with {first}, {second} and {third} channels"),
            format!("two LSTM layers of {} units", scaled(UNITS, self.width)),
            "the mean over time".to_owned(),
        ]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    conv: Vec<ConvBlock>,
    lstm: Vec<Lstm>,
    head: Head,
    /// Samples of a frame.
    hop: usize,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let Ragged { values, lens } = input.frames.clone();
        let [frames, hop] = values.dims();
        let mut x = Ragged { values: values.reshape([frames * hop, 1]), lens: lens.map(|len| len * hop) };
        for (layer, conv) in (0..).zip(&self.conv) {
            x = conv.forward(x, pass);
            x.values = pass.dropout(x.values, layer, self.dropout);
        }
        for lstm in &self.lstm {
            x = lstm.forward(x, pass);
        }
        self.head.forward(mean(pass.kernels, x.values, &x.lens), input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let mut x = input.frames.unrolled(self.hop, graph);
        for (layer, conv) in self.conv.iter().enumerate() {
            x = conv.graph(&x, &mut graph.at(format_args!("conv.{layer}")));
        }
        for (layer, lstm) in self.lstm.iter().enumerate() {
            x = lstm.graph(&x, &mut graph.at(format_args!("lstm.{layer}")));
        }
        let mean = x.mean(graph);
        self.head.graph(mean, input.functionals.as_ref(), graph)
    }
}
