//! Two LSTM layers with attention on their memory, attention over time and attention over features (Xie et al. 2019, TASLP
//! 27:1675).
//!
//! Sizes and forms are those of the paper. It leaves open whether attention has biases; here the query of the attention over
//! time and the hidden layer of that over features have them.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use ser_onnx::{Graph, Value};
use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, GraphInput, Input, Sizes, scaled};
use crate::layers::{AttentionLstm, Builder, FeatureAttention, Head, HeadSizes, Pass, TimeAttention};

/// Units of each LSTM layer.
const UNITS: [usize; 2] = [512, 256];
/// Dropout after the first LSTM layer; that after the second has the next number.
const LSTM: u32 = 1000;

/// Parameters of an `attention-lstm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "AttentionLstm")]
pub struct Config {
    /// Size of every layer, as a share of the paper's 512 and 256 units.
    #[schemars(range(min = 0.01, max = 8.0))]
    pub width: f64,
    /// Share of values dropped in training after each LSTM layer.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Size of the dense layer that functionals pass before they are joined; 0 joins them as they are. The paper has none.
    #[schemars(range(min = 0, max = 4096))]
    pub functionals_size: usize,
    /// Share of functionals dropped in training before their dense layer.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub functionals_dropout: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { width: 0.25, dropout: 0.25, functionals_size: 128, functionals_dropout: 0.3 }
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
        let head = HeadSizes {
            inputs: 2 * inputs,
            functionals: sizes.functionals,
            functionals_size: self.functionals_size,
            dense: &[inputs],
            classes: sizes.classes,
            dropout: 0.0,
            functionals_dropout: self.functionals_dropout,
        };
        let head = Head::new(head, builder);
        Network { lstm: lstm.into(), time, features, head, dropout: self.dropout }
    }
}

impl Architecture for Config {
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
