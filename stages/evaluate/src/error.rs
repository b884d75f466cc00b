//! Reasons why predictions cannot be evaluated.

use std::path::PathBuf;

use ser_schemas::{Emotion, ModelCheck, TableError};

/// Why an evaluation was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Nobody to score.
    #[error("this stage reads no model: add stages that make models to `from`")]
    NoModels,
    /// There is nothing to score.
    #[error("the stages {models} hold no predictions")]
    NoPredictions {
        /// Names of the stages, quoted and comma-separated.
        models: String,
    },
    /// A model with predictions and without a description.
    #[error(
        "stage `{stage}` has no `models.parquet` that describes `{model}` on split `{split}`: an earlier version made it; \
         run it again: `ser run {stage}`"
    )]
    NotDescribed {
        /// The stage.
        stage: String,
        /// The model.
        model: String,
        /// Its split.
        split: String,
    },
    /// A clip was scored twice by one model.
    #[error(
        "model `{model}` on split `{split}` predicts clip `{clip_id}` in fold {first} and again in fold {second}; \
         figures pooled over folds would count it twice: let the split test every clip once"
    )]
    ClipScoredTwice {
        /// The model.
        model: String,
        /// Its split.
        split: String,
        /// The clip.
        clip_id: String,
        /// Fold of its first prediction.
        first: u32,
        /// Fold of the other one.
        second: u32,
    },
    /// A prediction for a clip that the manifest does not have.
    #[error("`{model}` predicts clip `{clip_id}`, which the manifest does not have: they come from different runs")]
    UnknownClip {
        /// The stage that made the model.
        model: String,
        /// The clip.
        clip_id: String,
    },
    /// The manifest and the predictions disagree about the truth.
    #[error(
        "clip `{clip_id}` is `{in_manifest}` in the manifest and `{in_predictions}` in the predictions of `{model}`: \
         they come from different runs"
    )]
    OtherEmotion {
        /// The stage that made the model.
        model: String,
        /// The clip.
        clip_id: String,
        /// Emotion in the manifest.
        in_manifest: String,
        /// Emotion in the predictions.
        in_predictions: Emotion,
    },
    /// Probabilities that are none.
    #[error("`{model}`, clip `{clip_id}`: {problem}")]
    BadProbabilities {
        /// The stage that made the model.
        model: String,
        /// The clip.
        clip_id: String,
        /// The expected and the found value, in words.
        problem: String,
    },
    /// A model met its test clips, or what is in them, before it was tested.
    #[error(
        "the figures of `{}` on split `{}` cannot be believed: check `{}` failed in fold {}: {} ({} in all); every check is in `{}`",
        failed.model,
        failed.split,
        failed.check,
        failed.fold.unwrap_or_default(),
        failed.detail,
        failed.offenders,
        checks.display()
    )]
    Leak {
        /// The first check that failed.
        failed: Box<ModelCheck>,
        /// Where the table of all checks lies.
        checks: PathBuf,
    },
    /// The user asked to stop.
    #[error("cancelled")]
    Cancelled,
}
