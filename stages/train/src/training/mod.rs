//! Fitting one fold: optimiser, schedule, validation, checkpoints.

mod checkpoint;
mod fold;
mod optimiser;
mod schedule;
mod score;

pub(crate) use checkpoint::write_atomically;
pub(crate) use fold::{FoldInputs, FoldOutcome, predict, train_fold};
pub(crate) use optimiser::Optimiser;
pub(crate) use score::most_probable;
