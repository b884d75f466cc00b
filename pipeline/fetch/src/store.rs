//! The corpus's folder, and what is in place there.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::checksum::{Checksum, Hashed, Hasher, hash_file};
use crate::error::FetchError;
use crate::journal::{FOLDER, Journal, Verified};
use crate::names;

/// A corpus's folder, with the folder `.ser-fetch` in it. One call at a time is at work there.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    folder: PathBuf,
    pub(crate) journal: Journal,
    /// Locked while this lives.
    _lock: File,
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Empty,
    /// The file, verified now or before.
    Taken,
}

impl Store {
    pub(crate) fn open(root: &Path) -> Result<Self, FetchError> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder).map_err(FetchError::io("make the folder", &folder))?;
        let path = folder.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(FetchError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FetchError::Locked { folder: root.to_owned() }),
            // A file system without locks: better unguarded than not at all.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(FetchError::io("lock", path)(error)),
        }
        Ok(Self { journal: Journal::open(&folder)?, root: root.to_owned(), folder, _lock: lock })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file of our own of this name.
    pub(crate) fn own(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where the file of `path` is to be, a path that was found safe.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// `true` if the file of `path` is as it was when it was verified, by size and time.
    pub(crate) fn is_as_verified(&self, path: &str, expected: Option<u64>) -> bool {
        let Some(known) = self.journal.verified(path) else { return false };
        expected.is_none_or(|bytes| bytes == known.bytes)
            && fs::metadata(self.place(path)).is_ok_and(|there| {
                there.is_file() && there.len() == known.bytes && modified_ns(&there) == known.modified_ns
            })
    }

    /// What lies at `path`, where a file of so many `bytes` and of `checksums` is to be. A file that nobody verified
    /// yet is read, and taken if it is the one; any other is in the way.
    pub(crate) fn look(&self, path: &str, bytes: u64, checksums: &[Checksum]) -> Result<Place, FetchError> {
        let place = self.place(path);
        let there = match fs::metadata(&place) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !place.is_symlink() => return Ok(Place::Empty),
            Err(error) => return Err(FetchError::io("read", place)(error)),
        };
        if !there.is_file() || there.len() != bytes {
            return Err(FetchError::Occupied { path: place });
        }
        let known = self.journal.verified(path).filter(|_| self.is_as_verified(path, Some(bytes)));
        if known.is_some_and(|known| known.hashed.differs(checksums).is_none()) {
            return Ok(Place::Taken);
        }
        let (hasher, _) = hash_file(&place, bytes, Hasher::new(checksums)).map_err(FetchError::io("read", &place))?;
        let hashed = hasher.finish();
        if hashed.differs(checksums).is_some() {
            return Err(FetchError::Occupied { path: place });
        }
        self.note(path, hashed)?;
        Ok(Place::Taken)
    }

    /// Puts the whole and verified file at `from` to `path`, where nothing is.
    pub(crate) fn put(&self, from: &Path, path: &str, hashed: Hashed) -> Result<(), FetchError> {
        if let Some(why) = names::unsafe_because(path) {
            return Err(FetchError::UnsafePath { of: "the list".to_owned(), path: path.to_owned(), why });
        }
        let place = self.place(path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(FetchError::io("make the folder", folder))?;
        }
        if place.symlink_metadata().is_ok() {
            return Err(FetchError::Occupied { path: place });
        }
        fs::rename(from, &place).map_err(FetchError::io("write", &place))?;
        self.note(path, hashed)
    }

    /// Writes down that the file at `path` is verified.
    fn note(&self, path: &str, hashed: Hashed) -> Result<(), FetchError> {
        let place = self.place(path);
        let there = fs::metadata(&place).map_err(FetchError::io("read", place))?;
        self.journal.add_file(path, Verified { bytes: there.len(), modified_ns: modified_ns(&there), hashed })
    }
}

/// Time of the last change, in nanoseconds since 1970; 0 where there is none.
fn modified_ns(there: &Metadata) -> u64 {
    let since = there.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Hashed {
        let mut hasher = Hasher::new(&[Checksum::Md5([0; 16])]);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn files_that_are_there_are_taken_or_in_the_way_and_never_overwritten() {
        let root = tempfile::tempdir().expect("folder");
        let store = Store::open(root.path()).expect("store");
        let right = [of(b"right").sha256];
        assert_eq!(store.look("a/b.wav", 5, &right).expect("nothing"), Place::Empty);
        fs::create_dir(root.path().join("a")).expect("folder");
        fs::write(root.path().join("a/b.wav"), "wrong").expect("write");
        for (bytes, told) in [(5, "is there already"), (4, "is there already")] {
            let error = store.look("a/b.wav", bytes, &right).expect_err("another file");
            assert!(error.to_string().contains(told), "{error}");
        }
        let part = store.own("part");
        fs::write(&part, "right").expect("write");
        assert!(matches!(store.put(&part, "a/b.wav", of(b"right")), Err(FetchError::Occupied { .. })));
        assert_eq!(fs::read_to_string(root.path().join("a/b.wav")).expect("text"), "wrong");
        fs::write(root.path().join("a/b.wav"), "right").expect("write");
        assert!(!store.is_as_verified("a/b.wav", Some(5)));
        assert_eq!(store.look("a/b.wav", 5, &right).expect("the file"), Place::Taken);
        assert!(store.is_as_verified("a/b.wav", Some(5)));
        store.put(&part, "c/d.wav", of(b"right")).expect("a free place");
        assert!(store.is_as_verified("c/d.wav", None));
        fs::remove_file(root.path().join("c/d.wav")).expect("remove");
        assert!(!store.is_as_verified("c/d.wav", None));
        assert!(matches!(store.put(&part, "../x.wav", of(b"right")), Err(FetchError::UnsafePath { .. })));
    }

    /// The publisher has another file of the same size now.
    #[test]
    fn a_file_that_was_verified_against_another_checksum_is_not_taken_for_the_one_that_is_wanted() {
        let root = tempfile::tempdir().expect("folder");
        let store = Store::open(root.path()).expect("store");
        let part = store.own("part");
        fs::write(&part, "first").expect("write");
        store.put(&part, "a.wav", of(b"first")).expect("a free place");
        for checksum in [Checksum::Md5([7; 16]), of(b"other").sha256] {
            let error = store.look("a.wav", 5, &[checksum]).expect_err("another file");
            assert!(matches!(error, FetchError::Occupied { .. }), "{error}");
        }
    }

    #[test]
    fn one_call_at_a_time_is_at_work_in_a_folder() {
        let root = tempfile::tempdir().expect("folder");
        let store = Store::open(root.path()).expect("store");
        assert!(matches!(Store::open(root.path()), Err(FetchError::Locked { .. })));
        drop(store);
        Store::open(root.path()).expect("store");
    }
}
