//! Files that are there whole or not at all: written beside, handed to the disk, renamed into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Links that are followed one after another, as many as Linux follows.
const MOST_LINKS: usize = 40;

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

    /// Starts the file that is to be at `path`, or where the link at `path` leads to: what was left of an earlier try is
    /// overwritten.
    pub fn create(path: &Path) -> io::Result<(Self, File)> {
        let path = followed(path)?;
        let whole = Self { partial: Self::partial_of(&path), path, placed: false };
        let file = File::create(&whole.partial)?;
        Ok((whole, file))
    }

    /// Where the file that is to be at `path`, which is no link, is while it is written.
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

/// Writes `bytes` to `path`, or to where the link at `path` leads; a crash leaves the old file or the new one, never half of
/// either. What is there and is no file, such as a device or a pipe, is written to as it is; a folder is refused.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => {
            let problem = "it is a folder: expected a file, or a place where there is none yet";
            return Err(io::Error::new(io::ErrorKind::IsADirectory, problem));
        }
        Ok(there) if !there.is_file() => return OpenOptions::new().write(true).open(path)?.write_all(bytes),
        _ => {}
    }
    let (whole, mut file) = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    whole.put_in_place()
}

/// Where links lead from `path`, though there be nothing at their end yet; `path` itself if it is no link.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut end = path.to_owned();
    for _ in 0..MOST_LINKS {
        // What is no link, or cannot be looked at, is for whoever opens it to judge.
        let Ok(link) = fs::read_link(&end) else { return Ok(end) };
        end = end.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(io::Error::other(format!("it leads through more than {MOST_LINKS} links")))
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

    #[cfg(unix)]
    #[test]
    fn links_stay_and_their_ends_are_written() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("far")).expect("folder");
        fs::write(at("far/old"), "old").expect("write");
        // A link to a link, relative to where each stands; the second file is not there yet.
        symlink("far/second", at("first")).expect("link");
        symlink("old", at("far/second")).expect("link");
        symlink("far/none", at("dangling")).expect("link");
        symlink("round", at("round")).expect("link");
        for (link, end) in [("first", "far/old"), ("dangling", "far/none")] {
            write_whole(&at(link), b"new").expect("write");
            assert!(at(link).is_symlink() && at("far/second").is_symlink());
            assert!(!at(end).is_symlink());
            assert_eq!(fs::read_to_string(at(end)).expect("file"), "new");
        }
        write_whole(&at("round"), b"new").expect_err("a circle");
        assert!(at("round").is_symlink());
        let left = fs::read_dir(folder.path()).expect("folder").chain(fs::read_dir(at("far")).expect("folder"));
        let left = left.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some()));
        assert_eq!(left.count(), 0, "nothing half-written is left");
    }

    #[test]
    fn folders_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let error = write_whole(folder.path(), b"new").expect_err("a folder").to_string();
        assert!(error.contains("it is a folder: expected a file"), "{error}");
        assert!(!WholeFile::partial_of(folder.path()).exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_are_written_to_as_they_are() {
        use std::io::Read as _;
        use std::os::fd::AsRawFd as _;

        let (mut reader, writer) = io::pipe().expect("a pipe");
        write_whole(Path::new(&format!("/proc/self/fd/{}", writer.as_raw_fd())), b"bytes").expect("write");
        drop(writer);
        let mut read = String::new();
        reader.read_to_string(&mut read).expect("text");
        assert_eq!(read, "bytes");
    }
}
