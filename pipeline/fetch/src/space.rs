//! The room on a disk.

use std::path::Path;

use crate::error::FetchError;

/// An error if the disk of `folder` has less room than `bytes`; where that cannot be known, writing will tell.
pub(crate) fn check(folder: &Path, bytes: u64) -> Result<(), FetchError> {
    match free_bytes(folder) {
        Some(free) if free < bytes => Err(FetchError::NoSpace { folder: folder.to_owned(), needed: bytes, free }),
        _ => Ok(()),
    }
}

/// Bytes that a user may still write to the disk of `folder`.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn more_than_any_disk_has_is_refused_with_both_numbers() {
        let folder = tempfile::tempdir().expect("folder");
        check(folder.path(), 1).expect("a byte");
        let error = check(folder.path(), u64::MAX).expect_err("no such disk").to_string();
        assert!(error.contains("18446744073709551615 bytes are needed"), "{error}");
        check(Path::new("/nowhere/at/all"), u64::MAX).expect("not known");
    }
}
