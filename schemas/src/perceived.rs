//! `perceived`: the emotion that an actor meant against the one that listeners heard.

use crate::Emotion;

crate::table::table! {
    /// One pair of intended and perceived emotion in one corpus; pairs without clips are left out. Only corpora whose
    /// listeners were asked are here.
    pub struct Perceived ("perceived", version 1) {
        /// The corpus.
        corpus: String,
        /// Emotion that the actor meant.
        emotion: Emotion,
        /// Emotion that most listeners heard; null where no emotion has most votes.
        perceived_emotion: Option<Emotion>,
        /// Number of clips.
        clips: u64,
        /// Share of this corpus's clips of this intended emotion that have a vote, 0 to 1.
        share: f64,
        /// Mean over the clips of the share of listeners who agree on what was heard, 0 to 1; null where the corpus
        /// does not tell.
        agreement: Option<f64>,
    }
}
