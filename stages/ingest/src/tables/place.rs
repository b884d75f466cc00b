//! Where a table lies, and its bytes.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::descriptor::SideTable;
use crate::walk::Walk;
use crate::{IngestError, machine};

/// Larger files are no tables about speakers or clips.
const MAX_BYTES: u64 = 64 << 20;

/// A file that is a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// The folder below the root that it lies in, with `/`; `None` for the root itself and for a folder beside it.
    pub(crate) folder: Option<String>,
}

/// The files of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// The first of the descriptor's places that has it or, where none has, all below the root. In the order of paths.
    pub(crate) read: Vec<Place>,
    /// Those below the root that are not read.
    pub(crate) passed_over: Vec<PathBuf>,
}

/// Looks for the files of `table`.
pub(crate) fn places(table: &SideTable, root: &Path, walk: &Walk) -> Places {
    let declared = table.look_in.iter().map(|folder| match folder.as_str() {
        "." => root.join(&table.file),
        folder => root.join(folder).join(&table.file),
    });
    let is_it = |path: &&PathBuf| path.file_name().is_some_and(|name| name == table.file.as_str());
    let mut below: Vec<PathBuf> = walk.tables.iter().filter(is_it).cloned().collect();
    below.sort();
    let place = |path: PathBuf| {
        let folder = path.parent().and_then(|parent| parent.strip_prefix(root).ok());
        let parts: Vec<_> = folder.into_iter().flat_map(Path::iter).map(OsStr::to_string_lossy).collect();
        let folder = parts.join("/");
        let is_below = !folder.is_empty() && parts.iter().all(|part| *part != "..");
        Place { path, folder: is_below.then_some(folder) }
    };
    match declared.into_iter().find(|path| path.is_file()) {
        None => Places { read: below.into_iter().map(place).collect(), passed_over: Vec::new() },
        Some(path) => {
            let is_the_same = |other: &PathBuf| *other == path || real(other) == real(&path);
            below.retain(|other| !is_the_same(other));
            Places { read: vec![place(path)], passed_over: below }
        }
    }
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// The bytes of a table, or why it is not read. An error is the machine's: a table that cannot be opened today would
/// leave labels empty that are there tomorrow.
pub(crate) fn content(path: &Path) -> Result<Result<Vec<u8>, String>, IngestError> {
    match bytes(path) {
        Ok(bytes) => Ok(bytes),
        Err(source) => match machine::shortage(&source) {
            Some(hint) => Err(IngestError::Machine { path: path.to_owned(), hint, source }),
            None => Ok(Err(source.to_string())),
        },
    }
}

fn bytes(path: &Path) -> io::Result<Result<Vec<u8>, String>> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > MAX_BYTES {
        return Ok(Err(format!("it has {bytes} bytes, at most {MAX_BYTES} are read")));
    }
    std::fs::read(path).map(Ok)
}
