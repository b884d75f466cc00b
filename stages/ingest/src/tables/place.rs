//! Where a table lies, and its bytes.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use ser_storage::{Object, Place as File, Prefix, Root, Store};

use crate::descriptor::SideTable;
use crate::index::Entry;
use crate::probe::read_object;
use crate::walk::{Walk, is_passed_over};
use crate::{IngestError, machine};

/// Larger files are no tables about speakers or clips.
const MAX_BYTES: u64 = 64 << 20;

/// A file that is a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: File,
    /// The folder below the root that it lies in, with `/`; `None` for the root itself and for a folder beside it.
    pub(crate) folder: Option<String>,
}

/// The files of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// The first of the descriptor's places that has it or, where none has, all below the root. In the order of paths.
    pub(crate) read: Vec<Place>,
    /// Those below the root that are not read.
    pub(crate) passed_over: Vec<File>,
}

/// Looks for the files of `table`.
pub(crate) fn places(table: &SideTable, root: &Root, walk: &Walk) -> Result<Places, IngestError> {
    match root {
        Root::Folder(folder) => Ok(files(table, folder, walk)),
        Root::Bucket(prefix) => objects(table, prefix, walk),
    }
}

fn files(table: &SideTable, root: &Path, walk: &Walk) -> Places {
    let declared = table.look_in.iter().map(|folder| match folder.as_str() {
        "." => root.join(&table.file),
        folder => root.join(folder).join(&table.file),
    });
    let is_it = |path: &&PathBuf| path.file_name().is_some_and(|name| name == table.file.as_str());
    let paths = walk.tables.iter().filter_map(|file| match file {
        File::File(path) => Some(path),
        File::Object(_) => None,
    });
    let mut below: Vec<PathBuf> = paths.filter(is_it).cloned().collect();
    below.sort();
    let place = |path: PathBuf| {
        let folder = path.parent().and_then(|parent| parent.strip_prefix(root).ok());
        let parts: Vec<_> = folder.into_iter().flat_map(Path::iter).map(OsStr::to_string_lossy).collect();
        let folder = parts.join("/");
        let is_below = !folder.is_empty() && parts.iter().all(|part| *part != "..");
        Place { file: File::File(path), folder: is_below.then_some(folder) }
    };
    match declared.into_iter().find(|path| path.is_file()) {
        None => Places { read: below.into_iter().map(place).collect(), passed_over: Vec::new() },
        Some(path) => {
            let is_the_same = |other: &PathBuf| *other == path || real(other) == real(&path);
            below.retain(|other| !is_the_same(other));
            Places { read: vec![place(path)], passed_over: below.into_iter().map(File::File).collect() }
        }
    }
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// The same in a bucket.
fn objects(table: &SideTable, root: &Prefix, walk: &Walk) -> Result<Places, IngestError> {
    let key_below = |object: &Object| root.below(&object.address).map(str::to_owned);
    let listed = walk.tables.iter().filter_map(|file| match file {
        File::Object(object) => Some((key_below(object)?, object.clone())),
        File::File(_) => None,
    });
    let is_it = |(below, _): &(String, Object)| below.rsplit('/').next() == Some(table.file.as_str());
    let mut listed: Vec<(String, Object)> = listed.filter(is_it).collect();
    listed.sort_by(|(one, _), (other, _)| one.split('/').cmp(other.split('/')));
    let place = |object: Object| {
        let folder = key_below(&object).and_then(|below| Some(below.rsplit_once('/')?.0.to_owned()));
        Place { file: File::Object(object), folder }
    };
    for folder in &table.look_in {
        // A way that leads out of the bucket leads to nothing.
        let Some(address) = root.join(folder).map(|folder| folder.address(&table.file)) else { continue };
        let at = listed.iter().position(|(_, object)| object.address == address);
        let object = match at {
            Some(at) => Some(listed.remove(at).1),
            // The listing has everything below the root that is not hidden.
            None if root.below(&address).is_some_and(|below| !is_hidden(below)) => None,
            None => Store::shared()?.find(&address)?.map(|mark| Object { address, mark: Some(mark) }),
        };
        if let Some(object) = object {
            let passed_over = listed.into_iter().map(|(_, object)| File::Object(object)).collect();
            return Ok(Places { read: vec![place(object)], passed_over });
        }
    }
    Ok(Places { read: listed.into_iter().map(|(_, object)| place(object)).collect(), passed_over: Vec::new() })
}

fn is_hidden(below: &str) -> bool {
    below.split('/').any(|part| is_passed_over(OsStr::new(part)))
}

/// A table's bytes, or why it is not read; and what the index may note of it, if it is an object.
type TableContent = (Result<Vec<u8>, String>, Option<(String, Entry)>);

/// The bytes of a table, or why it is not read. An error is the machine's or the storage's: a table that cannot be opened
/// today would leave labels empty that are there tomorrow.
pub(crate) fn content(file: &File) -> Result<TableContent, IngestError> {
    match file {
        File::File(path) => match bytes(path) {
            Ok(bytes) => Ok((bytes, None)),
            Err(source) => match machine::shortage(&source) {
                Some(hint) => Err(IngestError::Machine { path: path.to_owned(), hint, source }),
                None => Ok((Err(source.to_string()), None)),
            },
        },
        File::Object(object) => match object.mark.as_ref().map_or(0, |mark| mark.bytes) {
            size if size > MAX_BYTES => Ok((Err(too_large(size)), None)),
            _ => {
                let (bytes, _, entry) = read_object(object, MAX_BYTES)?;
                Ok((Ok(bytes), entry.map(|entry| (object.address.to_string(), entry))))
            }
        },
    }
}

fn bytes(path: &Path) -> io::Result<Result<Vec<u8>, String>> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes > MAX_BYTES {
        return Ok(Err(too_large(bytes)));
    }
    std::fs::read(path).map(Ok)
}

fn too_large(bytes: u64) -> String {
    format!("it has {bytes} bytes, at most {MAX_BYTES} are read")
}
