//! The files of a result: what is noted of them when they are made, and whether they are still like that.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use ser_stage::{PartId, each_part};

use crate::failure::{EngineError, Failure};
use crate::files;
use crate::reason::Reason;
use crate::record::OutputFile;
use crate::registry::ContentDigest;

/// Files that are read at a time: as many as a disk has use for.
const MOST_READERS: usize = 4;

/// Files that a finished stage wrote.
pub(crate) struct Written {
    pub(crate) files: Vec<OutputFile>,
    /// Digest of what they say.
    pub(crate) content: String,
}

/// The files of a result against its record.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Files that are not as they were written.
    pub(crate) damage: Vec<Reason>,
    /// The files as they should be recorded, where only times changed: so that they need not be read again next time.
    pub(crate) touched: Option<Vec<OutputFile>>,
}

/// Files of the last result, from which a stage may have taken some over.
pub(crate) struct LastFiles<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) outputs: &'a [OutputFile],
}

impl LastFiles<'_> {
    /// The record of the file at `path` with this `metadata`, if it is the very file that the last result has there.
    fn find(&self, path: &str, metadata: &fs::Metadata) -> Option<OutputFile> {
        let at = self.outputs.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        let file = &self.outputs[at];
        let unchanged = metadata.len() == file.bytes && files::modified_ns(metadata) == file.modified_ns;
        let there = fs::metadata(self.dir.join(path)).ok()?;
        (unchanged && files::are_one(metadata, &there)).then(|| file.clone())
    }
}

/// Looks at everything that a stage wrote to `dir`. Files that are links to those of the `last` result are not read again.
pub(crate) fn look(content: ContentDigest, dir: &Path, last: Option<&LastFiles<'_>>) -> Result<Written, Failure> {
    let unreadable = |path: &Path, error| Failure::of(&EngineError::io("read", path)(error));
    let paths = files::list(dir).map_err(|error| unreadable(dir, error))?;
    let read = |path: String| -> Result<OutputFile, Failure> {
        let full = dir.join(&path);
        let metadata = fs::metadata(&full).map_err(|error| unreadable(&full, error))?;
        if let Some(known) = last.and_then(|last| last.find(&path, &metadata)) {
            return Ok(known);
        }
        // Both go through all bytes of the file.
        let content = content(&full).map_err(|error| Failure::of(error.as_ref()))?;
        let hash = files::hash(&full).map_err(|error| unreadable(&full, error))?;
        Ok(OutputFile { path, bytes: metadata.len(), modified_ns: files::modified_ns(&metadata), hash, content })
    };
    let readers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_READERS);
    let look = || each_part(paths.into_iter().map(Ok), readers, read);
    let files = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|panic| Err(Failure::of_panic(panic.as_ref())))?;
    let mut hasher = blake3::Hasher::new();
    for file in &files {
        for part in [&file.path, file.content.as_ref().unwrap_or(&file.hash)] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    Ok(Written { files, content: hasher.finalize().to_hex().to_string() })
}

/// Compares the files in `dir` with what is recorded of them. Only those of another time are read.
pub(crate) fn check(dir: &Path, outputs: &[OutputFile]) -> Checked {
    let mut checked = Checked::default();
    let mut current = outputs.to_vec();
    for file in &mut current {
        let path = dir.join(&file.path);
        let Some(metadata) = fs::metadata(&path).ok().filter(fs::Metadata::is_file) else {
            checked.damage.push(Reason::OutputMissing { path: file.path.clone() });
            continue;
        };
        let modified_ns = files::modified_ns(&metadata);
        let changed = metadata.len() != file.bytes
            || (modified_ns != file.modified_ns && files::hash(&path).ok().as_ref() != Some(&file.hash));
        if changed {
            let path = file.path.clone();
            checked.damage.push(Reason::OutputChanged { path, old_bytes: file.bytes, new_bytes: metadata.len() });
        }
        file.modified_ns = modified_ns;
    }
    checked.damage.extend(foreign_parts(dir, outputs).into_iter().map(|path| Reason::ForeignPart { path }));
    if checked.damage.is_empty() && current != outputs {
        checked.touched = Some(current);
    }
    checked
}

/// Files that every reader of a table in parts takes for one of them, and that are not recorded. A folder that cannot be listed
/// lacks its recorded files, which is told already.
fn foreign_parts(dir: &Path, outputs: &[OutputFile]) -> Vec<String> {
    let table = |file: &OutputFile| {
        let (folder, name) = file.path.rsplit_once('/')?;
        PartId::names(name).then(|| folder.to_owned())
    };
    let recorded = |path: &str| outputs.iter().any(|file| file.path == path);
    let folders: BTreeSet<String> = outputs.iter().filter_map(table).collect();
    let names = folders.iter().flat_map(|folder| {
        let items = fs::read_dir(dir.join(folder)).into_iter().flatten().flatten();
        items.map(move |item| (folder, item.file_name().to_string_lossy().into_owned()))
    });
    // What readers glob for is any Parquet file.
    let parquet = names.filter(|(_, name)| Path::new(name).extension().is_some_and(|extension| extension == "parquet"));
    let mut found: Vec<String> =
        parquet.map(|(folder, name)| format!("{folder}/{name}")).filter(|path| !recorded(path)).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(path: &Path) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
        drop(fs::read(path)?);
        Ok(None)
    }

    #[test]
    fn a_file_that_readers_take_for_a_part_is_told() {
        let dir = tempfile::tempdir().expect("folder");
        let write = |paths: &[&str]| {
            for path in paths {
                let path = dir.path().join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
                fs::write(path, "").expect("write");
            }
        };
        write(&["frames/part-a.parquet", "frames/part-b.parquet", "single.parquet"]);
        let written = look(digest, dir.path(), None).expect("looked at");
        assert_eq!(check(dir.path(), &written.files).damage, []);
        write(&["frames/notes.txt", "beside.parquet", "other/part-a.parquet"]);
        assert_eq!(check(dir.path(), &written.files).damage, [], "no reader takes them for a part of `frames`");
        write(&["frames/part-c.parquet", "frames/a.parquet"]);
        let foreign = |path: &str| Reason::ForeignPart { path: path.to_owned() };
        let expected = ["frames/a.parquet", "frames/part-c.parquet"].map(foreign);
        assert_eq!(check(dir.path(), &written.files).damage, expected);
        assert_eq!(expected[0].to_string(), "`frames/a.parquet` is no part of the result");
    }
}
