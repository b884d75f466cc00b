//! Reasons why features cannot be imported.

use std::path::PathBuf;

use ser_schemas::TableError;

/// Why features were not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum ImportError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The manifest holds no clips.
    #[error("the manifest holds no clips to import features of")]
    NoClips,
    /// Two clips of the manifest that a file cannot tell apart.
    #[error("the manifest has two clips called `{clip_id}`, in two spellings of one letter: rename one of the files")]
    TwoSpellings { clip_id: String },
    /// The Parquet file could not be read.
    #[error(
        "`{}` is not a Parquet file that can be read here; Snappy and uncompressed files can (pandas writes Snappy, Polars \
         with `compression=\"snappy\"`), as can CSV",
        path.display()
    )]
    NotParquet { path: PathBuf, source: TableError },
    /// The file is not of the form that is expected.
    #[error("`{}`: {problem}", path.display())]
    NotUnderstood { path: PathBuf, problem: String },
    /// Rows that are not what the manifest and the other rows ask for.
    #[error("`{}` cannot be imported: {}", path.display(), problems.join("; "))]
    Refused { path: PathBuf, problems: Vec<String> },
    /// The user asked to stop.
    #[error("cancelled")]
    Cancelled,
}
