//! `worst_groups`: for whom, and on what, a model does worst.

crate::table::table! {
    /// The group of clips, among all of one kind, with the lowest figure of one model.
    pub struct WorstGroup ("worst_groups", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Property that groups the clips, as in `summary`.
        group: String,
        /// The worst of these groups.
        group_value: String,
        /// The metric by which it is the worst: `uar`, or where the group has clips of several corpora
        /// `uar_over_corpora`.
        metric: String,
        /// The metric in this group, 0 to 1.
        value: f64,
        /// Lower end of its 95 % interval; null where its speakers are too few to resample.
        low: Option<f64>,
        /// Upper end of the interval.
        high: Option<f64>,
        /// UAR of all clips, 0 to 1; where they are of several corpora, in the mean over these.
        overall: f64,
        /// Number of test clips in this group.
        support: u64,
        /// How many groups were compared: the worst of many is partly the unluckiest.
        compared: u64,
        /// How many groups were left out of the comparison because they have too few clips, or only one emotion.
        left_out: u64,
    }
}
