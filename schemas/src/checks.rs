//! `checks`: what a split was tested for.

crate::column::words! {
    /// Outcome of a check.
    pub enum CheckStatus ("check status") {
        /// The split has the property.
        Passed = "passed",
        /// The protocol allows the split to lack the property, and it does: later readers must know.
        Noted = "noted",
        /// The split must have the property and lacks it; the stage fails.
        Failed = "failed",
    }
}

crate::table::table! {
    /// One property of a split in one fold.
    pub struct Check ("checks", version 1) {
        /// Subject of the test: `speaker_disjoint`, `audio_disjoint`, `near_audio_disjoint`,
        /// `copied_speakers_disjoint`, `roles_disjoint`, `every_class_in_train`, ..., of what else is held out
        /// `language_disjoint`, `sentence_known`, ...; or treatment of near copies: `near_copies_kept_together`,
        /// `near_copies_left_out`.
        check: String,
        /// Fold number from 0; null for the whole split.
        fold: Option<u32>,
        /// Outcome of the check.
        status: CheckStatus,
        /// How many clips, speakers or groups offend, or were treated so.
        offenders: u64,
        /// Which, in words; at most 20 are named.
        detail: String,
    }
}
