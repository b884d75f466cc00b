//! What all architectures have in common.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::layers::Ragged;

/// Sizes that the data gives a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sizes {
    /// Frame features per frame.
    pub(crate) width: usize,
    /// Functionals per clip; 0: none.
    pub(crate) functionals: usize,
    /// Classes.
    pub(crate) classes: usize,
}

/// What a network is given of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// (frames, width).
    pub(crate) frames: Ragged,
    /// (clips, functionals), where the network has any.
    pub(crate) functionals: Option<Tensor<2>>,
}

/// What the parameters of an architecture tell of it.
pub(crate) trait Architecture {
    /// Hands key, message and hint (perhaps empty) of everything that is well-formed but cannot be trained to `problem`.
    fn check(&self, _problem: &mut dyn FnMut(&str, String, &str)) {}

    /// The parts of the network in words, in their order.
    fn described(&self) -> Vec<String>;

    /// Share of values dropped between layers in training.
    fn dropout(&self) -> f64;
}

/// A layer's size, `width` times that of the paper and at least 1.
pub(crate) fn scaled(size: usize, width: f64) -> usize {
    ((size as f64 * width).round() as usize).max(1)
}
