//! Training: the CNN-LSTM of the paper, one model per fold, and its use on new recordings.
//!
//! [`run`] is the stage: it reads clips, features and a split, fits a network per fold, chooses the epoch by validation
//! UAR and predicts the fold's test clips. [`Predictor`] loads what it wrote. Everything in between is private:
//! `data` (tables to batches), `net` (the network, on the layers of `ser-kernels` or on burn's), `training` (optimiser,
//! schedule, checkpoints).

#[doc(hidden)]
pub mod bench;
mod data;
mod error;
mod exposures;
mod kind;
mod model_file;
mod net;
mod params;
mod predictor;
mod run;
mod speaker_statistics;
#[cfg(test)]
mod tests;
mod threads;
mod training;

pub use data::windows;
pub use error::TrainError;
pub use kind::Train;
pub use net::WeightsError;
pub use params::{Augment, ClassWeights, ConvLayer, Device, Lstm, Optimizer, Params, Pooling, Standardise};
pub use predictor::{ClipInput, Predictor};
pub use run::{Inputs, run};
pub use speaker_statistics::{MIN_SPEAKER_CLIPS, SpeakerStatistics};
