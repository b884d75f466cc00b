//! What every writer of whole files and folders does to the disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Hands everything below `dir` to the disk.
pub fn sync_tree(dir: &Path) -> io::Result<()> {
    for item in fs::read_dir(dir)? {
        let item = item?;
        let kind = item.file_type()?;
        if kind.is_dir() {
            sync_tree(&item.path())?;
        } else if kind.is_file() {
            // Some systems only sync a file that is open for writing.
            File::options().write(true).open(item.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

/// Hands the names in `dir` to the disk, where the system can do so.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Removes a folder or file with all that is in it; nothing there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match gone {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_there_is_removed_and_a_link_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("full/inner")).expect("folder");
        fs::write(at("full/inner/file"), "").expect("file");
        sync_tree(folder.path()).expect("handed to the disk");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("full"), at("link")).expect("link");
            remove(&at("link")).expect("removed");
            assert!(at("full/inner/file").exists() && !at("link").is_symlink());
        }
        for name in ["full/inner/file", "full", "none"] {
            remove(&at(name)).expect("removed");
            assert!(!at(name).exists(), "{name}");
        }
    }
}
