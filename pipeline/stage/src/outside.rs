//! Data from outside the pipeline: a corpus folder, a file of assignments.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Predicate of paths below a watched folder: `true` if a change of the file can make a stage stale.
pub type WatchFilter = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// Where a kind looks for what it reads from outside the pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a> {
    /// Folder of the pipeline file; relative paths start there.
    pub base_dir: &'a Path,
    /// The stage's [`Context::state_dir`](crate::Context::state_dir); it need not exist yet.
    pub state_dir: &'a Path,
    /// Data read for the result that is there. `None` when there is none: the stage runs whatever the digest is, so
    /// that a cheap one will do.
    pub last: Option<LastRead<'a>>,
    /// `true` if `state_dir` may be written to: a run may, `ser status` may not.
    pub may_write: bool,
}

/// Data from outside the pipeline that the last result was made of.
#[derive(Debug, Clone, Copy)]
pub struct LastRead<'a> {
    /// Folder of that result.
    pub dir: &'a Path,
    /// [`External::digest`] of then.
    pub digest: &'a str,
    /// [`External::parts`] of then.
    pub parts: &'a BTreeMap<String, String>,
}

/// Data that a stage reads from outside the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct External {
    /// Changes whenever results could; empty when nothing is read.
    pub digest: String,
    /// For people, shown when the digest changed: `1440 files`. May be empty.
    pub description: String,
    /// Digests by name of what the whole is made of, kept to tell later what changed. May be empty.
    pub parts: BTreeMap<String, String>,
    /// In words, what changed since [`Outside::last`]: `1 file added: a.wav`. Empty when nothing did, or when it is not
    /// known.
    pub changes: String,
}
