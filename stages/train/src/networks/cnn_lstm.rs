//! The network of the seed paper: convolutions over time, an LSTM, pooling over time, dense layers; with attentive statistics
//! and the clip's functionals as further choices.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use ser_onnx::{Frames, Graph, Value};
use ser_ops::{ConvSize, last, mean};
use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, GraphInput, Input, Sizes};
use crate::layers::{Attention, Builder, ConvBlock, Head, HeadSizes, Pass, Ragged};
use crate::words::{listed, word};

/// Dropout before the first LSTM layer after the first; that after a convolution has the number of the convolution.
const LSTM: u32 = 1000;

/// Parameters of a `cnn-lstm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "CnnLstm")]
pub struct Config {
    /// Convolutions over time, in order; each is followed by batch normalisation, ReLU, max pooling and dropout.
    pub conv: Vec<ConvLayer>,
    /// The LSTM after the convolutions.
    pub lstm: Lstm,
    /// How a clip's frames become one vector.
    pub pooling: Pooling,
    /// Size of the hidden layer that scores frames, for `attention` and `attentive-statistics`.
    #[schemars(range(min = 1, max = 4096))]
    pub attention_size: usize,
    /// Size of the dense layer that functionals pass before they are joined; 0 joins them as they are.
    #[schemars(range(min = 0, max = 4096))]
    pub functionals_size: usize,
    /// Sizes of the dense layers (with ReLU) between the clip's vector and the classes.
    #[schemars(inner(range(min = 1, max = 8192)))]
    pub dense: Vec<usize>,
    /// Share of values dropped in training after each convolution, between LSTM layers and before each dense layer.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub dropout: f64,
    /// Share of functionals dropped in training before their dense layer.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub functionals_dropout: f64,
}

/// One convolution over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvLayer {
    /// Channels out.
    #[schemars(range(min = 1, max = 8192))]
    pub channels: usize,
    /// Frames under the kernel; odd.
    #[schemars(range(min = 1, max = 255))]
    pub kernel: usize,
    /// Frames between positions of the kernel.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    pub stride: usize,
    /// Frames of which max pooling keeps the highest; 1: no pooling.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    pub pool: usize,
}

/// The LSTM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lstm {
    /// Size of the state of each direction.
    #[schemars(range(min = 1, max = 8192))]
    pub hidden: usize,
    /// Whether a second LSTM reads each clip from its end.
    pub bidirectional: bool,
    /// Layers; 0 leaves the LSTM out.
    #[schemars(range(min = 0, max = 16))]
    pub layers: usize,
}

/// How frames become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The final state of each direction.
    Last,
    /// The mean of all frames.
    Mean,
    /// The mean of all frames, weighted by a learnt score.
    Attention,
    /// Weighted mean and weighted standard deviation.
    AttentiveStatistics,
}

fn one() -> usize {
    1
}

impl Default for Config {
    fn default() -> Self {
        Self {
            conv: vec![
                ConvLayer { channels: 64, kernel: 5, stride: 2, pool: 1 },
                ConvLayer { channels: 96, kernel: 5, stride: 1, pool: 2 },
            ],
            lstm: Lstm::default(),
            pooling: Pooling::AttentiveStatistics,
            attention_size: 32,
            functionals_size: 128,
            dense: vec![64],
            dropout: 0.25,
            functionals_dropout: 0.3,
        }
    }
}

impl Default for Lstm {
    fn default() -> Self {
        Self { hidden: 64, bidirectional: true, layers: 1 }
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let mut width = sizes.width;
        let conv = self
            .conv
            .iter()
            .map(|layer| {
                let inputs = std::mem::replace(&mut width, layer.channels);
                let size = ConvSize { inputs, outputs: layer.channels, kernel: layer.kernel, stride: layer.stride };
                ConvBlock::new(size, layer.pool, builder)
            })
            .collect();
        let directions = if self.lstm.bidirectional { 2 } else { 1 };
        let lstm = (0..self.lstm.layers)
            .map(|_| {
                let inputs = std::mem::replace(&mut width, self.lstm.hidden * directions);
                crate::layers::Lstm::new(inputs, self.lstm.hidden, self.lstm.bidirectional, builder)
            })
            .collect();
        let has_attention = matches!(self.pooling, Pooling::Attention | Pooling::AttentiveStatistics);
        let attention = has_attention.then(|| Attention::new(width, self.attention_size, builder));
        let head = HeadSizes {
            inputs: width * if self.pooling == Pooling::AttentiveStatistics { 2 } else { 1 },
            functionals: sizes.functionals,
            functionals_size: self.functionals_size,
            dense: &self.dense,
            classes: sizes.classes,
            dropout: self.dropout,
            functionals_dropout: self.functionals_dropout,
        };
        Network {
            conv,
            lstm,
            attention,
            head: Head::new(head, builder),
            pooling: self.pooling,
            forward_width: if self.lstm.layers == 0 { width } else { self.lstm.hidden },
            width,
            dropout: self.dropout,
        }
    }
}

impl Architecture for Config {
    fn check(&self, problem: &mut dyn FnMut(&str, String, &str)) {
        for (index, layer) in self.conv.iter().enumerate() {
            if layer.kernel.is_multiple_of(2) {
                let hint = format!("use {} or {}", layer.kernel.saturating_sub(1).max(1), layer.kernel + 1);
                let message = format!("expected an odd number, found {}", layer.kernel);
                problem(&format!("conv[{index}].kernel"), message, &hint);
            }
        }
        if self.conv.is_empty() && self.lstm.layers == 0 && !matches!(self.pooling, Pooling::Mean) {
            let message = "neither convolutions nor an LSTM are declared".to_owned();
            problem("pooling", message, "declare a layer, or use `mean`");
        }
    }

    fn paper(&self) -> Option<&'static str> {
        Some("Ranjan, Giri, Dixit and Sourabh, “A Hybrid Approach of CNN-LSTM for Speech Emotion Recognition”")
    }

    fn described(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if !self.conv.is_empty() {
            let channels: Vec<String> = self.conv.iter().map(|layer| layer.channels.to_string()).collect();
            parts.push(format!("convolutions over time with {} channels", listed(&channels)));
        }
        if self.lstm.layers > 0 {
            let both = if self.lstm.bidirectional { "bidirectional " } else { "" };
            parts.push(format!("a {both}LSTM of {} units", self.lstm.hidden));
        }
        parts.push(format!("{} pooling", word(self.pooling).replace('-', " ")));
        parts
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    conv: Vec<ConvBlock>,
    lstm: Vec<crate::layers::Lstm>,
    attention: Option<Attention>,
    head: Head,
    #[module(skip)]
    pooling: Pooling,
    /// Columns before pooling that come from the forward direction.
    forward_width: usize,
    /// Columns before pooling.
    width: usize,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let mut x = input.frames.clone();
        for (layer, conv) in (0..).zip(&self.conv) {
            x = conv.forward(x, pass);
            x.values = pass.dropout(x.values, layer, self.dropout);
        }
        for (layer, lstm) in (LSTM..).zip(&self.lstm) {
            if layer > LSTM {
                x.values = pass.dropout(x.values, layer, self.dropout);
            }
            x = lstm.forward(x, pass);
        }
        let pooled = self.pool(x, pass);
        self.head.forward(pooled, input.functionals.as_ref(), pass)
    }

    fn pool(&self, x: Ragged, pass: &Pass) -> Tensor<2> {
        match (&self.attention, self.pooling) {
            (Some(attention), pooling) => attention.forward(x, pooling == Pooling::AttentiveStatistics, pass),
            (None, Pooling::Last) => last(pass.kernels, x.values, &x.lens, self.forward_width),
            (None, _) => mean(pass.kernels, x.values, &x.lens),
        }
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let mut x = input.frames.clone();
        for (layer, conv) in self.conv.iter().enumerate() {
            x = conv.graph(&x, &mut graph.at(format_args!("conv.{layer}")));
        }
        for (layer, lstm) in self.lstm.iter().enumerate() {
            x = lstm.graph(&x, &mut graph.at(format_args!("lstm.{layer}")));
        }
        let pooled = self.pool_graph(&x, graph);
        self.head.graph(pooled, input.functionals.as_ref(), graph)
    }

    fn pool_graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Value {
        match (&self.attention, self.pooling) {
            (Some(attention), pooling) => {
                attention.graph(x, pooling == Pooling::AttentiveStatistics, &mut graph.at("attention"))
            }
            (None, Pooling::Last) => x.last(self.forward_width, self.width, graph),
            (None, _) => x.mean(graph),
        }
    }
}
