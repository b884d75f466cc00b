//! What a model really does: class metrics, summary figures and their intervals, from a table of predictions.
//!
//! The arithmetic is in [`confusion`], [`metrics`] and [`bootstrap`], which know neither files nor emotions; [`groups`]
//! and [`evaluation`] apply it to predictions; [`run`] reads and writes. No model is needed here, so predictions made
//! elsewhere can be scored as well.

pub mod bootstrap;
pub mod confusion;
mod error;
pub mod evaluation;
pub mod groups;
pub mod metrics;
mod params;
mod run;

pub use error::EvaluateError;
pub use params::Params;
pub use run::{Inputs, run};

/// Version of what this stage computes; it rises when the same input gives other output.
pub const VERSION: u32 = 1;
