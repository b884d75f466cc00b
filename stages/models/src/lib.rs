//! The protocol of stages that make models: what they are given, and what they must leave.
//!
//! [`Dataset`] reads the clips of a split with classes and folds, and their functionals where a model wants them. The
//! stage fits a model for each fold, and fills a [`FoldRecord`] with what the model was shown and what it answers.
//! [`write`] turns the records and the stage's own description of the model into the tables that every model leaves:
//! `predictions`,
//! `validation_predictions`, `exposures`, `models` and `standardisation_trials`. Evaluation, report and prediction read
//! those, and nothing else. [`trials`] says what a model that is standardised per speaker has to be tried with,
//! [`SpeakerPrior`] how far a speaker's few clips decide about their standardisation, and [`SpeakerStatistics`] are a
//! new speaker's. [`ClipInput`] is a recording that no table holds. Where it leaves the model itself, a file or two per
//! fold, [`model_folders`] finds them again, all or none.

mod clip_input;
mod corpora;
mod dataset;
mod error;
mod folders;
mod folds;
mod headline;
mod moments;
mod prior;
mod record;
mod score;
mod speaker_statistics;
mod trials;

pub use clip_input::{ClipInput, PartAnswers};
pub use dataset::{Dataset, LabelledClip};
pub use error::ModelsError;
pub use folders::{FolderError, holds_models, model_folders};
pub use folds::Fold;
pub use headline::{headline, mean_validation_uar};
pub use moments::Moments;
pub use prior::{MIN_SPEAKER_CLIPS, SpeakerPrior};
pub use record::{FoldRecord, recipe, write};
pub use score::{Score, most_probable};
pub use speaker_statistics::SpeakerStatistics;
pub use trials::{Group, Trial, trials};
