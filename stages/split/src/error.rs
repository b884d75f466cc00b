//! What makes a split impossible, or a leak.

use std::path::PathBuf;

use ser_schemas::TableError;

/// Why a split was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum SplitError {
    /// A table, or the file of an analyst's own split, could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The manifest holds no clips.
    #[error("the manifest holds no clips to split")]
    NoClips,
    /// More folds than there are things to divide.
    #[error("{folds} folds need at least {folds} {what}, the manifest has {found}: set `{key}` to at most {found}")]
    TooManyFolds { key: &'static str, folds: u32, what: String, found: usize },
    /// Nothing to divide.
    #[error("a split needs at least 2 clips, the manifest has 1: {clip}")]
    OneClip { clip: String },
    /// Too few things to hold one of them out.
    #[error(
        "protocol `{protocol}` needs at least 2 {what}, the manifest has {found}: {names}{unknown}; with \
         `required = false` the stage makes no folds instead, and `protocol = \"random\"` needs none of them"
    )]
    NothingToLeaveOut { protocol: &'static str, what: String, found: usize, names: String, unknown: String },
    /// Copies hold so much together that there are too few groups to divide.
    #[error(
        "{reason}: {ties}; set {folds}`near_copies = \"leave-out\"` here, or leave the copies out of the manifest: \
         {exclude}"
    )]
    TiedTogether { ties: String, reason: String, folds: String, exclude: String },
    /// Clips whose speaker is not known, under a protocol that goes by speakers.
    #[error(
        "protocol `{protocol}` needs the speaker of every clip, {count} have none: {clips}; let the corpus's \
         descriptor tell them{exclude}"
    )]
    NoSpeaker { protocol: &'static str, count: usize, clips: String, exclude: String },
    /// More values than folds are allowed.
    #[error("column `{column}` has {found} different values, a split has at most {most} folds")]
    TooManyValues { column: &'static str, found: usize, most: u32 },
    /// More folds by two columns than are allowed.
    #[error("two columns make {found} folds, a split has at most {most}: {advice}")]
    TooManyCrossings { found: usize, most: u32, advice: String },
    /// A second column that holds out nothing more than the first.
    #[error(
        "to hold out each `{held_out}` holds out every `{column}` of its clips already, as no `{column}` is tested in two \
         folds: remove `also_held_out`"
    )]
    HeldOutAnyway { column: &'static str, held_out: &'static str },
    /// The Parquet file of an analyst's own split could not be read.
    #[error(
        "`{}` is not a Parquet file that can be read here; Snappy and uncompressed files can, as can `.csv`",
        path.display()
    )]
    FileNotParquet { path: PathBuf, source: TableError },
    /// The file of an analyst's own split says something that cannot be followed.
    #[error("`{}`, {place}: {problem}", path.display())]
    FileNotUnderstood { path: PathBuf, place: String, problem: String },
    /// The parameters are unusable. Of those of a pipeline file, the engine says so earlier.
    #[error("`{key}`: {message}")]
    BadParameter { key: String, message: String },
    /// The split does not have a property that it must have.
    #[error(
        "{verdict}: check `{check}` failed{place}: {detail} ({offenders} in all){advice}; every check is in `{}`",
        checks.display()
    )]
    Refused {
        verdict: &'static str,
        check: String,
        place: Box<str>,
        offenders: u64,
        detail: Box<str>,
        advice: Box<str>,
        checks: PathBuf,
    },
}
