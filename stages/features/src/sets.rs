//! All feature sets, in the order of their columns; `docs/add-a-feature-set.md` tells how to add one.

#![expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]

mod chroma;
mod f0;
mod formants;
mod log_mel;
mod mfcc;
mod rhythm;
mod rms;
mod samples;
mod shape;
mod tilt;
mod voice;
mod zcr;

pub use f0::F0;
pub(crate) use f0::F0_HZ;
pub use formants::Formants;
pub use log_mel::LogMel;
pub use mfcc::Mfcc;

use crate::feature_set::FeatureSet;

/// Every feature set. A new one goes to the end: networks and functionals know columns by their place.
pub const SETS: &[&dyn FeatureSet] = &[
    &log_mel::Set,
    &mfcc::Set,
    &chroma::Set,
    &zcr::Set,
    &rms::Set,
    &shape::Set,
    &f0::Set,
    &samples::Set,
    &voice::Set,
    &formants::Set,
    &tilt::Set,
    &rhythm::Set,
];
