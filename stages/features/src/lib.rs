//! From audio to numbers: frame features, functionals, and altered copies for training.
//!
//! Read in this order: [`Params`] says what can be declared, [`run`] is the stage, [`Extractor`] turns one recording
//! into features (for the stage and for prediction alike). Below it there is one file per feature.

mod assembly;
mod augment;
mod cepstrum;
mod chroma;
mod delta;
mod enhance;
mod error;
mod examples;
mod extract;
mod fft;
mod framing;
mod functionals;
mod grouping;
mod kind;
mod layout;
mod level;
mod mel;
mod params;
mod pitch;
mod previous;
mod rng;
mod shape;
mod sorting;
mod stage;
mod stft;
mod vector;
mod work;

pub use augment::Augmentation;
pub use enhance::Enhancement;
pub use error::{FeaturesError, FeaturesResult};
pub use extract::{ClipFeatures, Extractor};
pub use kind::Features;
pub use layout::Layout;
pub use params::{F0, Functionals, LogMel, Mfcc, Params};
pub use stage::run;

/// Version of what this stage computes; it rises when the same parameters give other numbers.
pub const VERSION: u32 = 4;
