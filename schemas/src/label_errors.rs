//! `label_errors`: clips whose label a model disputes with confidence.

use crate::Emotion;

crate::table::table! {
    /// One clip that may be labelled wrongly, by confident learning from out-of-fold probabilities (Northcutt, Jiang &
    /// Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021): a clip to listen to, no
    /// verdict. A weak model disputes many right labels; look at the best model on a speaker-independent split first.
    /// Of a model with several seeds, the means of their probabilities dispute a label.
    pub struct LabelError ("label_errors", version 1) {
        /// Name of the stage that made the model.
        model: String,
        /// Name of the split stage.
        split: String,
        /// 1 for the clip most worth listening to.
        rank: u32,
        /// The clip.
        clip_id: String,
        /// Where it lies, as in `clips`.
        path: String,
        /// Its corpus.
        corpus: String,
        /// Its speaker.
        speaker: String,
        /// The emotion it is labelled with.
        emotion: Emotion,
        /// The emotion that the model is confident of.
        suggested: Emotion,
        /// Probability of the label, 0 to 1.
        probability_given: f64,
        /// Probability of the suggestion, 0 to 1.
        probability_suggested: f64,
        /// `probability_given` minus the highest other probability, -1 to 1 (normalised margin); ranks are by it,
        /// lowest first.
        score: f64,
        /// Emotion that listeners heard, where the corpus tells.
        perceived_emotion: Option<Emotion>,
    }
}
