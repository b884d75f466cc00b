//! Files that are there whole or not at all: written beside, handed to the disk, renamed into place.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file being written beside its final place. It appears there when [`put_in_place`](Self::put_in_place) succeeds,
/// and is removed when it is dropped before.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    partial: PathBuf,
    /// `true` once there is nothing left to remove.
    placed: bool,
}

impl WholeFile {
    /// Ending of the names of half-written files.
    pub const ENDING: &'static str = "partial";

    /// Starts the file that is to be at `path`: what was left of an earlier try is overwritten.
    pub fn create(path: &Path) -> io::Result<(Self, File)> {
        let whole = Self { path: path.to_owned(), partial: Self::partial_of(path), placed: false };
        let file = File::create(&whole.partial)?;
        Ok((whole, file))
    }

    /// Where the file that is to be at `path` is while it is written.
    pub fn partial_of(path: &Path) -> PathBuf {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".");
        partial.push(Self::ENDING);
        partial.into()
    }

    /// Where the file is while it is written.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Renames the file, which must have been handed to the disk, into place.
    pub fn put_in_place(mut self) -> io::Result<()> {
        fs::rename(&self.partial, &self.path)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.placed {
            // What is left of it is of no use, and if it cannot be removed either, the first error says more.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Writes `bytes` to `path`; a crash leaves the old file or the new one, never half of either.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (whole, mut file) = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    whole.put_in_place()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_given_up_leaves_the_old_one_and_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.json");
        write_whole(&path, b"old").expect("write");
        let (whole, mut file) = WholeFile::create(&path).expect("create");
        file.write_all(b"ne").expect("write");
        drop(whole);
        assert_eq!(fs::read_to_string(&path).expect("file"), "old");
        assert!(!WholeFile::partial_of(&path).exists());
        write_whole(&path, b"new").expect("write");
        assert_eq!(fs::read_to_string(&path).expect("file"), "new");
    }
}
