//! Two LSTM layers, the first of which only changes what it hears: its states are added to its input, with batch
//! normalisation before and after. A light network; forget gates begin open, as in all LSTMs here.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};
use ser_ops::last;

use super::architecture::{Architecture, GraphInput, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{Builder, Head, Lstm, Norm, Pass};

/// Units of the second LSTM.
const UNITS: usize = 128;
/// Dropout before the second LSTM.
const LSTM: u32 = 1000;

parameters! {
    /// Parameters of a `residual-lstm`.
    "ResidualLstm" {
        /// Size of the second LSTM, as a share of 128 units; the first has as many as there are frame features.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 1.0,
        /// Share of values dropped in training before the second LSTM and before the classes.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.25,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let units = scaled(UNITS, self.width);
        let before = Norm::new(sizes.width, builder);
        let residual = Lstm::new(sizes.width, sizes.width, false, builder);
        let between = Norm::new(sizes.width, builder);
        let lstm = Lstm::new(sizes.width, units, false, builder);
        let head = self.head(units, &[], self.dropout, sizes, builder);
        Network { before, residual, between, lstm, head, units, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn paper(&self) -> Option<&'static str> {
        None
    }

    fn described(&self) -> Vec<String> {
        vec!["a residual LSTM".to_owned(), format!("an LSTM of {} units", scaled(UNITS, self.width))]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    before: Norm,
    residual: Lstm,
    between: Norm,
    lstm: Lstm,
    head: Head,
    units: usize,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let heard = self.before.forward(input.frames.clone(), pass);
        let mut x = self.residual.forward(heard.clone(), pass);
        x.values = x.values + heard.values;
        let mut x = self.between.forward(x, pass);
        x.values = pass.dropout(x.values, LSTM, self.dropout);
        let x = self.lstm.forward(x, pass);
        let pooled = last(pass.kernels, x.values, &x.lens, self.units);
        self.head.forward(pooled, input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let heard = self.before.graph(&input.frames, &mut graph.at("before"));
        let x = self.residual.graph(&heard, &mut graph.at("residual"));
        let x = x.with(graph.add(&x.values, &heard.values));
        let x = self.between.graph(&x, &mut graph.at("between"));
        let x = self.lstm.graph(&x, &mut graph.at("lstm"));
        let pooled = x.last(self.units, self.units, graph);
        self.head.graph(pooled, input.functionals.as_ref(), graph)
    }
}
