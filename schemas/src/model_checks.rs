//! `model_checks`: what the figures of each model were tested for before they were believed.

use crate::CheckStatus;

crate::table::table! {
    /// One way in which a figure could be too good, in one model and fold.
    pub struct ModelCheck ("model_checks", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Subject of the test: `weights_saw_no_test_clip`, `standardisation_saw_no_test_clip`,
        /// `augmentation_saw_no_test_clip`, `selection_saw_no_test_clip`, `test_clips_are_those_of_the_split`,
        /// `shown_clips_are_those_of_the_split`, `speaker_disjoint`, `audio_disjoint`, and of what else the split holds
        /// out `corpus_disjoint`, `language_disjoint`, `sentence_disjoint`, ...
        check: String,
        /// Fold number from 0; null for all folds together.
        fold: Option<u32>,
        /// Outcome; any that failed fails the stage.
        status: CheckStatus,
        /// How many clips or speakers offend.
        offenders: u64,
        /// Which, in words, at most 20 are named; or why it could not be tested.
        detail: String,
    }
}
