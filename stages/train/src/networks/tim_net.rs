//! TIM-Net: the temporal emotional modelling network (Ye et al. 2023, ICASSP, arXiv 2211.08233), with the sizes of its
//! public code (`TIMNET.py`).
//!
//! A clip is heard forwards and backwards, each way by a stack of causal convolutions whose reach doubles from block to
//! block. A block weighs what came in by the sigmoid of what it found. The means over time of both ways are added block
//! by block, and the classes are told from a learnt sum of all blocks.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph, Value};
use ser_ops::{gate, mean, reversed};

use super::architecture::{Architecture, GraphInput, Input, Sizes, scaled};
use super::parameters::parameters;
use crate::layers::{Builder, Dense, Head, Norm, Pass, Ragged, Start};

/// Channels.
const CHANNELS: usize = 39;
/// Dropouts of a direction, two in each block.
const PER_DIRECTION: u32 = 100;

parameters! {
    /// Parameters of a `tim-net`.
    "TimNet" {
        /// Channels of every layer, as a share of the paper's 39.
        #[schemars(range(min = 0.01, max = 8.0))]
        width: f64 = 1.0,
        /// Blocks in each direction; the convolutions of the last look back 2^(blocks - 1) frames.
        #[schemars(range(min = 1, max = 12))]
        blocks: usize = 8,
        /// Share of the channels of a clip dropped in training after each convolution.
        #[schemars(range(min = 0.0, max = 0.95))]
        dropout: f64 = 0.1,
    }
}

impl Config {
    /// The network of these sizes, its parameters made by `builder` in the order of its fields.
    pub(super) fn init(&self, sizes: Sizes, builder: &mut Builder<'_>) -> Network {
        let channels = scaled(CHANNELS, self.width);
        let mut way = || Way {
            input: Dense::linear(sizes.width, channels, builder),
            blocks: (0..self.blocks).map(|_| Block::new(channels, builder)).collect(),
            dropout: self.dropout,
        };
        let (forward, backward) = (way(), way());
        let levels = builder.param([self.blocks], Start::Linear { inputs: self.blocks });
        let head = self.head(channels, &[], 0.0, sizes, builder);
        Network { forward, backward, levels, head }
    }
}

impl Architecture for Config {
    fn paper(&self) -> Option<&'static str> {
        Some("Ye et al. 2023, arXiv 2211.08233")
    }

    fn described(&self) -> Vec<String> {
        let (blocks, channels) = (self.blocks, scaled(CHANNELS, self.width));
        vec![format!(
            "{blocks} blocks of dilated causal convolutions with {channels} channels in both directions of time"
        )]
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

/// The module of a [`Config`].
#[derive(Module, Debug)]
pub(crate) struct Network {
    forward: Way,
    backward: Way,
    /// (blocks): what each counts.
    levels: Param<Tensor<1>>,
    head: Head,
}

/// One direction of time.
#[derive(Module, Debug)]
struct Way {
    input: Dense,
    blocks: Vec<Block>,
    dropout: f64,
}

/// Two causal convolutions of two frames each: this one and an earlier one, whose weights come first.
#[derive(Module, Debug)]
struct Block {
    conv: Vec<Dense>,
    norm: Vec<Norm>,
}

impl Network {
    /// Logits (clips, classes).
    pub(super) fn forward(&self, input: &Input, pass: &mut Pass) -> Tensor<2> {
        let Ragged { values, lens } = input.frames.clone();
        let turned = Ragged { values: reversed(pass.kernels, values, &lens), lens };
        let forward = self.forward.heard(input.frames.clone(), 0, pass);
        let backward = self.backward.heard(turned, PER_DIRECTION, pass);
        let levels = forward.into_iter().zip(backward).enumerate().map(|(at, (forward, backward))| {
            (forward + backward) * self.levels.val().narrow(0, at, 1).unsqueeze::<2>()
        });
        let [clips, channels] = [input.frames.lens.len(), self.forward.channels()];
        let none = Tensor::zeros([clips, channels], &input.frames.values.device());
        let summed = levels.fold(none, |sum, level| sum + level);
        self.head.forward(summed, input.functionals.as_ref(), pass)
    }

    /// [`forward`](Self::forward) in a graph.
    pub(super) fn graph(&self, input: &GraphInput, graph: &mut Graph<'_>) -> Value {
        let turned = input.frames.reversed(graph);
        let forward = self.forward.graph(&input.frames, &mut graph.at("forward"));
        let backward = self.backward.graph(&turned, &mut graph.at("backward"));
        let levels: Vec<Value> =
            forward.iter().zip(&backward).map(|(forward, backward)| graph.add(forward, backward)).collect();
        // (batch, channels, blocks) times (blocks, 1)
        let levels: Vec<Value> = levels.iter().map(|level| graph.unsqueeze(level, &[2])).collect();
        let levels = graph.concat(&levels.iter().collect::<Vec<_>>(), 2);
        let counted = self.levels.val().into_data().iter::<f32>().collect::<Vec<_>>();
        let counted = graph.weights("levels", &[counted.len(), 1], &counted);
        let summed = graph.matmul(&levels, &counted);
        let summed = graph.reshape(&summed, &[0, -1]);
        self.head.graph(summed, input.functionals.as_ref(), graph)
    }
}

impl Way {
    /// The mean over time of what leaves each block: (clips, channels) each.
    fn heard(&self, x: Ragged, first_dropout: u32, pass: &mut Pass) -> Vec<Tensor<2>> {
        let mut x = Ragged { values: self.input.forward(x.values, pass), lens: x.lens };
        let mut means = Vec::with_capacity(self.blocks.len());
        for (level, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, 1 << level, first_dropout + 2 * level as u32, self.dropout, pass);
            means.push(mean(pass.kernels, x.values.clone(), &x.lens));
        }
        means
    }

    /// [`heard`](Self::heard) in a graph: (batch, channels) each.
    fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Vec<Value> {
        let mut x = x.with(self.input.graph(&x.values, &mut graph.at("input")));
        let mut means = Vec::with_capacity(self.blocks.len());
        for (level, block) in self.blocks.iter().enumerate() {
            let mut graph = graph.at(format_args!("blocks.{level}"));
            x = block.graph(&x, 1 << level, &mut graph);
            means.push(x.mean(&mut graph));
        }
        means
    }

    fn channels(&self) -> usize {
        self.input.outputs()
    }
}

impl Block {
    fn new(channels: usize, builder: &mut Builder<'_>) -> Self {
        let conv = (0..2).map(|_| Dense::relu(2 * channels, channels, builder)).collect();
        Self { conv, norm: (0..2).map(|_| Norm::new(channels, builder)).collect() }
    }

    fn forward(&self, x: Ragged, reach: usize, first_dropout: u32, dropout: f64, pass: &mut Pass) -> Ragged {
        let mut found = x.clone();
        for (layer, (conv, norm)) in (first_dropout..).zip(self.conv.iter().zip(&self.norm)) {
            found = norm.forward_relu(conv.causal(found, reach, pass), pass);
            found = pass.column_dropout(found, layer, dropout);
        }
        Ragged { values: gate(pass.kernels, x.values, found.values), lens: x.lens }
    }

    fn graph(&self, x: &Frames, reach: usize, graph: &mut Graph<'_>) -> Frames {
        let mut found = x.clone();
        for (layer, (conv, norm)) in self.conv.iter().zip(&self.norm).enumerate() {
            found = conv.causal_graph(norm, &found, reach, &mut graph.at(format_args!("conv.{layer}")));
        }
        let weight = graph.apply("Sigmoid", &found.values);
        x.with(graph.mul(&x.values, &weight))
    }
}
