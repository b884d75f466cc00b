//! Training: a network per fold, and its use on new recordings.
//!
//! [`run`] is the stage: it reads clips, features and a split, fits a network per fold, chooses the epoch by validation
//! UAR and predicts the fold's test clips. [`Predictor`] loads what it wrote. Everything in between is private:
//! `data` (tables to batches), `layers` and `networks` (burn modules on the operations of `ser-ops`), `training`
//! (steps, schedule, checkpoints).

#[doc(hidden)]
pub mod bench;
mod data;
mod description;
mod engine;
mod error;
mod exposures;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod hardware;
mod kind;
mod layers;
mod model_file;
mod networks;
mod onnx;
mod params;
mod predictor;
mod run;
#[cfg(test)]
mod tests;
mod threads;
mod training;
mod trials;
mod weights;
mod words;

pub use data::windows;
pub use error::TrainError;
pub use kind::Train;
pub use networks::{
    AcrnnConfig, AdrnnConfig, AttentionLstmConfig, BlstmFcnConfig, Cnn2dLstmConfig, CnnLstmConfig, ConvLayer, Hears,
    Lstm, NetworkConfig, Pooling, ResidualLstmConfig, TimNetConfig, WaveformConfig,
};
pub use params::{Augment, Balance, ClassWeights, Device, KeptEpoch, Kernels, Optimizer, Params, Standardise};
pub use predictor::Predictor;
pub use run::{Inputs, run};
pub use ser_models::{ClipInput, SpeakerStatistics};
pub use weights::WeightsError;
