//! Reasons why a model of any kind is impossible.

use ser_schemas::{Role, Statistics, TableError};

/// Why a model cannot be made of a split's clips, or not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The split names clips that the manifest does not have, or that no model can use.
    #[error("the split assigns clip `{clip_id}`, but {problem}; run the split stage on the same manifest")]
    BadClip {
        /// The clip.
        clip_id: String,
        /// Reason why it cannot be used.
        problem: &'static str,
    },
    /// A fold with nothing to fit on or nothing to predict.
    #[error("fold {fold} has no {role} clips; check the split's parameters")]
    EmptyFold {
        /// Fold number from 0.
        fold: u32,
        /// The part that no clip plays.
        role: &'static str,
    },
    /// A corpus to train on that the split knows nothing of.
    #[error("`train_corpora` names `{corpus}`, of which the split has no clips; {advice}")]
    UnknownCorpus {
        /// The name.
        corpus: String,
        /// What was probably meant, and what there is.
        advice: String,
    },
    /// A fold that trains on none of the corpora that are to be trained on.
    #[error(
        "fold {fold} has no training clips of `train_corpora` ({corpora}): its split holds all of theirs out; add another corpus, or use a split that keeps some of each corpus for training"
    )]
    NothingToTrainOn {
        /// Fold number from 0.
        fold: u32,
        /// The corpora.
        corpora: String,
    },
    /// Clips of the split have no features of some kind.
    #[error(
        "{count} of the split's clips have no usable {what}, among them {examples}; run the features stage on the same manifest, or leave the clips out of it"
    )]
    NoFeatures {
        /// "frames", "functionals".
        what: &'static str,
        /// How many clips.
        count: usize,
        /// Some of their ids.
        examples: String,
    },
    /// A record of a fold that does not have a probability of each class for each clip.
    #[error("fold {fold}: expected {expected} probabilities of {role} clips (clips times classes), found {found}")]
    WrongCount {
        /// Fold number from 0.
        fold: u32,
        /// Which clips.
        role: Role,
        /// How many probabilities there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A trial that does not have a probability of each class for each clip.
    #[error(
        "fold {fold}: expected {expected} probabilities of the trial of `{statistics}` (clips times classes), found {found}"
    )]
    WrongTrial {
        /// Fold number from 0.
        fold: u32,
        /// Which clips the statistics are of.
        statistics: Statistics,
        /// How many probabilities there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A functional that is no number.
    #[error(
        "clip `{clip_id}`: functional `{functional}` is {value}, expected a finite number; run the features stage again"
    )]
    NotFinite {
        /// The clip.
        clip_id: String,
        /// The functional.
        functional: String,
        /// Its value.
        value: f32,
    },
}
