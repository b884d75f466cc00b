//! What stops a manifest, as opposed to what leaves one file out of it.

use std::path::PathBuf;

use ser_schemas::TableError;

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// No ingest stage to read from.
    #[error("a manifest reads at least one ingest stage, found none: name them in `from`")]
    NoInputs,
    /// Not one clip is left.
    #[error(
        "no usable clip in any corpus:\n  {}\ncheck the `root` of each corpus with `ser corpora check ROOT --corpus NAME`, or \
         write small synthetic corpora to try the pipeline with: `ser demo DIR`",
        found.join("\n  ")
    )]
    NoClips {
        /// One line for each corpus: what was found and why it is of no use.
        found: Vec<String>,
    },
    /// An ingest stage's folder holds no corpus row.
    #[error("`{}` has no row: expected one that says what became of the corpus; run the ingest stage again", path.display())]
    NoCorpus {
        /// The table.
        path: PathBuf,
    },
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The user asked to stop.
    #[error("stopped before the manifest was complete")]
    Cancelled,
}
