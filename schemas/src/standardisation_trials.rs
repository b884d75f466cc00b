//! `standardisation_trials`: what a model that is standardised per speaker says where a test speaker's clips are few,
//! or most of them of one emotion.

use crate::Emotion;

crate::column::words! {
    /// Clips that mean and standard deviation of a test speaker's features are taken over.
    pub enum Statistics ("choice of clips for a speaker's statistics") {
        /// All clips of the speaker.
        All = "all",
        /// A few of them, drawn at random.
        Few = "few",
        /// All of one emotion, and a share of those of each other.
        Skewed = "skewed",
        /// None of them: mean and standard deviation are those of the training clips.
        TrainingClips = "training-clips",
    }
}

crate::table::table! {
    /// One test clip, standardised as if its speaker's other clips were not there, or not all of them, and scored by
    /// the model of its fold; of several seeds, a row for each. Nothing was trained anew. Speakers whom the model was
    /// shown are not tried.
    pub struct StandardisationTrial ("standardisation_trials", version 2) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// Fold in which the clip was held out.
        fold: u32,
        /// Number from 0 of the network that answers, as in `predictions`; null where a fold has one.
        seed: Option<u32>,
        /// The clip.
        clip_id: String,
        /// Over which clips mean and standard deviation of its speaker's features were taken: `few`, `skewed` or
        /// `training-clips`; answers with `all` are in `predictions`.
        statistics: Statistics,
        /// Of `few`: over how many clips of the speaker, this one among them; else null.
        clips: Option<u32>,
        /// Of `skewed`: the emotion all of whose clips were kept, drawn for each speaker and repetition; else null.
        dominant: Option<Emotion>,
        /// Of `skewed`: share of the clips of each other emotion that was kept, 0 to 1; else null.
        kept: Option<f64>,
        /// Number of the draw, from 0.
        repetition: u32,
        /// The clip's emotion.
        emotion: Emotion,
        /// The emotion with the highest probability.
        predicted: Emotion,
    }
}
