//! Fitting one fold: optimiser, schedule, validation, checkpoints.

mod checkpoint;
mod fold;
mod optimiser;
mod schedule;

pub(crate) use checkpoint::write_atomically;
pub(crate) use fold::{FoldInputs, FoldOutcome, predict, train_fold};
pub(crate) use optimiser::Optimiser;
