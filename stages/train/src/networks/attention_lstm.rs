//! Two LSTM layers with attention on their memory, attention over time and attention over features (Xie et al. 2019,
//! TASLP 27:1675).
//!
//! Sizes and forms are those of the paper. It leaves open whether attention has biases; here the query of the attention
//! over time and the hidden layer of that over features have them.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};

use super::architecture::{Architecture, GraphInput, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{AttentionLstm, Builder, FeatureAttention, Head, Pass, TimeAttention};

/// Units of each LSTM layer.
const UNITS: [usize; 2] = [512, 256];
/// Dropout after the first LSTM layer; that after the second has the next number.
const LSTM: u32 = 1000;

parameters! {
    /// Parameters of an `attention-lstm`.
    "AttentionLstm" {
        /// Size of every layer, as a share of the paper's 512 and 256 units.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 0.25,
        /// Share of values dropped in training after each LSTM layer.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.25,
    }
}

impl Config {
    fn units(&self) -> [usize; 2] {
        UNITS.map(|units| scaled(units, self.width))
    }

    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let mut inputs = sizes.width;
        let lstm = self.units().map(|units| AttentionLstm::new(std::mem::replace(&mut inputs, units), units, builder));
        let time = TimeAttention::new(inputs, builder);
        let features = FeatureAttention::new(inputs, builder);
        let head = self.head(2 * inputs, &[inputs], 0.0, sizes, builder);
        Network { lstm: lstm.into(), time, features, head, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn paper(&self) -> Option<&'static str> {
        Some("Xie et al. 2019, IEEE/ACM TASLP 27:1675")
    }

    fn described(&self) -> Vec<String> {
        let [first, second] = self.units();
        vec![
            format!("two LSTM layers of {first} and {second} units with attention on their memory"),
            "attention over time and over features".to_owned(),
        ]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    lstm: Vec<AttentionLstm>,
    time: TimeAttention,
    features: FeatureAttention,
    head: Head,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let mut x = input.frames.clone();
        for (layer, lstm) in (LSTM..).zip(&self.lstm) {
            x = lstm.forward(x, pass);
            x.values = pass.dropout(x.values, layer, self.dropout);
        }
        let by_time = self.time.forward(x.clone(), pass);
        let by_features = self.features.forward(x, pass);
        self.head.forward(Tensor::cat(vec![by_time, by_features], 1), input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let mut x = input.frames.clone();
        for (layer, lstm) in self.lstm.iter().enumerate() {
            x = lstm.graph(&x, &mut graph.at(format_args!("lstm.{layer}")));
        }
        let by_time = self.time.graph(&x, &mut graph.at("time"));
        let by_features = self.features.graph(&x, &mut graph.at("features"));
        let both = graph.concat(&[&by_time, &by_features], 1);
        self.head.graph(both, input.functionals.as_ref(), graph)
    }
}
