//! One file of a corpus, wherever it lies.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::address::Address;
use crate::error::StorageError;
use crate::mark::Mark;
use crate::store::Store;

/// One file of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, as it can be opened.
    File(PathBuf),
    /// An object of a bucket.
    Object(Object),
}

/// An object of a bucket, and how it was when it was listed, if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where it lies.
    pub address: Address,
    /// What it was when it was listed.
    pub mark: Option<Mark>,
}

impl Place {
    /// The file that a table's `path` means: an address in a bucket, or a path that starts at `base_dir` if it is
    /// relative.
    pub fn of(path: &str, base_dir: &Path) -> Result<Self, StorageError> {
        if !Address::is_meant(path) {
            return Ok(Self::File(base_dir.join(path)));
        }
        match Address::parse(path) {
            Ok(address) => Ok(Self::Object(Object { address, mark: None })),
            Err(why) => Err(StorageError::Address { text: path.to_owned(), why }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Object(object) => object.address.fmt(f),
        }
    }
}

impl Object {
    /// All its bytes, at most `most_bytes`, from the store that the environment names.
    pub fn read(&self, most_bytes: u64) -> Result<Vec<u8>, StorageError> {
        Store::shared()?.read(&self.address, self.mark.as_ref(), most_bytes)
    }
}
