//! `balance`: how many clips of what.

use crate::Emotion;

crate::table::table! {
    /// Clips that share emotion, corpus, gender, intensity and language.
    pub struct Balance ("balance", version 1) {
        /// Corpus of the clips.
        corpus: String,
        /// Emotion of the clips.
        emotion: Emotion,
        /// Gender of the speakers; `unknown` where the corpus does not tell.
        gender: String,
        /// Intensity of the portrayal; `unspecified` where the corpus does not tell.
        intensity: String,
        /// Language tag; `unknown` where the descriptor does not tell.
        language: String,
        /// Number of clips.
        clips: u64,
        /// Their total duration in minutes.
        minutes: f64,
        /// Number of different speakers.
        speakers: u64,
    }
}
