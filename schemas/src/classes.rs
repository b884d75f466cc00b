//! `classes`: precision, recall and F1 of each class.

use crate::Emotion;

crate::table::table! {
    /// One class of one model within one group of test clips. Intervals are 95 % intervals, about the same as those
    /// of `summary`: Wilson's, of as many independent clips as the speakers' clips are worth. A ratio whose denominator
    /// is zero is 0, as scikit-learn does with `zero_division=0`. Figures of a model with several seeds are means over
    /// the seeds of each one's own.
    pub struct ClassMetrics ("classes", version 2) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Property that groups the clips: `overall`, `fold`, `corpus`, `gender`, `intensity`, `language`, `agreement`.
        group: String,
        /// Which group; `all` for `overall`.
        group_value: String,
        /// The class.
        emotion: Emotion,
        /// True positives among the clips predicted as this class, 0 to 1.
        precision: f64,
        /// Lower end of the interval of `precision`; null where too few speakers have clips of the class: fewer than
        /// three of one corpus.
        precision_low: Option<f64>,
        /// Upper end of the interval of `precision`.
        precision_high: Option<f64>,
        /// True positives among the clips of this class, 0 to 1.
        recall: f64,
        /// Lower end of the interval of `recall`.
        recall_low: Option<f64>,
        /// Upper end of the interval of `recall`.
        recall_high: Option<f64>,
        /// Harmonic mean of precision and recall, 0 to 1.
        f1: f64,
        /// Lower end of the interval of `f1`.
        f1_low: Option<f64>,
        /// Upper end of the interval of `f1`.
        f1_high: Option<f64>,
        /// Number of test clips of this class.
        support: u64,
        /// Number of speakers of these clips.
        speakers: u64,
    }
}
