//! Reasons why predictions cannot be evaluated.

use std::path::PathBuf;

use ser_schemas::{Emotion, ModelCheck, TableError};

/// Why an evaluation was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum EvaluateError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Nobody to score.
    #[error("this stage reads no model: add stages that make models to `from`")]
    NoModels,
    /// There is nothing to score.
    #[error("the stages {models} hold no predictions")]
    NoPredictions { models: String },
    /// A model with predictions and without a description.
    #[error(
        "stage `{stage}` has no `models.parquet` that describes `{model}` on split `{split}`: an earlier version made it; \
         run it again: `ser run {stage}`"
    )]
    NotDescribed { stage: String, model: String, split: String },
    /// A clip was scored twice by one model.
    #[error(
        "model `{model}` on split `{split}` predicts clip `{clip_id}` in fold {first} and again in fold {second}; \
         figures pooled over folds would count it twice: let the split test every clip once"
    )]
    ClipScoredTwice { model: String, split: String, clip_id: String, first: u32, second: u32 },
    /// Seeds of one model that answer for other clips.
    #[error(
        "model `{model}` on split `{split}`: clip `{clip_id}` of fold {fold} has {how} of {seed}; a figure is the mean over the \
         seeds, each of which answers once for every clip: run the stage of the model again"
    )]
    SeedsDiffer { model: String, split: String, seed: String, how: &'static str, fold: u32, clip_id: String },
    /// A prediction for a clip that the manifest does not have.
    #[error("`{model}` predicts clip `{clip_id}`, which the manifest does not have: they come from different runs")]
    UnknownClip { model: String, clip_id: String },
    /// The manifest and the predictions disagree about the truth.
    #[error(
        "clip `{clip_id}` is `{in_manifest}` in the manifest and `{in_predictions}` in the predictions of `{model}`: \
         they come from different runs"
    )]
    OtherEmotion { model: String, clip_id: String, in_manifest: String, in_predictions: Emotion },
    /// A trial of a clip that the model does not predict.
    #[error(
        "model `{model}` on split `{split}` tried clip `{clip_id}` with other statistics in fold {fold}, and predicts no such clip \
         of that emotion there: `standardisation_trials.parquet` and `predictions.parquet` come from different runs"
    )]
    StrayTrial { model: String, split: String, clip_id: String, fold: u32 },
    /// Probabilities that are none.
    #[error("`{model}`, clip `{clip_id}`: {problem}")]
    BadProbabilities { model: String, clip_id: String, problem: String },
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
    Leak { failed: Box<ModelCheck>, checks: PathBuf },
    /// The user asked to stop.
    #[error("cancelled")]
    Cancelled,
}
