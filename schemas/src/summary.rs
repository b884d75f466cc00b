//! `summary`: one number per model, group and metric.

crate::table::table! {
    /// One metric of one model within one group of test clips.
    pub struct SummaryMetric ("summary", version 1) {
        /// Name of the train stage.
        model: String,
        /// Name of the split stage.
        split: String,
        /// What the clips are grouped by: `overall`, `fold`, `corpus`, `gender`.
        group: String,
        /// Which group; `all` for `overall`.
        group_value: String,
        /// `accuracy`, `uar`, `macro_f1`, `weighted_f1`.
        metric: String,
        /// The metric, 0 to 1.
        value: f64,
        /// Lower end of the 95 % interval from a bootstrap over speakers; null where speakers are too few to resample.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// Number of test clips.
        support: u64,
    }
}
