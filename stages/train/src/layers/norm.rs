//! Batch normalisation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use ser_onnx::{Frames, Graph, affine};
use ser_ops::{Kernels, Moments, norm, norm_relu};

use super::builder::{Builder, Start};
use super::pass::{Pass, Ragged};
use super::values::values;

/// Added to the variance before its root is taken.
const EPSILON: f32 = 1e-5;

/// The layer: a value per channel each. Running statistics follow the batches of training.
#[derive(Module, Debug)]
pub(crate) struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    running_mean: Param<Tensor<1>>,
    running_variance: Param<Tensor<1>>,
}

impl Norm {
    /// Of so many channels.
    pub(crate) fn new(channels: usize, builder: &mut Builder<'_>) -> Self {
        Self {
            gamma: builder.param([channels], Start::Ones),
            beta: builder.param([channels], Start::Zeros),
            running_mean: builder.running([channels], Start::Zeros),
            running_variance: builder.running([channels], Start::Ones),
        }
    }

    /// Scale and shift.
    pub(crate) fn affine(&self) -> [Tensor<1>; 2] {
        [self.gamma.val(), self.beta.val()]
    }

    /// The running statistics.
    pub(crate) fn running(&self) -> Moments {
        Moments { mean: self.running_mean.val(), variance: self.running_variance.val() }
    }

    /// Lets the running statistics follow those of a batch of `count` values per channel; the variance as estimated
    /// from the batch, without its bias (Ioffe and Szegedy 2015, algorithm 2).
    pub(crate) fn follow(&self, batch: Moments, count: usize, pass: &mut Pass) {
        let unbiased = count as f32 / count.saturating_sub(1).max(1) as f32;
        pass.follow(&self.running_mean, batch.mean);
        pass.follow(&self.running_variance, batch.variance * unbiased);
    }

    /// What is left of the layer without training: a factor and a summand for each channel.
    fn scale_and_shift(&self) -> (Vec<f32>, Vec<f32>) {
        let [gamma, beta, mean, variance] =
            [&self.gamma, &self.beta, &self.running_mean, &self.running_variance].map(values);
        let scale: Vec<f32> =
            gamma.iter().zip(&variance).map(|(gamma, variance)| gamma / (variance + EPSILON).sqrt()).collect();
        let shift = beta.iter().zip(&mean).zip(&scale).map(|((beta, mean), scale)| beta - mean * scale).collect();
        (scale, shift)
    }

    /// Weight (.., channels) and bias of a linear layer that this one follows, with this one in them.
    pub(crate) fn folded(&self, mut weight: Vec<f32>, bias: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (scale, shift) = self.scale_and_shift();
        for row in weight.chunks_exact_mut(scale.len().max(1)) {
            row.iter_mut().zip(&scale).for_each(|(weight, scale)| *weight *= scale);
        }
        let bias = bias.iter().zip(scale.iter().zip(&shift)).map(|(bias, (scale, shift))| bias * scale + shift);
        (weight, bias.collect())
    }

    /// [`forward`](Self::forward) in a graph.
    pub(crate) fn graph(&self, x: &Frames, graph: &mut Graph<'_>) -> Frames {
        let (scale, shift) = self.scale_and_shift();
        x.with(affine(&x.values, &scale, &shift, graph))
    }

    /// (frames, channels) -> the same, of mean 0 and variance 1 over the batch in training, then scaled and shifted.
    pub(crate) fn forward(&self, x: Ragged, pass: &mut Pass) -> Ragged {
        self.normalised(x, norm, pass)
    }

    /// [`forward`](Self::forward), then ReLU.
    pub(crate) fn forward_relu(&self, x: Ragged, pass: &mut Pass) -> Ragged {
        self.normalised(x, norm_relu, pass)
    }

    fn normalised(&self, x: Ragged, norm: Normalise, pass: &mut Pass) -> Ragged {
        let Ragged { values, lens } = x;
        let fixed = (!pass.is_training()).then(|| self.running());
        let (values, moments) = norm(pass.kernels, values, self.affine(), fixed);
        if pass.is_training() {
            self.follow(moments, lens.frames(), pass);
        }
        Ragged { values, lens }
    }
}

/// An operation that normalises.
type Normalise = fn(Kernels, Tensor<2>, [Tensor<1>; 2], Option<Moments>) -> (Tensor<2>, Moments);
