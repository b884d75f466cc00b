//! Writing so that a crash leaves the old or the new, never half of either.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::EngineError;
use crate::record::OutputFile;

/// Writes `bytes` to `path`: beside it first, synced, then renamed into place.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let write = || -> io::Result<()> {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_dir(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|error| {
        // What is left of it is of no use, and if it cannot be removed either, the first error says more.
        let _ = fs::remove_file(&beside);
        EngineError::io("write", path)(error)
    })
}

/// All regular files below `dir`, sorted by path.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<OutputFile>> {
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
                files.push(OutputFile { path, bytes: item.metadata()?.len() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Hands everything below `dir` to the disk.
pub(crate) fn sync_tree(dir: &Path) -> io::Result<()> {
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
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Removes a folder or file with all that is in it; nothing there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
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
