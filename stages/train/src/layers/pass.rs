//! What the layers of one forward pass share.

use std::collections::HashMap;

use burn::module::{Param, ParamId};
use burn::tensor::Tensor;
use ser_ops::{Dropout, Kernels, Lens, column_dropout, dropout};

/// Frames of a batch, clip after clip, without padding.
#[derive(Debug, Clone)]
pub(crate) struct Ragged {
    /// (frames, width).
    pub(crate) values: Tensor<2>,
    /// Number of frames of each clip.
    pub(crate) lens: Lens,
}

/// One forward pass, in training or not.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) kernels: Kernels,
    /// Seed of the dropout masks; `None` where nothing is trained.
    seed: Option<u64>,
    /// What the batch says of values that follow it, by the parameter that holds them.
    pub(crate) followed: HashMap<ParamId, Tensor<1>>,
}

impl Pass {
    /// With running statistics and without dropout.
    pub(crate) fn inference(kernels: Kernels) -> Self {
        Self { kernels, seed: None, followed: HashMap::new() }
    }

    /// With statistics of the batch, and dropout masks that follow from `seed`.
    pub(crate) fn training(kernels: Kernels, seed: u64) -> Self {
        Self { kernels, seed: Some(seed), followed: HashMap::new() }
    }

    pub(crate) fn is_training(&self) -> bool {
        self.seed.is_some()
    }

    /// Dropout of a share of `x` (rows, width) in training; `layer` tells the network's dropouts apart.
    pub(crate) fn dropout(&self, x: Tensor<2>, layer: u32, share: f64) -> Tensor<2> {
        match self.seed {
            Some(seed) => dropout(self.kernels, x, Dropout::new(seed, layer, share)),
            None => x,
        }
    }

    /// The same for whole columns of each clip.
    pub(crate) fn column_dropout(&self, x: Ragged, layer: u32, share: f64) -> Ragged {
        let Some(seed) = self.seed else { return x };
        let Ragged { values, lens } = x;
        Ragged { values: column_dropout(self.kernels, values, Dropout::new(seed, layer, share), &lens), lens }
    }

    /// Remembers what `running` has to follow.
    pub(crate) fn follow(&mut self, running: &Param<Tensor<1>>, batch: Tensor<1>) {
        self.followed.insert(running.id, batch);
    }
}
