//! From tables to batches.

mod batch;
mod dataset;
mod scaling;
mod select;
mod windows;

pub(crate) use batch::{Batch, Item, balanced_weights, inference_batches, training_batch};
pub(crate) use dataset::{ClipData, Dataset};
pub(crate) use scaling::{Moments, Scaler, Scaling, Scalings};
pub(crate) use windows::WindowRows;
pub use windows::windows;
