//! How an object was when it was listed.

/// What tells whether an object may have changed, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its size.
    pub bytes: u64,
    /// Its entity tag, with quotes: other content has another one.
    pub etag: String,
}
