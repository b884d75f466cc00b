//! Reasons why models cannot answer together.

use ser_schemas::{Emotion, TableError};

/// Why an ensemble was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnsembleError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No members.
    #[error("an ensemble is of several models, or of several seeds of one, found none: name them in `from`")]
    NoMembers,
    /// One member of one seed.
    #[error(
        "`{member}` is the only member, and one model of it answers in each fold: there is nothing to average; set `seeds` of \
         a stage that trains networks above 1, or name more models in `from`"
    )]
    Alone {
        /// The member.
        member: String,
    },
    /// Seeds of a member that do not answer for the same clips.
    #[error("the seeds of `{member}` do not fit together at clip `{clip_id}` in fold {fold}: {problem}; run it again")]
    BadSeeds {
        /// The member.
        member: String,
        /// The clip.
        clip_id: String,
        /// Fold number from 0.
        fold: u32,
        /// What is missing or differs.
        problem: String,
    },
    /// One member twice.
    #[error("`{member}` is a member twice: name it once in `from`, and give it a weight if it is to count for more")]
    Twice {
        /// The member.
        member: String,
    },
    /// A stage of several models, or of none.
    #[error(
        "`{member}` describes {found} models in its `models.parquet`, expected one: an ensemble is of stages of one model"
    )]
    NotOne {
        /// The stage.
        member: String,
        /// How many models it describes.
        found: usize,
    },
    /// A row of a member that is another model's.
    #[error(
        "`{member}` predicts clip `{clip_id}` as model `{model}` on split `{split}`, which it does not describe: run it again"
    )]
    Stranger {
        /// The member.
        member: String,
        /// The clip.
        clip_id: String,
        /// The model named in the row.
        model: String,
        /// The split named in the row.
        split: String,
    },
    /// Probabilities that are none.
    #[error("`{member}`, clip `{clip_id}`: {problem}")]
    BadProbabilities {
        /// The member.
        member: String,
        /// The clip.
        clip_id: String,
        /// The expected and the found value, in words.
        problem: String,
    },
    /// Members on different splits.
    #[error(
        "`{first}` is a model of split `{first_split}` and `{second}` of `{second_split}`: an ensemble is of one split; make \
         one for each"
    )]
    OtherSplit {
        /// A member.
        first: String,
        /// Its split.
        first_split: String,
        /// Another member.
        second: String,
        /// Its split.
        second_split: String,
    },
    /// A clip that one member answers for and another does not.
    #[error(
        "`{has}` predicts {role} clip `{clip_id}` in fold {fold}, and `{lacks}` does not: members answer for the same clips \
         in the same folds; run both on one result of split `{split}`"
    )]
    OtherClips {
        /// The member that answers.
        has: String,
        /// The member that does not.
        lacks: String,
        /// "test", "validation".
        role: &'static str,
        /// The clip.
        clip_id: String,
        /// Fold number from 0.
        fold: u32,
        /// Their split.
        split: String,
    },
    /// Members that know different classes.
    #[error(
        "`{first}` gives probabilities of {first_classes}, and `{second}` of {second_classes}: run both on one manifest"
    )]
    OtherClasses {
        /// A member.
        first: String,
        /// Its classes, comma-separated.
        first_classes: String,
        /// Another member.
        second: String,
        /// Its classes, comma-separated.
        second_classes: String,
    },
    /// Members that disagree about the truth.
    #[error(
        "clip `{clip_id}` is `{first_emotion}` in the predictions of `{first}` and `{second_emotion}` in those of `{second}`: \
         run both on one manifest"
    )]
    OtherEmotion {
        /// The clip.
        clip_id: String,
        /// A member.
        first: String,
        /// The clip's emotion there.
        first_emotion: Emotion,
        /// Another member.
        second: String,
        /// The clip's emotion there.
        second_emotion: Emotion,
    },
    /// A weight of no member.
    #[error("`weights` names `{name}`, which is no member; the members are {members}")]
    NoMember {
        /// The name.
        name: String,
        /// The members, quoted and comma-separated.
        members: String,
    },
    /// A member without a weight.
    #[error("`weights` has none for member `{member}`: give it one, 0 if it is not to count")]
    NoWeight {
        /// The member.
        member: String,
    },
    /// Nothing to fit weights on.
    #[error(
        "fold {fold}: `{member}` has no predictions of validation clips, which `weights = \"validation\"` are fitted on: set \
         `validation_fraction` of split `{split}` above 0, or `weights = \"equal\"` here"
    )]
    NoValidation {
        /// Fold number from 0.
        fold: u32,
        /// The member.
        member: String,
        /// The split.
        split: String,
    },
    /// The user asked to stop.
    #[error("cancelled")]
    Cancelled,
}
