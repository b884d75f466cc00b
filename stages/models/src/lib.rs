//! The protocol of stages that make models: what they are given, and what they must leave.
//!
//! [`Dataset`] reads the clips of a split with classes and folds, and their functionals where a model wants them. The
//! stage fits a model for each fold, and fills a [`FoldRecord`] with what the model was shown and what it answers.
//! [`write`] turns the records and the stage's own description of the model into the tables that every model leaves:
//! `predictions`,
//! `validation_predictions`, `exposures` and `models`. Evaluation, report and prediction read those, and nothing else.

mod dataset;
mod error;
mod folds;
mod headline;
mod record;
mod score;

pub use dataset::{Dataset, LabelledClip};
pub use error::ModelsError;
pub use folds::Fold;
pub use headline::{headline, mean_validation_uar};
pub use record::{FoldRecord, recipe, write};
pub use score::{Score, most_probable};
