//! From tables to batches.

mod batch;
mod copy_paste;
mod dataset;
mod order;
mod scaling;
mod select;
mod store;
mod windows;

pub(crate) use batch::{Batch, Item, Teaching, balanced_weights, inference_batches};
pub(crate) use copy_paste::Neutral;
pub(crate) use dataset::{ClipData, Dataset};
pub(crate) use order::{draws, mean_draws};
pub(crate) use scaling::{Scaler, Scaling, Scalings};
pub(crate) use store::ROOM;
pub(crate) use windows::WindowRows;
pub use windows::windows;
