//! Fitting one fold: steps, schedule, validation, checkpoints.

mod checkpoint;
mod fold;
mod schedule;
mod step;

pub(crate) use checkpoint::write_atomically;
pub(crate) use fold::{FoldInputs, FoldOutcome, predict, train_fold};
pub(crate) use step::{Optimiser, Step};
