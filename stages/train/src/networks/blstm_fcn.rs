//! An attention-based BiLSTM beside an attention-based fully convolutional network (Zhao et al. 2019, IEEE Access
//! 7:97515).
//!
//! Sizes are those of the paper and of its re-implementation in Strong-AI-Lab/emotion. The convolutions are over time,
//! as in the network for time series that the paper takes them from (Wang, Yan and Oates 2017); where that has a kernel
//! of 8 frames, this has 7, as a kernel here is odd.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};
use ser_ops::ConvSize;

use super::architecture::{Architecture, GraphInput, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{Attention, Builder, ConvBlock, Dense, Head, Lstm, Pass};

/// Channels and frames under the kernel of each convolution; each is followed by max pooling of two frames.
const CONV: [(usize, usize); 3] = [(64, 7), (128, 5), (128, 3)];
/// Units of the LSTM in each direction, of both attentions' hidden layers and of the dense layers.
const UNITS: usize = 128;
/// Dropout after the LSTM; that after a convolution has the number of the convolution.
const LSTM: u32 = 1000;

parameters! {
    /// Parameters of a `blstm-fcn`.
    "BlstmFcn" {
        /// Size of every layer, as a share of the paper's.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 0.25,
        /// Share of values dropped in training after the LSTM and after each convolution.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.2,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let units = scaled(UNITS, self.width);
        let lstm = Lstm::new(sizes.width, units, true, builder);
        let lstm_attention = Attention::new(2 * units, units, builder);
        let mut inputs = sizes.width;
        let conv = CONV
            .iter()
            .map(|(channels, kernel)| {
                let outputs = scaled(*channels, self.width);
                let inputs = std::mem::replace(&mut inputs, outputs);
                ConvBlock::new(ConvSize { inputs, outputs, kernel: *kernel, stride: 1 }, 2, builder)
            })
            .collect();
        let projection = Dense::linear(inputs, units, builder);
        let conv_attention = Attention::new(units, units, builder);
        let head = self.head(3 * units, &[units], 0.0, sizes, builder);
        Network { lstm, lstm_attention, conv, projection, conv_attention, head, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn paper(&self) -> Option<&'static str> {
        Some("Zhao et al. 2019, IEEE Access 7:97515")
    }

    fn described(&self) -> Vec<String> {
        let units = scaled(UNITS, self.width);
        vec![
            format!("a bidirectional LSTM of {units} units with attention"),
            "beside it three convolutions over time with attention".to_owned(),
        ]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    lstm: Lstm,
    lstm_attention: Attention,
    conv: Vec<ConvBlock>,
    projection: Dense,
    conv_attention: Attention,
    head: Head,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let mut states = self.lstm.forward(input.frames.clone(), pass);
        states.values = pass.dropout(states.values, LSTM, self.dropout);
        let states = self.lstm_attention.forward(states, false, pass);
        let mut x = input.frames.clone();
        for (layer, conv) in (0..).zip(&self.conv) {
            x = conv.forward(x, pass);
            x.values = pass.dropout(x.values, layer, self.dropout);
        }
        x.values = self.projection.forward(x.values, pass).tanh();
        let heard = self.conv_attention.forward(x, false, pass);
        self.head.forward(Tensor::cat(vec![states, heard], 1), input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let states = self.lstm.graph(&input.frames, &mut graph.at("lstm"));
        let states = self.lstm_attention.graph(&states, false, &mut graph.at("lstm_attention"));
        let mut x = input.frames.clone();
        for (layer, conv) in self.conv.iter().enumerate() {
            x = conv.graph(&x, &mut graph.at(format_args!("conv.{layer}")));
        }
        let projected = self.projection.graph(&x.values, &mut graph.at("projection"));
        let x = x.with(graph.apply("Tanh", &projected));
        let heard = self.conv_attention.graph(&x, false, &mut graph.at("conv_attention"));
        let both = graph.concat(&[&states, &heard], 1);
        self.head.graph(both, input.functionals.as_ref(), graph)
    }
}
