//! What the dataset is, before any model sees it: how many clips of what, and what can mislead an evaluation.
//!
//! | module | what it knows |
//! |---|---|
//! | `groups` | how clips are grouped and counted |
//! | `balance`, `class_balance`, `durations` | how many clips of what, how evenly, how long |
//! | `contingency`, `associations` | which properties of clips depend on each other |
//! | `shortcuts` | what a number about the recording gives away |
//! | `near_duplicates` | which clips hold the same take |
//! | `measures` | all of these together |
//! | `findings` | trouble, one file per kind of it; `codes` names them all |
//! | `overview` | what `ser audit` prints first |
//! | `run` | the stage: reads, measures, writes, and fails where `fail_on` says so |

mod associations;
mod balance;
mod class_balance;
mod codes;
mod contingency;
mod dataset;
mod durations;
mod error;
pub mod findings;
mod groups;
mod kind;
mod measures;
mod near_duplicates;
mod overview;
mod params;
mod run;
mod shortcuts;

pub use associations::associations;
pub use balance::balance;
pub use class_balance::class_balance;
pub use codes::Code;
pub use dataset::Dataset;
pub use durations::durations;
pub use error::AuditError;
pub use kind::Audit;
pub use measures::Measures;
pub use near_duplicates::near_duplicates;
pub use overview::{CorpusRow, EmotionRow, Overview, overview};
pub use params::{FailOn, FailSeverity, Params};
pub use run::run;
pub use shortcuts::shortcuts;
