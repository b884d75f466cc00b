//! ADRNN, an attention-based dilated residual network with an LSTM (Meng et al. 2019, IEEE Access 7:125868); sizes are
//! also those of its public re-implementation (donghyun1234/speech_emotion_recognition, `adrnn.py`).
//!
//! Bands, deltas and delta-deltas are three channels of an image. After a first convolution, three dilated ones stand
//! beside a single one that skips them. The vector before the classes is drawn to the centre of its class by a centre
//! loss. Here as in the paper's description normalisation comes before the leaky ReLU; attention has a hidden layer, as
//! in all networks of this crate; centres follow the batches' means; dropout is ours.

use burn::module::Module;
use burn::tensor::Tensor;
use ser_onnx::{Graph, Value};
use ser_ops::Activation;

use super::architecture::{Architecture, GraphInput, Hears, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{
    Attention, Builder, Centres, Conv2d, Conv2dPlan, Head, ImageSize, Lstm, Pass, Ragged, with_deltas,
    with_deltas_graph,
};

/// Channels of the first convolution.
const CHANNELS: usize = 128;
/// Channels of the dilated convolutions; the skip has those of the last.
const DILATED: [usize; 3] = [128, 128, 256];
/// Units of the layer between convolutions and LSTM.
const PROJECTION: usize = 768;
/// Units of the LSTM in each direction.
const UNITS: usize = 128;
/// Units of the layer before the classes, and of the attention's hidden layer.
const DENSE: usize = 64;
/// Dropout before the LSTM.
const LSTM: u32 = 1000;

parameters! {
    /// Parameters of an `adrnn`.
    "Adrnn" {
        /// Size of every layer, as a share of the paper's.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 0.25,
        /// Weight of the centre loss beside the cross-entropy.
        #[schemars(range(min = 0.0, max = 10.0))]
        centre_loss: f64 = 0.01,
        /// Share of values dropped in training before the LSTM and before the classes.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.25,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let plan = |channels: usize, activation| Conv2dPlan {
            channels: scaled(channels, self.width),
            kernel: [3, 3],
            dilation: [2, 2],
            normalised: true,
            pool: [1, 1],
            activation,
        };
        let first =
            Conv2dPlan { dilation: [1, 1], normalised: false, pool: [2, 4], ..plan(CHANNELS, Activation::LeakyRelu) };
        let mut image = ImageSize { bands: sizes.width, channels: 3 };
        let conv = Conv2d::new(first, &mut image, builder);
        let skipped = image;
        let dilated =
            DILATED.iter().map(|size| Conv2d::new(plan(*size, Activation::LeakyRelu), &mut image, builder)).collect();
        let skip = Conv2d::new(plan(DILATED[2], Activation::Identity), &mut { skipped }, builder);
        let (projected, units, dense) =
            (scaled(PROJECTION, self.width), scaled(UNITS, self.width), scaled(DENSE, self.width));
        let projection = Conv2d::dense(image.width(), projected, builder);
        let lstm = Lstm::new(projected, units, true, builder);
        let attention = Attention::new(2 * units, dense, builder);
        let last = Conv2d::dense(2 * units, dense, builder);
        let centres = Centres::new(dense, sizes.classes, self.centre_loss, builder);
        let head = self.head(dense, &[], self.dropout, sizes, builder);
        Network { conv, dilated, skip, projection, lstm, attention, last, centres, head, dropout: self.dropout }
    }
}

impl Architecture for Config {
    fn hears(&self) -> Hears {
        Hears::Image
    }

    fn paper(&self) -> Option<&'static str> {
        Some("Meng et al. 2019, IEEE Access 7:125868")
    }

    fn described(&self) -> Vec<String> {
        vec![
            "dilated residual convolutions over the log-mel spectrogram with its deltas".to_owned(),
            format!("a bidirectional LSTM of {} units with attention", scaled(UNITS, self.width)),
            "a centre loss".to_owned(),
        ]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    conv: Conv2d,
    dilated: Vec<Conv2d>,
    skip: Conv2d,
    projection: Conv2d,
    lstm: Lstm,
    attention: Attention,
    last: Conv2d,
    centres: Centres,
    head: Head,
    dropout: f64,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let x = self.conv.forward(with_deltas(input.frames.clone(), pass), pass);
        let skipped = self.skip.forward(x.clone(), pass);
        let mut x = self.dilated.iter().fold(x, |x, conv| conv.forward(x, pass));
        x.values = x.values + skipped.values;
        let mut x = self.projection.forward(x, pass);
        x.values = pass.dropout(x.values, LSTM, self.dropout);
        let x = self.lstm.forward(x, pass);
        let heard = Ragged::of_clips(self.attention.forward(x, false, pass));
        let heard = self.last.forward(heard, pass).values;
        self.centres.attract(&heard, pass);
        self.head.forward(heard, input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let x = with_deltas_graph(&input.frames, graph);
        let x = self.conv.graph(&x, &mut graph.at("conv"));
        let skipped = self.skip.graph(&x, &mut graph.at("skip"));
        let mut x = x;
        for (layer, conv) in self.dilated.iter().enumerate() {
            x = conv.graph(&x, &mut graph.at(format_args!("dilated.{layer}")));
        }
        let x = x.with(graph.add(&x.values, &skipped.values));
        let x = x.with(self.projection.dense_graph(&x.values, &mut graph.at("projection")));
        let x = self.lstm.graph(&x, &mut graph.at("lstm"));
        let heard = self.attention.graph(&x, false, &mut graph.at("attention"));
        let heard = self.last.dense_graph(&heard, &mut graph.at("last"));
        self.head.graph(heard, input.functionals.as_ref(), graph)
    }
}
