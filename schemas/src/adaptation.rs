//! `adaptation`: what a few labelled clips of a speaker whom a model has never heard add.

crate::table::table! {
    /// One model with so many labelled clips of each emotion of a test speaker, who is no stranger then. The labelled clips are drawn,
    /// the model's answers are adapted by them as those of `ser predict --enrol` are, and the speaker's other clips are scored: the
    /// same ones for each number of labelled clips, with and without adaptation. Nothing is trained anew. Speakers whom the model was
    /// shown are left out, and those who have too few clips of every emotion.
    pub struct Adaptation ("adaptation", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// `true` if answers were brought to the temperature of the fold's validation clips before they were adapted, as in
        /// `coverage`; `false` where there is none.
        scaled: bool,
        /// Labelled clips of each emotion. Of an emotion with few clips of the speaker at most three quarters are labelled: the
        /// others are scored.
        clips: u32,
        /// Labelled clips of a speaker in the mean, over all emotions.
        labelled: f64,
        /// How many draws of labelled clips the figures are the mean of.
        repetitions: u32,
        /// Unweighted average recall of the adapted answers, 0 to 1; of several corpora, the mean of theirs.
        uar: f64,
        /// Lower end of its 95 % interval, over speakers as in `summary`; null where they are too few to resample.
        uar_low: Option<f64>,
        /// Upper end of the interval.
        uar_high: Option<f64>,
        /// Unweighted average recall of the model's own answers to the same clips, 0 to 1.
        unadapted_uar: f64,
        /// Lower end of its 95 % interval.
        unadapted_uar_low: Option<f64>,
        /// Upper end of the interval.
        unadapted_uar_high: Option<f64>,
        /// `uar` minus `unadapted_uar`, -1 to 1.
        uar_gain: f64,
        /// Lower end of the 95 % interval of `uar_gain`: the same clips, and the same speakers drawn for both.
        uar_gain_low: Option<f64>,
        /// Upper end of the interval.
        uar_gain_high: Option<f64>,
        /// Share of the adapted answers that are right, 0 to 1; of several corpora, the mean of theirs.
        accuracy: f64,
        /// Lower end of its 95 % interval.
        accuracy_low: Option<f64>,
        /// Upper end of the interval.
        accuracy_high: Option<f64>,
        /// Share of the model's own answers to the same clips that are right, 0 to 1.
        unadapted_accuracy: f64,
        /// Lower end of its 95 % interval.
        unadapted_accuracy_low: Option<f64>,
        /// Upper end of the interval.
        unadapted_accuracy_high: Option<f64>,
        /// `accuracy` minus `unadapted_accuracy`, -1 to 1.
        accuracy_gain: f64,
        /// Lower end of the 95 % interval of `accuracy_gain`.
        accuracy_gain_low: Option<f64>,
        /// Upper end of the interval.
        accuracy_gain_high: Option<f64>,
        /// Number of clips that were scored in one draw or more.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
    }
}
