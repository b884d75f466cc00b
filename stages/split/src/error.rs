//! What makes a split impossible, or a leak.

use std::path::PathBuf;

use ser_schemas::TableError;

/// Why a split was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A table, or the file of an analyst's own split, could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The manifest holds no clips.
    #[error("the manifest holds no clips to split")]
    NoClips,
    /// More folds than there are things to divide.
    #[error("{folds} folds need at least {folds} {what}, the manifest has {found}: set `folds` to at most {found}")]
    TooManyFolds {
        /// Folds asked for.
        folds: u32,
        /// What is divided: "speakers" or "clips".
        what: &'static str,
        /// How many of them there are.
        found: usize,
    },
    /// Nothing to divide.
    #[error("a split needs at least 2 clips, the manifest has 1: {clip}")]
    OneClip {
        /// The clip.
        clip: String,
    },
    /// Too few things to hold one of them out.
    #[error(
        "protocol `{protocol}` needs at least 2 {what}, the manifest has {found}: {names}; with `required = false` \
         the stage makes no folds instead, and `protocol = \"random\"` needs none of them"
    )]
    NothingToLeaveOut {
        /// The protocol.
        protocol: &'static str,
        /// What is left out: "corpora", "speakers", "values".
        what: &'static str,
        /// How many there are.
        found: usize,
        /// Which.
        names: String,
    },
    /// Copies hold so much together that there are too few groups to divide.
    #[error(
        "{reason}: {ties}; set {folds}`near_copies = \"leave-out\"` here, or leave the copies out of the manifest: \
         {exclude}"
    )]
    TiedTogether {
        /// The groups, each with the clips that tie it.
        ties: String,
        /// How many groups are left, and for how many folds.
        reason: String,
        /// "`folds = 3` or " where fewer folds would do, else nothing.
        folds: String,
        /// The line that leaves out what ties.
        exclude: String,
    },
    /// Clips whose speaker is not known, under a protocol that goes by speakers.
    #[error(
        "protocol `{protocol}` needs the speaker of every clip, {count} have none: {clips}; let the corpus's \
         descriptor tell them{exclude}"
    )]
    NoSpeaker {
        /// The protocol.
        protocol: &'static str,
        /// How many clips have none.
        count: usize,
        /// Which; at most 20 are named.
        clips: String,
        /// ", or " and the line that leaves them out, where enough is left without them.
        exclude: String,
    },
    /// A column that the protocol cannot use.
    #[error("clips have no column `{column}` to split by; expected one of: {valid}")]
    UnknownColumn {
        /// The column asked for.
        column: String,
        /// The columns that there are.
        valid: String,
    },
    /// More values than folds are allowed.
    #[error("column `{column}` has {found} different values, a split has at most {most} folds")]
    TooManyValues {
        /// The column.
        column: String,
        /// Number of values.
        found: usize,
        /// Most folds allowed.
        most: u32,
    },
    /// The Parquet file of an analyst's own split could not be read.
    #[error(
        "`{}` is not a Parquet file that can be read here; Snappy and uncompressed files can, as can `.csv`",
        path.display()
    )]
    FileNotParquet {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// The file of an analyst's own split says something that cannot be followed.
    #[error("`{}`, {place}: {problem}", path.display())]
    FileNotUnderstood {
        /// The file.
        path: PathBuf,
        /// Where in it: "line 3", "column `fold`".
        place: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// The parameters are unusable. Of those of a pipeline file, the engine says so earlier.
    #[error("`{key}`: {message}")]
    BadParameter {
        /// The parameter.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// The split does not have a property that it must have.
    #[error(
        "{verdict}: check `{check}` failed{place}: {detail} ({offenders} in all){advice}; every check is in `{}`",
        checks.display()
    )]
    Refused {
        /// What that means: "the split leaks", "the split is of no use".
        verdict: &'static str,
        /// The check.
        check: String,
        /// " in fold 3", or nothing where the whole split is meant.
        place: Box<str>,
        /// How many clips or speakers offend.
        offenders: u64,
        /// Which; at most 20 are named.
        detail: Box<str>,
        /// "; " and what helps, or nothing.
        advice: Box<str>,
        /// Where the table of all checks lies.
        checks: PathBuf,
    },
}
