//! `summary`: one number per model, group and metric.

crate::table::table! {
    /// One metric of one model within one group of test clips.
    pub struct SummaryMetric ("summary", version 3, Default) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Property that groups the clips: `overall`, `fold`, `corpus`, `gender`, `speaker`, `intensity`, `language`,
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
        /// Lower end of the 95 % interval. Corpora are given, each with its share of the clips; the interval is about other
        /// speakers of the same corpora, from a bootstrap over speakers corpus by corpus. Where the model was trained on other clips of
        /// the test speakers, as under a random split, it is about other clips of these same speakers, and says nothing of
        /// others. Null where speakers are too few to resample (of one corpus fewer than three, for `ece` and
        /// `ece_scaled` fewer than four; of several, as few beyond the first of each), and for `temperature`. That of `ece` is about the
        /// error of the same bins over all speakers, which the estimate overshoots: it reaches further down than up.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// Number of test clips.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
        /// How many of them the model was trained on other clips of. Where it is all, the interval is about other clips of these
        /// speakers; where it is none, about other speakers; in between, each speaker is what they are. Null in files of before
        /// this column.
        known_speakers: Option<u64>,
    }
}
