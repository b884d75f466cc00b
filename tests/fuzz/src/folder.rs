//! A folder that inputs are written to: what reads folders can be tried only with one.

use std::path::Path;

use tempfile::TempDir;

/// An empty folder, in memory where the system has such a place. It is removed when it is dropped.
///
/// # Panics
/// Where the system gives no folder: nothing can be tried then.
#[expect(clippy::expect_used, reason = "without a folder there is nothing to try")]
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

/// Writes `bytes` to `name` in `folder`, if that is possible: a name from the input may be none.
pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        let _ = std::fs::create_dir_all(parent);
    }
    let _ = std::fs::write(path, bytes);
}
