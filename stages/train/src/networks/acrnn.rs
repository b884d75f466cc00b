//! ACRNN, a 3-D attention-based convolutional recurrent network (Chen et al. 2018, IEEE Signal Processing Letters
//! 25:1440), with the pooling of its public code (`acrnn1.py`: 2 frames by 4 bands).
//!
//! Bands, deltas and delta-deltas are three channels of an image. The paper compares one to six convolutions: one has
//! all but the UAR of six (0.642 and 0.647 on IEMOCAP) at a thirtieth of the cost, so one is the default. Attention has
//! a hidden layer here, as in all networks of this crate, where the paper scores states directly; dropout is ours.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};
use ser_ops::Activation;

use super::architecture::{Architecture, GraphInput, Hears, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{
    Attention, Builder, Conv2d, Conv2dPlan, Head, ImageSize, Lstm, Pass, Ragged, with_deltas, with_deltas_graph,
};

/// Channels of the first convolution, and of the others.
const CHANNELS: [usize; 2] = [128, 256];
/// Units of the layer between convolutions and LSTM.
const PROJECTION: usize = 768;
/// Units of the LSTM in each direction.
const UNITS: usize = 128;
/// Units of the layer before the classes, and of the attention's hidden layer.
const DENSE: usize = 64;
/// Dropout before the LSTM.
const LSTM: u32 = 1000;

parameters! {
    /// Parameters of an `acrnn`.
    "Acrnn" {
        /// Size of every layer, as a share of the paper's.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 0.5,
        /// Convolutions; the paper has six, of which all but the first are expensive.
        #[schemars(range(min = 1, max = 6))]
        conv_layers: usize = 1,
        /// Share of values dropped in training before the LSTM and before the classes.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.25,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let mut image = ImageSize { bands: sizes.width, channels: 3 };
        let conv = (0..self.conv_layers)
            .map(|layer| {
                let plan = Conv2dPlan {
                    channels: scaled(CHANNELS[layer.min(1)], self.width),
                    kernel: [5, 3],
                    dilation: [1, 1],
                    normalised: false,
                    pool: if layer == 0 { [2, 4] } else { [1, 1] },
                    activation: Activation::LeakyRelu,
                };
                Conv2d::new(plan, &mut image, builder)
            })
            .collect();
        let (projected, units, dense) =
            (scaled(PROJECTION, self.width), scaled(UNITS, self.width), scaled(DENSE, self.width));
        let projection = Conv2d::dense(image.width(), projected, builder);
        let lstm = Lstm::new(projected, units, true, builder);
        let attention = Attention::new(2 * units, dense, builder);
        let last = Conv2d::dense(2 * units, dense, builder);
        let head = self.head(dense, &[], self.dropout, sizes, builder);
        Network { conv, projection, lstm, attention, last, head, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn hears(&self) -> Hears {
        Hears::Image
    }

    fn paper(&self) -> Option<&'static str> {
        Some("Chen et al. 2018, IEEE Signal Processing Letters 25:1440")
    }

    fn described(&self) -> Vec<String> {
        let count = if self.conv_layers == 1 { "a convolution" } else { "convolutions" };
        vec![
            format!("{count} over the log-mel spectrogram with its deltas"),
            format!("a bidirectional LSTM of {} units with attention", scaled(UNITS, self.width)),
        ]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    conv: Vec<Conv2d>,
    projection: Conv2d,
    lstm: Lstm,
    attention: Attention,
    last: Conv2d,
    head: Head,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let mut x = with_deltas(input.frames.clone(), pass);
        for conv in &self.conv {
            x = conv.forward(x, pass);
        }
        let mut x = self.projection.forward(x, pass);
        x.values = pass.dropout(x.values, LSTM, self.dropout);
        let x = self.lstm.forward(x, pass);
        let heard = Ragged::of_clips(self.attention.forward(x, false, pass));
        let heard = self.last.forward(heard, pass).values;
        self.head.forward(heard, input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let mut x = with_deltas_graph(&input.frames, graph);
        for (layer, conv) in self.conv.iter().enumerate() {
            x = conv.graph(&x, &mut graph.at(format_args!("conv.{layer}")));
        }
        let x = x.with(self.projection.dense_graph(&x.values, &mut graph.at("projection")));
        let x = self.lstm.graph(&x, &mut graph.at("lstm"));
        let heard = self.attention.graph(&x, false, &mut graph.at("attention"));
        let heard = self.last.dense_graph(&heard, &mut graph.at("last"));
        self.head.graph(heard, input.functionals.as_ref(), graph)
    }
}
