//! `predictions`: what a model said about clips that it was not trained on.

use ser_stage::Output;

use crate::Emotion;

/// How far probabilities may add up to something else than 1: they are single precision.
const PROBABILITY_SUM_TOLERANCE: f32 = 1e-3;

crate::table::table! {
    /// One test clip, scored by the model of its fold. Where a stage trains several networks in each fold, each of them
    /// has a row for each clip of the fold.
    pub struct Prediction ("predictions", version 2) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Fold in which the clip was held out.
        fold: u32,
        /// Number from 0 of the network that answers, where several are trained in each fold (`seeds` of the stage);
        /// null where one is.
        seed: Option<u32>,
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

    /// Why its probabilities are none, with the expected and the found value; `None` where they are.
    pub fn probability_problem(&self) -> Option<String> {
        let (found, classes) = (self.probabilities.len(), self.classes.split(',').count());
        if found != classes {
            return Some(format!("{found} probabilities for {classes} classes ({})", self.classes));
        }
        if let Some(value) = self.probabilities.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Some(format!("expected probabilities of 0 to 1, found {value}"));
        }
        let sum: f32 = self.probabilities.iter().sum();
        ((sum - 1.0).abs() > PROBABILITY_SUM_TOLERANCE)
            .then(|| format!("expected probabilities that add up to 1, found {sum}"))
    }
}
