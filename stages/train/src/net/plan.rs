//! Sizes of a network and the list of its weights.

use serde::{Deserialize, Serialize};

use crate::params::{ConvLayer, Lstm, Params, Pooling};
use ser_kernels::conv::ConvSize;

/// Everything that decides the shapes of a network's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Frame features per frame.
    pub(crate) width: usize,
    /// Functionals per clip; 0: none.
    pub(crate) functionals: usize,
    /// Classes.
    pub(crate) classes: usize,
    /// Convolutions.
    pub(crate) conv: Vec<ConvLayer>,
    /// The LSTM.
    pub(crate) lstm: Lstm,
    /// Pooling over time.
    pub(crate) pooling: Pooling,
    /// Size of the attention's hidden layer.
    pub(crate) attention_size: usize,
    /// Size of the dense layer of the functionals; 0: none.
    pub(crate) functionals_size: usize,
    /// Sizes of the dense layers.
    pub(crate) dense: Vec<usize>,
    /// Share dropped between layers.
    pub(crate) dropout: f64,
    /// Share of functionals dropped.
    pub(crate) functionals_dropout: f64,
}

/// One tensor of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorSpec {
    /// Name in files.
    pub(crate) name: String,
    /// Shape, outermost first.
    pub(crate) shape: Vec<usize>,
    /// What it holds at first.
    pub(crate) start: Start,
}

/// First values of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Uniform with variance 2 / inputs, for layers before a ReLU (He et al. 2015).
    Relu {
        /// Inputs of each unit.
        inputs: usize,
    },
    /// Uniform in ± 1 / sqrt(inputs).
    Linear {
        /// Inputs of each unit.
        inputs: usize,
    },
    /// Zeros.
    Zeros,
    /// Ones.
    Ones,
    /// Zeros, and ones for forget gates, so that a state lasts at first.
    LstmBias,
    /// Zeros that training follows but does not fit: the running mean of a batch normalisation.
    RunningMean,
    /// Ones that training follows but does not fit: its running variance.
    RunningVariance,
}

impl TensorSpec {
    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether gradients change it.
    pub(crate) fn is_trained(&self) -> bool {
        !matches!(self.start, Start::RunningMean | Start::RunningVariance)
    }

    /// Whether weight decay applies.
    pub(crate) fn decays(&self) -> bool {
        matches!(self.start, Start::Relu { .. } | Start::Linear { .. })
    }
}

/// Tensors per convolution: weight, gamma, beta, running mean, running variance.
const PER_CONV: usize = 5;

impl Plan {
    /// The network that `params` declare for these inputs and classes.
    pub(crate) fn new(params: &Params, width: usize, functionals: usize, classes: usize) -> Self {
        Self {
            width,
            functionals,
            classes,
            conv: params.conv.clone(),
            lstm: params.lstm.clone(),
            pooling: params.pooling,
            attention_size: params.attention_size,
            functionals_size: params.functionals_size,
            dense: params.dense.clone(),
            dropout: params.dropout,
            functionals_dropout: params.functionals_dropout,
        }
    }

    /// Sizes of convolution `index`.
    pub(crate) fn conv_size(&self, index: usize) -> ConvSize {
        let inputs = if index == 0 { self.width } else { self.conv[index - 1].channels };
        let layer = &self.conv[index];
        ConvSize { inputs, outputs: layer.channels, kernel: layer.kernel, stride: layer.stride }
    }

    /// Channels that leave the convolutions.
    pub(crate) fn conv_out(&self) -> usize {
        self.conv.last().map_or(self.width, |layer| layer.channels)
    }

    /// Directions of the LSTM.
    pub(crate) fn directions(&self) -> usize {
        if self.lstm.bidirectional { 2 } else { 1 }
    }

    /// Values per frame before pooling over time.
    pub(crate) fn sequence_width(&self) -> usize {
        if self.lstm.layers == 0 { self.conv_out() } else { self.lstm.hidden * self.directions() }
    }

    /// Whether pooling has weights.
    pub(crate) fn has_attention(&self) -> bool {
        matches!(self.pooling, Pooling::Attention | Pooling::AttentiveStatistics)
    }

    /// Values per clip after pooling over time.
    pub(crate) fn pooled_width(&self) -> usize {
        self.sequence_width() * if self.pooling == Pooling::AttentiveStatistics { 2 } else { 1 }
    }

    /// Whether functionals pass a dense layer of their own.
    pub(crate) fn has_functionals_layer(&self) -> bool {
        self.functionals > 0 && self.functionals_size > 0
    }

    /// Values that functionals add to a clip's vector.
    pub(crate) fn joined_width(&self) -> usize {
        if self.has_functionals_layer() { self.functionals_size } else { self.functionals }
    }

    /// Sizes of the dense layers, the classes last.
    pub(crate) fn dense_sizes(&self) -> Vec<usize> {
        self.dense.iter().copied().chain([self.classes]).collect()
    }

    /// Position of convolution `index`'s weight; gamma, beta, running mean and running variance follow.
    #[expect(clippy::unused_self, reason = "a position in this plan, like those below")]
    pub(crate) fn conv_at(&self, index: usize) -> usize {
        index * PER_CONV
    }

    /// Position of the input weight of an LSTM direction; state weight and bias follow.
    pub(crate) fn lstm_at(&self, layer: usize, direction: usize) -> usize {
        self.conv.len() * PER_CONV + (layer * self.directions() + direction) * 3
    }

    /// Position of the attention's weight; bias and query follow.
    pub(crate) fn attention_at(&self) -> usize {
        self.lstm_at(self.lstm.layers, 0)
    }

    /// Position of the weight of the functionals' layer; its bias follows.
    pub(crate) fn functionals_at(&self) -> usize {
        self.attention_at() + if self.has_attention() { 3 } else { 0 }
    }

    /// Position of dense layer `index`'s weight; its bias follows.
    pub(crate) fn dense_at(&self, index: usize) -> usize {
        self.functionals_at() + if self.has_functionals_layer() { 2 } else { 0 } + index * 2
    }

    /// Every tensor, in order.
    pub(crate) fn tensors(&self) -> Vec<TensorSpec> {
        let mut list = Vec::new();
        let mut add = |name: String, shape: Vec<usize>, start| list.push(TensorSpec { name, shape, start });
        for (index, layer) in self.conv.iter().enumerate() {
            let size = self.conv_size(index);
            let (inputs, c) = (size.kernel * size.inputs, layer.channels);
            add(format!("conv.{index}.weight"), vec![size.kernel, size.inputs, c], Start::Relu { inputs });
            add(format!("conv.{index}.norm.gamma"), vec![c], Start::Ones);
            add(format!("conv.{index}.norm.beta"), vec![c], Start::Zeros);
            add(format!("conv.{index}.norm.running_mean"), vec![c], Start::RunningMean);
            add(format!("conv.{index}.norm.running_variance"), vec![c], Start::RunningVariance);
        }
        let hidden = self.lstm.hidden;
        for layer in 0..self.lstm.layers {
            let inputs = if layer == 0 { self.conv_out() } else { self.sequence_width() };
            for direction in ["forward", "backward"].into_iter().take(self.directions()) {
                let name = |part: &str| format!("lstm.{layer}.{direction}.{part}");
                add(name("input"), vec![inputs, 4 * hidden], Start::Linear { inputs: hidden });
                add(name("state"), vec![hidden, 4 * hidden], Start::Linear { inputs: hidden });
                add(name("bias"), vec![4 * hidden], Start::LstmBias);
            }
        }
        if self.has_attention() {
            let (inputs, size) = (self.sequence_width(), self.attention_size);
            add("attention.weight".into(), vec![inputs, size], Start::Linear { inputs });
            add("attention.bias".into(), vec![size], Start::Zeros);
            add("attention.query".into(), vec![size], Start::Linear { inputs: size });
        }
        if self.has_functionals_layer() {
            let (inputs, size) = (self.functionals, self.functionals_size);
            add("functionals.weight".into(), vec![inputs, size], Start::Relu { inputs });
            add("functionals.bias".into(), vec![size], Start::Zeros);
        }
        let mut inputs = self.pooled_width() + self.joined_width();
        for (index, size) in self.dense.iter().enumerate() {
            add(format!("dense.{index}.weight"), vec![inputs, *size], Start::Relu { inputs });
            add(format!("dense.{index}.bias"), vec![*size], Start::Zeros);
            inputs = *size;
        }
        add("classes.weight".into(), vec![inputs, self.classes], Start::Linear { inputs });
        add("classes.bias".into(), vec![self.classes], Start::Zeros);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_point_at_what_they_name_for_every_kind_of_network() {
        for (layers, bidirectional, pooling, functionals, functionals_size) in [
            (1, true, Pooling::AttentiveStatistics, 30, 16),
            (2, false, Pooling::Mean, 30, 0),
            (0, true, Pooling::Attention, 0, 16),
        ] {
            let params = Params {
                lstm: Lstm { hidden: 8, bidirectional, layers },
                pooling,
                functionals_size,
                ..Params::default()
            };
            let plan = Plan::new(&params, 10, functionals, 8);
            let tensors = plan.tensors();
            assert_eq!(tensors[plan.conv_at(1)].name, "conv.1.weight");
            if layers > 0 {
                let last = if bidirectional { "backward" } else { "forward" };
                let at = plan.lstm_at(layers - 1, plan.directions() - 1);
                assert_eq!(tensors[at].name, format!("lstm.{}.{last}.input", layers - 1));
            }
            if plan.has_attention() {
                assert_eq!(tensors[plan.attention_at()].name, "attention.weight");
            }
            if plan.has_functionals_layer() {
                assert_eq!(tensors[plan.functionals_at()].name, "functionals.weight");
            }
            assert_eq!(tensors[plan.dense_at(0)].name, "dense.0.weight");
            assert_eq!(tensors[plan.dense_at(1)].name, "classes.weight");
            assert_eq!(tensors.len(), plan.dense_at(1) + 2);
        }
    }

    /// conv 5*10*64 + 2*64, 5*64*96 + 2*96; LSTM 2 * (96*256 + 64*256 + 256); attention 128*32 + 32 + 32;
    /// functionals 30*128 + 128; dense (256+128)*64 + 64; classes 64*8 + 8.
    #[test]
    fn the_parameter_count_is_pinned() {
        let plan = Plan::new(&Params::default(), 10, 30, 8);
        let count: usize = plan.tensors().iter().filter(|tensor| tensor.is_trained()).map(TensorSpec::count).sum();
        assert_eq!(count, 3200 + 128 + 30_720 + 192 + 82_432 + 4160 + 3968 + 24_640 + 520);
    }
}
