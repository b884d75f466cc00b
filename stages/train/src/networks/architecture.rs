//! What all architectures have in common.

use burn::tensor::Tensor;
use ser_onnx::{Frames, Value};
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

/// The same in a graph.
#[derive(Debug, Clone)]
pub(crate) struct GraphInput {
    /// (batch, time, width).
    pub(crate) frames: Frames,
    /// (batch, functionals), where the network has any.
    pub(crate) functionals: Option<Value>,
}

/// What a network hears of each frame, and so the columns of the frames table that it can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// Values of any kind, in any order, but no samples.
    Frames,
    /// The log-mel bands from low to high: a column of an image.
    Image,
    /// The samples of the hop, one after another.
    Waveform,
}

/// Feature set of an image.
const LOG_MEL: &str = "log_mel";
/// Feature set of a waveform.
const SAMPLES: &str = "samples";

impl Hears {
    /// Whether a network can take the column `name`.
    pub(crate) fn takes(self, name: &str) -> bool {
        match self {
            Self::Frames => !is_of(name, SAMPLES),
            Self::Image => is_of(name, LOG_MEL),
            Self::Waveform => is_of(name, SAMPLES),
        }
    }

    /// Whether columns whose names begin with the words of `stem` can be among those that a network takes.
    pub(crate) fn may_take(self, stem: &str) -> bool {
        let within = |set: &str| is_of(stem, set) || is_of(set, stem);
        match self {
            Self::Frames => !is_of(stem, SAMPLES),
            Self::Image => within(LOG_MEL),
            Self::Waveform => within(SAMPLES),
        }
    }

    /// The columns that a network takes, in words.
    pub(crate) fn columns(self) -> &'static str {
        match self {
            Self::Frames => "all columns but samples",
            Self::Image => "log-mel bands (columns `log_mel_*`) and nothing else",
            Self::Waveform => "samples (columns `samples_*`) and nothing else",
        }
    }

    /// Columns that mean something together, in words.
    pub(crate) fn whole(self) -> &'static str {
        match self {
            Self::Frames => "any of them",
            Self::Image => "bands that are neighbours",
            Self::Waveform => "all samples",
        }
    }

    /// What to do where the features stage wrote none of them.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Frames => "switch another feature set on there",
            Self::Image => "switch the feature set `log_mel` on there",
            Self::Waveform => "switch the feature set `samples` on there",
        }
    }
}

/// Whether `name` is `stem`, or continues it after an underscore.
pub(crate) fn is_of(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// What the parameters of an architecture tell of it.
pub(crate) trait Architecture {
    /// What the network hears.
    fn hears(&self) -> Hears {
        Hears::Frames
    }

    /// Hands key, message and hint (perhaps empty) of everything that is well-formed but cannot be trained to
    /// `problem`.
    fn check(&self, _problem: &mut dyn FnMut(&str, String, &str)) {}

    /// The paper that the network goes back to; `None` for a network of no paper.
    fn paper(&self) -> Option<&'static str>;

    /// The parts of the network in words, in their order.
    fn described(&self) -> Vec<String>;

    /// Share of values dropped between layers in training.
    fn dropout(&self) -> f64;
}

/// A layer's size, `width` times that of the paper and at least 1.
pub(crate) fn scaled(size: usize, width: f64) -> usize {
    ((size as f64 * width).round() as usize).max(1)
}
