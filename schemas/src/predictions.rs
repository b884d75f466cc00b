//! `predictions`: what a model said about clips that it was not trained on.

use ser_stage::Output;

use crate::Emotion;

crate::table::table! {
    /// One test clip, scored by the model of its fold.
    pub struct Prediction ("predictions", version 1) {
        /// Name of the train or baseline stage.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Fold in which the clip was held out.
        fold: u32,
        /// The clip.
        clip_id: String,
        /// Its corpus.
        corpus: String,
        /// Its speaker.
        speaker: String,
        /// Its emotion.
        emotion: Emotion,
        /// The emotion with the highest probability.
        predicted: Emotion,
        /// Probability of each class, in the order of `classes`; they add up to 1.
        probabilities: Vec<f32>,
        /// The class names, comma-separated, in the order of `probabilities`.
        classes: String,
    }
}

impl Prediction {
    /// A second file of a stage that makes models: what the model of each fold says about its validation clips.
    pub const VALIDATION: Output = Output::table("validation_predictions", "validation_predictions.parquet");
}
