//! Where the values of a network's parameters come from.
//!
//! burn's own initialisers draw from a generator that all folds share, when a parameter is first used. Here parameters
//! are drawn when the network is made, one after another in the order of its fields, from a generator of the fold's
//! own.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

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
}

/// Source of values.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// As [`Start`] says.
    Drawn(&'a mut ChaCha8Rng),
    /// In the order of the parameters, of their sizes.
    Stored(std::vec::IntoIter<Vec<f32>>),
    /// None: the network has shapes and no memory.
    Shapes,
}

/// Makes the parameters of a network.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    pub(crate) device: &'a Device,
    pub(crate) source: Source<'a>,
}

impl Builder<'_> {
    /// A parameter that gradients change.
    pub(crate) fn param<const D: usize>(&mut self, shape: [usize; D], start: Start) -> Param<Tensor<D>> {
        let values = match &mut self.source {
            Source::Shapes => {
                let zeros = move |device: &Device, _| Tensor::zeros(shape, device);
                return Param::uninitialized(ParamId::new(), zeros, self.device.clone(), true, shape.into());
            }
            Source::Drawn(rng) => start.values(shape.iter().product(), rng),
            Source::Stored(values) => values.next().unwrap_or_default(),
        };
        Param::from_data(TensorData::new(values, shape), self.device)
    }

    /// A parameter that follows the batches.
    pub(crate) fn running<const D: usize>(&mut self, shape: [usize; D], start: Start) -> Param<Tensor<D>> {
        self.param(shape, start).set_require_grad(false)
    }
}

impl Start {
    fn values(self, count: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut uniform = |limit: f32| (0..count).map(|_| rng.random_range(-limit..limit)).collect();
        match self {
            Self::Relu { inputs } => uniform((6.0 / inputs.max(1) as f32).sqrt()),
            Self::Linear { inputs } => uniform(1.0 / (inputs.max(1) as f32).sqrt()),
            Self::Zeros => vec![0.0; count],
            Self::Ones => vec![1.0; count],
            Self::LstmBias => (0..count).map(|index| if index / (count / 4).max(1) == 1 { 1.0 } else { 0.0 }).collect(),
        }
    }
}
