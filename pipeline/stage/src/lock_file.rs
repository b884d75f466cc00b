//! Files that one process at a time holds.
//!
//! The lock is the operating system's, on an open file: it ends with the process that holds it, however that ends, and
//! no process id can be mistaken for another's. On a network drive it ends when the server gives up on a computer. What the
//! file says is only for people.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Longer than any holder; a file that is longer was not written by us.
const MAX_HOLDER_BYTES: u64 = 4096;

/// Process that holds a lock, as it tells others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its computer; empty when that has no name.
    pub host: String,
    /// Since when, UTC; empty where that is not told.
    pub since: String,
}

impl Holder {
    /// This process.
    pub fn this(since: String) -> Self {
        let host = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"))
            .or_else(|_| std::env::var("COMPUTERNAME"))
            .map(|name| name.trim().to_owned())
            .unwrap_or_default();
        Self { pid: std::process::id(), host, since }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if !self.host.is_empty() {
            write!(f, " on {}", self.host)?;
        }
        if !self.since.is_empty() {
            write!(f, ", since {}", self.since)?;
        }
        Ok(())
    }
}

/// A lock, held until dropped.
#[derive(Debug)]
pub struct LockFile {
    file: File,
    is_guarded: bool,
}

/// Answer to the wish for a lock.
#[derive(Debug)]
pub enum Locking {
    /// It is held now. The last holder is told where that died without letting go.
    Taken(LockFile, Option<Holder>),
    /// Somebody else holds it.
    Held(Option<Holder>),
}

impl LockFile {
    /// Takes the lock on the file at `path`, which is made where there is none, for `holder`.
    ///
    /// # Errors
    /// What the file system says. That it has no locks is no error: better unguarded than not at all.
    pub fn take(path: &Path, holder: &Holder) -> io::Result<Locking> {
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let is_guarded = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => return Ok(Locking::Held(read(&mut file))),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        let dead = read(&mut file);
        write(&mut file, holder)?;
        Ok(Locking::Taken(Self { file, is_guarded }, dead))
    }

    /// `false` where the file system has no locks, so that others may hold it too.
    pub fn is_guarded(&self) -> bool {
        self.is_guarded
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // A text left behind would be taken for that of a dead process. Unlocking, rather than closing, also ends the
        // lock where a child process of this one still has the file open. Nothing can be done about a failure of
        // either.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MAX_HOLDER_BYTES).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn write(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(holder)?.as_bytes())?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_others_learn_who() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock");
        let me = Holder::this("2026-11-23T15:53:49Z".into());
        let Ok(Locking::Taken(lock, None)) = LockFile::take(&path, &me) else { panic!("nobody holds it") };
        assert!(lock.is_guarded());
        assert!(matches!(LockFile::take(&path, &me), Ok(Locking::Held(Some(holder))) if holder == me));
        drop(lock);
        assert!(matches!(LockFile::take(&path, &me), Ok(Locking::Taken(_, None))), "who lets go leaves no name");
    }

    #[test]
    fn a_name_without_a_lock_is_that_of_a_dead_process() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock");
        let dead = Holder { pid: 1, host: String::new(), since: String::new() };
        std::fs::write(&path, serde_json::to_string(&dead).expect("text")).expect("write");
        let me = Holder::this(String::new());
        assert!(matches!(LockFile::take(&path, &me), Ok(Locking::Taken(_, Some(holder))) if holder == dead));
        assert_eq!(dead.to_string(), "process 1");
    }
}
