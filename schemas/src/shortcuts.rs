//! `shortcuts`: how well one number about the recording predicts the corpus or the emotion.

crate::table::table! {
    /// One measurement of the recording, as a predictor. A naive Bayes classifier knows nothing but the bin that the
    /// measurement falls into (ten bins by the training clips' quantiles, or one for each value where there are no more
    /// than ten), holds all classes equally likely beforehand, and is scored by five-fold cross-validation over clips.
    pub struct Shortcut ("shortcuts", version 1) {
        /// Measured column of `clips`: `sample_rate_hz`, `bandwidth_hz`, `rms_dbfs`, `leading_silence_s`, ...
        measurement: String,
        /// Property predicted: `corpus` or `emotion`.
        target: String,
        /// The corpus whose clips are looked at; null for all corpora together.
        corpus: Option<String>,
        /// Number of clips with this measurement.
        clips: u64,
        /// Number of classes to choose from; those with fewer than five clips are left out.
        classes: u64,
        /// Mean over classes of the share of held-out clips that are predicted right (UAR), 0 to 1.
        balanced_accuracy: f64,
        /// Balanced accuracy of guessing: 1 / classes.
        chance: f64,
        /// (balanced_accuracy - chance) / (1 - chance): 0 is guessing, 1 is always right; may be a little below 0.
        skill: f64,
    }
}
