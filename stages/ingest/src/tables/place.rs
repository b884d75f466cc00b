//! Where a table lies, and its bytes.

use std::io;
use std::path::{Path, PathBuf};

use crate::descriptor::SideTable;
use crate::walk::Walk;
use crate::{IngestError, machine};

/// Larger files are no tables about speakers or clips.
const MAX_BYTES: u64 = 64 << 20;

/// The first place where the table lies: the descriptor's, then anywhere below the root.
pub(crate) fn locate(table: &SideTable, root: &Path, walk: &Walk) -> Option<PathBuf> {
    let declared = table.look_in.iter().map(|folder| match folder.as_str() {
        "." => root.join(&table.file),
        folder => root.join(folder).join(&table.file),
    });
    let below_root = walk.tables.iter().filter(|path| path.file_name().is_some_and(|name| name == table.file.as_str()));
    declared.into_iter().find(|path| path.is_file()).or_else(|| below_root.min().cloned())
}

/// The bytes of a table, or why it is not read. An error is the machine's: a table that cannot be opened today would leave
/// labels empty that are there tomorrow.
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
