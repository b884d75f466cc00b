//! The network: its sizes, its weights, and two implementations of it that give the same numbers.
//!
//! Convolutions over time (each with batch normalisation, ReLU, max pooling, dropout), an LSTM, pooling over time, the
//! clip's functionals beside it, dense layers, softmax.

mod burn_layers;
mod engine;
mod kernel_layers;
mod parts;
mod plan;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use engine::Engine;
use engine::Step;
pub(crate) use plan::{Plan, TensorSpec};
pub use weights::WeightsError;
pub(crate) use weights::{Weights, from_le_bytes, to_le_bytes};

/// Clips as the network reads them: sorted by falling length, one after another without padding.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Batch {
    /// Frames of each clip, falling, at least 1.
    pub(crate) lens: Vec<usize>,
    /// Frames of all clips, `width` values each.
    pub(crate) frames: Vec<f32>,
    /// Functionals of all clips; empty where the network has none.
    pub(crate) functionals: Vec<f32>,
    /// Weighted targets: clip after clip, one value per class; all of them add up to 1. Empty where only probabilities
    /// are wanted. The loss is `-sum(target * ln(probability))`.
    pub(crate) targets: Vec<f32>,
}

/// Which dropout of the network: keeps their masks apart.
pub(crate) mod dropout_layer {
    /// After convolution `index`.
    pub(crate) fn conv(index: usize) -> u32 {
        index as u32
    }
    /// Before LSTM layer `index`, from the second on.
    pub(crate) fn lstm(index: usize) -> u32 {
        1000 + index as u32
    }
    /// On the functionals themselves.
    pub(crate) const FUNCTIONALS: u32 = 2000;
    /// Before dense layer `index`; the classes come last.
    pub(crate) fn dense(index: usize) -> u32 {
        3000 + index as u32
    }
}
