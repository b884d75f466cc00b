//! What keeps a dataset from being audited.

use ser_schemas::TableError;

/// Why an audit was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A clip of the manifest has no emotion; the manifest promises one.
    #[error("clip `{clip_id}` has no emotion, though it is in the manifest: make the manifest again")]
    NoEmotion {
        /// The clip.
        clip_id: String,
    },
    /// Polars refused to count.
    #[error("cannot count the clips")]
    Polars(#[from] polars::error::PolarsError),
    /// What came back from counting is not what went in.
    #[error("counting the clips gave `{found}` as an emotion")]
    Counting {
        /// What was found.
        found: String,
    },
}
