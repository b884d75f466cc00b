//! `comparisons`: one model against another on the same clips.

crate::column::words! {
    /// Purpose of a comparison of two models.
    pub enum ComparisonKind ("comparison kind") {
        /// The same recipe under a random split (a) and a speaker-independent one (b): what knowing the speaker is worth.
        ProtocolGap = "protocol-gap",
        /// Two models on one split.
        Paired = "paired",
    }
}

crate::column::words! {
    /// The test behind a p-value; two-sided, of the null hypothesis that the two models are equally good.
    pub enum ComparisonTest ("comparison test") {
        /// The two models' answers are exchanged for whole speakers at random: does not take clips for independent.
        SpeakerPermutation = "speaker-permutation",
        /// McNemar's mid-p test on the clips that one of the two gets right (Fagerland, Lydersen & Laake 2013). It
        /// takes clips for independent, which clips of one speaker are not, and so promises too much.
        McnemarMidP = "mcnemar-mid-p",
    }
}

crate::table::table! {
    /// One figure of two models on the clips that both were tested on.
    pub struct Comparison ("comparisons", version 1) {
        /// Why these two.
        kind: ComparisonKind,
        /// The first model: name of the stage that made it.
        model_a: String,
        /// Its split.
        split_a: String,
        /// The second model.
        model_b: String,
        /// Its split.
        split_b: String,
        /// `uar`, `macro_f1` or `accuracy`.
        metric: String,
        /// The figure of the first model on the common clips, 0 to 1.
        value_a: f64,
        /// The figure of the second model on them, 0 to 1.
        value_b: f64,
        /// `value_a` minus `value_b`, -1 to 1.
        value: f64,
        /// Lower end of the 95 % interval of `value`, from a paired bootstrap over the speakers of each corpus; over clips within
        /// speakers where both models were trained on other clips of them. Null where speakers are too few.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// The test behind `p_value`.
        test: ComparisonTest,
        /// Two-sided p-value, 0 to 1; null where speakers are too few for the test.
        p_value: Option<f64>,
        /// `p_value` after Holm's correction for all comparisons of this kind, split, metric and test.
        p_adjusted: Option<f64>,
        /// Number of clips that both were tested on.
        support: u64,
        /// Number of their speakers.
        speakers: u64,
    }
}
