//! Writing so that a crash leaves the old or the new, never half of either.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

pub(crate) use ser_stage::files::{remove, sync_dir, sync_tree};
use ser_stage::{WholeFile, write_whole};

use crate::failure::EngineError;

/// Writes `bytes` to `path`: beside it first, synced, then renamed into place.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    write_whole(path, bytes)
        .and_then(|()| sync_dir(path.parent().unwrap_or(Path::new("."))))
        .map_err(EngineError::io("write", path))
}

/// `true` if a file was left by a write that was cut off.
pub(crate) fn is_partial(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == WholeFile::ENDING)
}

/// Paths of all regular files below `dir`, relative to it with `/` between folders, sorted.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for item in fs::read_dir(&folder)? {
            let item = item?;
            let path = format!("{prefix}{}", item.file_name().to_string_lossy());
            let kind = item.file_type()?;
            if kind.is_dir() {
                open.push((item.path(), format!("{path}/")));
            } else if kind.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// BLAKE3 hash of the bytes of a file, 64 hexadecimal digits.
pub(crate) fn hash(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// When a file was last written, in nanoseconds since 1970; 0 when not known.
pub(crate) fn modified_ns(metadata: &Metadata) -> i64 {
    let Ok(time) = metadata.modified() else { return 0 };
    let signed = |nanoseconds: u128| i64::try_from(nanoseconds).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after.as_nanos()),
        Err(before) => -signed(before.duration().as_nanos()),
    }
}

/// `true` if these are of one and the same file; never where the system does not say.
pub(crate) fn are_one(one: &Metadata, two: &Metadata) -> bool {
    #[cfg(unix)]
    return {
        use std::os::unix::fs::MetadataExt as _;
        (one.dev(), one.ino()) == (two.dev(), two.ino())
    };
    #[cfg(not(unix))]
    return {
        let _ = (one, two);
        false
    };
}

/// Removes what writes of dead processes left in `dir`.
pub(crate) fn remove_partial(dir: &Path) -> io::Result<()> {
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        if is_partial(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_does_not_fit_on_the_disk_is_named_and_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "old").unwrap();
        let beside = WholeFile::partial_of(&path);
        std::os::unix::fs::symlink("/dev/full", &beside).unwrap();
        let error = write_atomic(&path, b"new").unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot write `{}`: No space left", path.display())), "{error}");
        assert!(error.hint().unwrap().contains("free some space"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert!(fs::symlink_metadata(beside).is_err());
    }
}
