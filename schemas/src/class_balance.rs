//! `class_balance`: how evenly the emotions are covered.

use crate::Emotion;

crate::table::table! {
    /// The emotions of one corpus, or of the whole dataset, as one distribution.
    pub struct ClassBalance ("class_balance", version 1) {
        /// The corpus; null for all corpora together.
        corpus: Option<String>,
        /// Number of clips.
        clips: u64,
        /// Number of emotions with at least one clip.
        classes: u64,
        /// The emotion with the fewest clips, the first by name among equals.
        rarest: Emotion,
        /// Its clips.
        rarest_clips: u64,
        /// The emotion with the most clips, the first by name among equals.
        commonest: Emotion,
        /// Its clips.
        commonest_clips: u64,
        /// Clips of the commonest emotion for each clip of the rarest, 1 when all are equal.
        imbalance_ratio: f64,
        /// Effective number of classes, 1 to `classes`: e to the power of the Shannon entropy (in nats) of the class
        /// shares.
        effective_classes: f64,
    }
}
