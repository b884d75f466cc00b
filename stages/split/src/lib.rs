//! How clips are divided for evaluation, and proof that the division is honest.
//!
//! A protocol says which clips are held out in which fold ([`Params`], [`Protocol`]); [`assign`] does it for a table of
//! clips; [`inspect`] tests the result for leaks without trusting what made it; [`run`] reads and writes.
//!
//! Validation clips are carved out of the training clips, never out of the test clips: whole speakers wherever the
//! protocol keeps speakers apart, single clips otherwise.

mod advice;
mod assign;
mod balance;
mod checks;
mod copies;
mod division;
mod error;
mod kind;
#[cfg(test)]
mod made;
mod near;
mod near_checks;
mod params;
mod protocols;
mod roster;
mod run;
mod stratify;
mod ties;
mod unknown;
mod validation;

pub use assign::assign;
pub use checks::inspect;
pub use copies::{Copies, ExactCopy};
pub use division::{Division, Fold, LeftOut, Near};
pub use error::SplitError;
pub use kind::Split;
pub use near::{NearPair, keep_together, leave_out};
pub use near_checks::inspect_near;
pub use params::{MAX_FOLDS, NearCopies, Params, Protocol};
pub use run::{Inputs, run};
