//! `exposures`: which clips a model was shown, and for what. Evaluation holds it against the clips that the model is
//! scored on.

crate::column::words! {
    /// Use of a clip while a model was made.
    pub enum Use ("use") {
        /// Weights were fitted on it.
        Weights = "weights",
        /// Mean and standard deviation of the features were fitted on it, for all clips alike.
        Standardisation = "standardisation",
        /// Mean and standard deviation of its speaker's features were fitted on it, for that speaker's clips; its label
        /// was not used.
        SpeakerStandardisation = "speaker-standardisation",
        /// Mean and standard deviation of its corpus's features were fitted on it, for clips of that corpus, of which
        /// there were no training clips; its label was not used.
        CorpusStandardisation = "corpus-standardisation",
        /// Altered copies of it, its voice, or it joined to others, were trained on.
        Augmentation = "augmentation",
        /// It chose the epoch, the regularisation or the weights of an ensemble.
        Selection = "selection",
    }
}

impl Use {
    /// `true` for statistics of unlabelled clips that serve their own speaker or corpus alone: noted, and no leak.
    pub fn serves_its_own(self) -> bool {
        matches!(self, Self::SpeakerStandardisation | Self::CorpusStandardisation)
    }
}

crate::table::table! {
    /// One use of one clip in one fold.
    pub struct Exposure ("exposures", version 1) {
        /// Fold number from 0.
        fold: u32,
        /// The clip.
        clip_id: String,
        /// Use of the clip.
        used_for: Use,
    }
}
