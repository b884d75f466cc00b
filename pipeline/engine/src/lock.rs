//! One run at a time per artifacts folder.
//!
//! The lock is the operating system's, on an open file: it ends with the process that holds it, however that ends, and
//! no process id can be mistaken for another's. What the file says is only for people.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::failure::EngineError;
use crate::holder::Holder;
use crate::store::Store;
use crate::time;

/// Longer than any holder; a file that is longer was not written by us.
const MAX_HOLDER_BYTES: u64 = 4096;

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock. Also gives the last holder when that died without letting go.
    pub(crate) fn take(store: &Store) -> Result<(Self, Option<Holder>), EngineError> {
        let path = store.lock_path();
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(EngineError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(EngineError::Locked { artifacts: store.root().to_owned(), holder: read(&mut file) });
            }
            // A file system without locks: better unguarded than not at all.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(EngineError::io("lock", &path)(error)),
        }
        let dead = read(&mut file);
        write(&mut file, &Holder { pid: std::process::id(), host: host(), since: time::now() })
            .map_err(EngineError::io("write", &path))?;
        Ok((Self { file }, dead))
    }
}

impl Drop for Lock {
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

fn write(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(holder)?.as_bytes())?;
    file.flush()
}

fn host() -> String {
    std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"))
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}
