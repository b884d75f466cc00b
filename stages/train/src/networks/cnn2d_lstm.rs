//! A CNN over the log-mel spectrogram with an LSTM (Zhao, Mao and Chen 2019, Biomedical Signal Processing and Control
//! 47:312).
//!
//! Four blocks of convolution, batch normalisation, ELU and max pooling, an LSTM over the frames that are left, and the
//! classes from its last state. The paper pools 2 frames by 2 bands and then 4 by 4 each time; here time is pooled by 2
//! each time, so that the LSTM hears a sixteenth of the frames, 19 of three seconds, where the paper's hears three.
//! Dropout is ours.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};
use ser_ops::{Activation, last};

use super::architecture::{Architecture, GraphInput, Hears, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{Builder, Conv2d, Conv2dPlan, Head, ImageSize, Lstm, Pass};

/// Channels of each convolution, and frames and bands that are pooled after it.
const CONV: [(usize, [usize; 2]); 4] = [(64, [2, 2]), (64, [2, 4]), (128, [2, 4]), (128, [2, 4])];
/// Units of the LSTM.
const UNITS: usize = 256;
/// Dropout before the LSTM.
const LSTM: u32 = 1000;

parameters! {
    /// Parameters of a `cnn2d-lstm`.
    "Cnn2dLstm" {
        /// Size of every layer, as a share of the paper's.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 0.5,
        /// Share of values dropped in training before the LSTM and before the classes.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.25,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let mut image = ImageSize { bands: sizes.width, channels: 1 };
        let conv = CONV
            .iter()
            .map(|(channels, pool)| {
                let plan = Conv2dPlan {
                    channels: scaled(*channels, self.width),
                    kernel: [3, 3],
                    dilation: [1, 1],
                    normalised: true,
                    pool: *pool,
                    activation: Activation::Elu,
                };
                Conv2d::new(plan, &mut image, builder)
            })
            .collect();
        let units = scaled(UNITS, self.width);
        let lstm = Lstm::new(image.width(), units, false, builder);
        let head = self.head(units, &[], self.dropout, sizes, builder);
        Network { conv, lstm, head, units, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn hears(&self) -> Hears {
        Hears::Image
    }

    fn paper(&self) -> Option<&'static str> {
        Some("Zhao, Mao and Chen 2019, Biomedical Signal Processing and Control 47:312")
    }

    fn described(&self) -> Vec<String> {
        vec![
            "four convolutions over the log-mel spectrogram".to_owned(),
            format!("an LSTM of {} units", scaled(UNITS, self.width)),
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
    lstm: Lstm,
    head: Head,
    units: usize,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let mut x = input.frames.clone();
        for conv in &self.conv {
            x = conv.forward(x, pass);
        }
        x.values = pass.dropout(x.values, LSTM, self.dropout);
        let x = self.lstm.forward(x, pass);
        let heard = last(pass.kernels, x.values, &x.lens, self.units);
        self.head.forward(heard, input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let mut x = input.frames.clone();
        for (layer, conv) in self.conv.iter().enumerate() {
            x = conv.graph(&x, &mut graph.at(format_args!("conv.{layer}")));
        }
        let x = self.lstm.graph(&x, &mut graph.at("lstm"));
        let heard = x.last(self.units, self.units, graph);
        self.head.graph(heard, input.functionals.as_ref(), graph)
    }
}
