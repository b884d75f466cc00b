//! `coverage`: how often a model is right where it answers only when it is sure enough.

crate::table::table! {
    /// The test clips of a model on a split that it answers for when asked for a probability of at least `threshold`: the risk-coverage
    /// curve of a classifier that may abstain (El-Yaniv and Wiener, JMLR 2010), by thresholds instead of shares. Folds are pooled.
    /// A clip has one answer, as `ser predict` gives it with the networks of its fold: of several seeds the mean of their
    /// probabilities, at the temperature that fits that mean on the fold's validation clips.
    pub struct Coverage ("coverage", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// `true` if probabilities were scaled by a temperature fitted on the validation clips of each fold; `false` where a fold has
        /// none, or scaling is switched off: thresholds are then of probabilities as trained.
        scaled: bool,
        /// Least probability of the most probable emotion that is an answer, 0 to 1: `--min-confidence` of `ser predict`.
        threshold: f64,
        /// Clips that are answered.
        clips: u64,
        /// Speakers who have any.
        speakers: u64,
        /// Share of all clips that are answered, 0 to 1.
        coverage: f64,
        /// Lower end of its 95 % interval over speakers; null where speakers are too few, or fewer than ten clips are answered
        /// or are not.
        coverage_low: Option<f64>,
        /// Upper end.
        coverage_high: Option<f64>,
        /// Share of the answered clips whose answer is right, 0 to 1; null where none is answered.
        accuracy: Option<f64>,
        /// Lower end of its 95 % interval, over the speakers who have answered clips; null where they are too few, or
        /// fewer than ten answers are right or are wrong.
        accuracy_low: Option<f64>,
        /// Upper end.
        accuracy_high: Option<f64>,
        /// Unweighted average recall over the answered clips, 0 to 1: the mean over the classes that these have; null where none is
        /// answered.
        uar: Option<f64>,
        /// Lower end of its 95 % interval; null where speakers are too few, or an emotion has fewer than ten answered clips.
        uar_low: Option<f64>,
        /// Upper end.
        uar_high: Option<f64>,
    }
}
