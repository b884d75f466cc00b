//! From audio to numbers: frame features, functionals, and altered copies for training.
//!
//! Read in this order: [`Params`] says what can be declared, [`run`] is the stage, [`Extractor`] turns one recording
//! into features (for the stage and for prediction alike). [`FeatureSet`] is the trait of all features, [`SETS`] their
//! list; below it there is one file per set.

mod augment;
mod computations;
mod delta;
mod division;
mod enhance;
mod error;
mod examples;
mod extract;
mod feature_set;
mod fft;
mod framing;
mod functionals;
mod kind;
mod layout;
mod mel;
mod params;
mod previous;
mod recipes;
mod recording;
mod reference;
mod rng;
mod sets;
mod sorting;
mod stage;
mod stft;
mod tables;
mod vector;
mod warp;

pub use augment::Augmentation;
pub use enhance::Enhancement;
pub use error::{FeaturesError, FeaturesResult};
pub use extract::{ClipFeatures, Extractor};
pub use feature_set::{
    Block, Column, Columns, Compute, FeatureSet, FromClip, FromLogMel, FromPitch, FromSignal, FromSpectrum, Summary,
    WholeClip,
};
pub use framing::Framing;
pub use kind::Features;
pub use layout::Layout;
pub use params::{Functionals, Params, Problems};
pub use reference::reference;
pub use sets::{F0, Formants, LogMel, Mfcc, SETS};
pub use stage::run;
pub use vector::{LANES, Row};

/// Version of what this stage computes; it rises when the same parameters give other numbers.
pub const VERSION: u32 = 7;
