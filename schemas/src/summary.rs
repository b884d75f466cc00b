//! `summary`: one number per model, group and metric.

crate::table::table! {
    /// One metric of one model within one group of test clips.
    pub struct SummaryMetric ("summary", version 2) {
        /// Name of the train or baseline stage.
        model: String,
        /// Name of the split stage.
        split: String,
        /// What the clips are grouped by: `overall`, `fold`, `corpus`, `gender`, `speaker`, `intensity`, `language`,
        /// `sentence` (its corpus and its text), `agreement` (share of listeners who agree on what they heard).
        group: String,
        /// Which group; `all` for `overall`.
        group_value: String,
        /// `accuracy`, `uar`, `macro_f1`, `weighted_f1`; `ece` (expected calibration error), `brier` (summed over
        /// classes, 0 to 2) and `log_loss` (natural logarithm), each also as `..._scaled` after temperature scaling;
        /// for folds, `temperature`.
        metric: String,
        /// The metric, 0 to 1 where not said otherwise.
        value: f64,
        /// Lower end of the 95 % interval from a bootstrap over speakers; null where speakers are too few to resample
        /// (fewer than three; for `ece` and `ece_scaled` fewer than four), and for `temperature`. That of `ece` is about the
        /// error of the same bins over all speakers, which the estimate overshoots: it reaches further down than up.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// Number of test clips.
        support: u64,
        /// Number of their speakers, which the interval is about.
        speakers: u64,
    }
}
