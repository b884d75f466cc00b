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

impl Ragged {
    /// Vectors of clips (clips, width), each as a clip of one frame.
    pub(crate) fn of_clips(values: Tensor<2>) -> Self {
        let [clips, _] = values.dims();
        Self { values, lens: Lens::new(vec![1; clips]) }
    }
}

/// One forward pass, in training or not.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) kernels: Kernels,
    /// Seed of the dropout masks, and the batch's targets (clips, classes); `None` where nothing is trained.
    training: Option<(u64, Tensor<2>)>,
    /// What the batch says of values that follow it, by the parameter that holds them.
    pub(crate) followed: HashMap<ParamId, Tensor<1>>,
    /// What is added to the loss beside the cross-entropy.
    pub(crate) terms: Vec<Tensor<1>>,
}

impl Pass {
    /// With running statistics and without dropout.
    pub(crate) fn inference(kernels: Kernels) -> Self {
        Self { kernels, training: None, followed: HashMap::new(), terms: Vec::new() }
    }

    /// With statistics of the batch, and dropout masks that follow from `seed`; `targets` are those of the batch.
    pub(crate) fn training(kernels: Kernels, seed: u64, targets: Tensor<2>) -> Self {
        Self { training: Some((seed, targets)), ..Self::inference(kernels) }
    }

    pub(crate) fn is_training(&self) -> bool {
        self.training.is_some()
    }

    /// Dropout of a share of `x` (rows, width) in training; `layer` tells the network's dropouts apart.
    pub(crate) fn dropout(&self, x: Tensor<2>, layer: u32, share: f64) -> Tensor<2> {
        match &self.training {
            Some((seed, _)) => dropout(self.kernels, x, Dropout::new(*seed, layer, share)),
            None => x,
        }
    }

    /// The same for whole columns of each clip.
    pub(crate) fn column_dropout(&self, x: Ragged, layer: u32, share: f64) -> Ragged {
        let Some((seed, _)) = &self.training else { return x };
        let Ragged { values, lens } = x;
        Ragged { values: column_dropout(self.kernels, values, Dropout::new(*seed, layer, share), &lens), lens }
    }

    /// The weighted targets of the batch (clips, classes) in training: they add up to 1.
    pub(crate) fn targets(&self) -> Option<&Tensor<2>> {
        self.training.as_ref().map(|(_, targets)| targets)
    }

    /// Adds a term to the loss.
    pub(crate) fn add_to_loss(&mut self, term: Tensor<1>) {
        self.terms.push(term);
    }

    /// Remembers what `running` has to follow, flat.
    pub(crate) fn follow<const D: usize>(&mut self, running: &Param<Tensor<D>>, batch: Tensor<1>) {
        self.followed.insert(running.id, batch);
    }
}
