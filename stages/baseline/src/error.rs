//! Reasons why a baseline is impossible.

use std::path::PathBuf;

use ser_models::{FolderError, ModelsError};
use ser_schemas::TableError;

/// Why a baseline was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The inputs that every model needs are not there.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A stage's folder that does not hold all of its models.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The linear model without a features stage.
    #[error(
        "`model = \"linear\"` needs functionals: add a stage of kind `features` or `import` to `from`, or set `model = \"majority\"`"
    )]
    NoFeaturesStage,
    /// The linear model on features without functionals.
    #[error(
        "`model = \"linear\"` needs functionals, and the features stage writes none: set `functionals = {{ on = true }}` there, or `model = \"majority\"` here"
    )]
    NoFunctionals,
    /// No strength of the penalty to try.
    #[error("`l2` is empty: expected at least one strength above 0")]
    NoStrengths,
    /// The optimiser gave up.
    #[error("fold {fold}: the linear model could not be fitted at l2 = {l2}: {problem}")]
    NotFitted {
        /// The fold.
        fold: u32,
        /// Strength of the penalty.
        l2: f64,
        /// Message of the optimiser.
        problem: String,
    },
    /// A folder that holds no linear model.
    #[error("`{}` holds no linear model: expected `linear.json`, or folders `fold=<k>` with one", path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// A linear model's file cannot be understood, or not be written.
    #[error("`{}` is not a linear model that this version understands: {problem}", path.display())]
    BadModel {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        problem: String,
    },
    /// A recording whose functionals are not those that the model was fitted on.
    #[error("clip {index}: expected {expected} functionals{of}, found {found}")]
    WrongInput {
        /// Its place among the recordings.
        index: usize,
        /// Whose they are, where not the recording's own: " of the speaker".
        of: &'static str,
        /// Number that the model has.
        expected: usize,
        /// Number that came.
        found: usize,
    },
    /// Probabilities that are no numbers.
    #[error(
        "clip {index}: the model's probabilities are not finite, so the clip's functionals are beyond all range; leave it out"
    )]
    NoAnswer {
        /// Its place among the recordings.
        index: usize,
    },
    /// The user asked to stop.
    #[error("cancelled")]
    Cancelled,
}
