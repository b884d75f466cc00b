//! `standardisation_limits`: how well a model that is standardised per speaker does with few or unbalanced clips of a
//! speaker.

use crate::Statistics;

crate::table::table! {
    /// One model with one choice of clips for the statistics of its test speakers. Differences are paired: the same
    /// clips, and intervals from the same speakers drawn for both.
    pub struct StandardisationLimit ("standardisation_limits", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Over which clips mean and standard deviation of a test speaker's features were taken: `all`, `few`, `skewed`
        /// or `training-clips`.
        statistics: Statistics,
        /// Of `few`: over how many clips of the speaker; else null.
        clips: Option<u32>,
        /// Of `skewed`: share of the clips of each emotion but one that was kept, 0 to 1; else null.
        kept: Option<f64>,
        /// How many draws of these clips the figures are the mean of.
        repetitions: u32,
        /// Unweighted average recall, 0 to 1; of several corpora, the mean of theirs.
        value: f64,
        /// Lower end of its 95 % interval, over speakers as in `summary`; null where they are too few to resample.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// `value` minus that with `all`, -1 to 1; null for `all`.
        less_all: Option<f64>,
        /// Lower end of the 95 % interval of `less_all`.
        less_all_low: Option<f64>,
        /// Upper end of the interval.
        less_all_high: Option<f64>,
        /// `value` minus that with `training-clips`, -1 to 1; null for `training-clips`.
        less_training: Option<f64>,
        /// Lower end of the 95 % interval of `less_training`.
        less_training_low: Option<f64>,
        /// Upper end of the interval.
        less_training_high: Option<f64>,
        /// Name of the model of the same description and settings on the same split that was made for statistics of
        /// training clips: it needs no clips of a speaker. Null where there is none.
        twin: Option<String>,
        /// `value` minus that of `twin`, -1 to 1.
        less_twin: Option<f64>,
        /// Lower end of the 95 % interval of `less_twin`.
        less_twin_low: Option<f64>,
        /// Upper end of the interval.
        less_twin_high: Option<f64>,
        /// Number of clips that were tried; speakers with fewer clips than `clips` are left out.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
    }
}
