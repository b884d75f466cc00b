//! What the dataset is, before any model sees it: how many clips of what, and what can mislead an evaluation.
//!
//! [`balance()`] counts, in Polars; [`findings`] looks for trouble, one file per kind of it; [`Overview`] is what
//! `ser audit` prints; [`run`] reads and writes.

mod balance;
mod dataset;
mod error;
pub mod findings;
mod overview;
mod params;
mod run;

pub use balance::balance;
pub use dataset::Dataset;
pub use error::AuditError;
pub use overview::{CorpusRow, EmotionRow, Overview, overview};
pub use params::Params;
pub use run::run;

/// Version of what this stage computes; it rises when the same input gives other output.
pub const VERSION: u32 = 1;
