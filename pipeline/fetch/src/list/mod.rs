//! What the publisher has: names, sizes, checksums. Kept beside the corpus, so that a further call knows when it has
//! all.

mod dataverse;
mod git_lfs;
mod zenodo;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;
use crate::error::FetchError;
use crate::names;
use crate::source::Wanted;

pub(crate) use dataverse::list as dataverse;
pub(crate) use git_lfs::{Plain, batch_url, list as git_lfs};
pub(crate) use zenodo::list as zenodo;

/// Longest list that is read.
const MOST_LIST_BYTES: u64 = 1 << 26;

/// A file that the publisher has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// Path below the corpus's folder.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) checksums: Vec<Checksum>,
    pub(crate) link: Link,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Link {
    /// There.
    Url(String),
    /// In Git LFS, as the object of its SHA-256.
    Lfs,
    /// In the list itself.
    Listed,
}

/// The files of a source that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct List {
    /// Which source it is of.
    pub(crate) source: String,
    /// The licence, in the publisher's words.
    pub(crate) licence: Option<String>,
    pub(crate) files: Vec<Remote>,
}

impl List {
    /// The list that an earlier call left at `path`, if it is of `source` and names no path that is not safe.
    pub(crate) fn read(path: &Path, source: &str) -> Option<Self> {
        let list: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (list.source == source && list.check_paths("").is_ok()).then_some(list)
    }

    /// Leaves the list at `path` for later calls.
    pub(crate) fn write(&self, path: &Path) -> Result<(), FetchError> {
        let text = serde_json::to_vec(self).map_err(std::io::Error::from);
        let partial = path.with_extension("partial");
        let written =
            text.and_then(|text| std::fs::write(&partial, text)).and_then(|()| std::fs::rename(&partial, path));
        written.map_err(FetchError::io("write", path))
    }

    /// An error if a path is not safe or is there twice.
    fn check_paths(&self, of: &str) -> Result<(), FetchError> {
        let mut seen = BTreeSet::new();
        for file in &self.files {
            let why = names::unsafe_because(&file.path);
            if let Some(why) = why.or_else(|| (!seen.insert(&file.path)).then_some("it is there twice")) {
                return Err(FetchError::UnsafePath { of: of.to_owned(), path: file.path.clone(), why });
            }
        }
        Ok(())
    }
}

/// An error unless `files`, of `of`, are as many and as large as is known of them.
fn check_sums<'a>(wanted: &Wanted, of: &str, files: impl Iterator<Item = &'a Remote>) -> Result<(), FetchError> {
    let (mut count, mut bytes) = (0, 0_u64);
    for file in files {
        count += 1;
        bytes = bytes.saturating_add(file.bytes);
    }
    for (what, unit, expected, found) in
        [("number of files", "files", wanted.files, count), ("size", "bytes", wanted.bytes, bytes)]
    {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            let (expected, found) = (format!("{expected} {unit}"), format!("{found} {unit}"));
            return Err(FetchError::Changed { what: format!("{what} of {of}"), expected, found });
        }
    }
    if count == 0 {
        let (expected, found) = (wanted.include.join(", "), "no file like that".to_owned());
        return Err(FetchError::Changed { what: format!("files of {of}"), expected, found });
    }
    Ok(())
}

/// An answer as what it should be.
fn parsed<'a, T: Deserialize<'a>>(url: &str, text: &'a str) -> Result<T, FetchError> {
    serde_json::from_str(text).map_err(|error| FetchError::NoList { url: url.to_owned(), why: error.to_string() })
}
