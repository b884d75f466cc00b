//! The files of a result: what is noted of them when they are made, and whether they are still like that.

use std::fs;
use std::path::Path;
use std::thread;

use crate::failure::{EngineError, Failure};
use crate::files;
use crate::reason::Reason;
use crate::record::OutputFile;
use crate::registry::ContentDigest;

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

/// Looks at everything that a stage wrote to `dir`.
pub(crate) fn look(content: ContentDigest, dir: &Path) -> Result<Written, Failure> {
    let unreadable = |path: &Path, error| Failure::of(&EngineError::io("read", path)(error));
    let paths = files::list(dir).map_err(|error| unreadable(dir, error))?;
    let full: Vec<_> = paths.iter().map(|path| dir.join(path)).collect();
    // Both go through all bytes of the files, so they do it side by side.
    let (contents, recorded) = thread::scope(|scope| {
        let contents = scope.spawn(|| full.iter().map(|path| content(path)).collect::<Result<Vec<_>, _>>());
        let recorded: Result<Vec<OutputFile>, Failure> = paths
            .iter()
            .zip(&full)
            .map(|(path, full)| {
                let metadata = fs::metadata(full).map_err(|error| unreadable(full, error))?;
                let hash = files::hash(full).map_err(|error| unreadable(full, error))?;
                let modified_ns = files::modified_ns(&metadata);
                Ok(OutputFile { path: path.clone(), bytes: metadata.len(), modified_ns, hash })
            })
            .collect();
        (contents.join(), recorded)
    });
    let recorded = recorded?;
    let contents = match contents {
        Ok(contents) => contents.map_err(|error| Failure::of(error.as_ref()))?,
        Err(panic) => return Err(Failure::of_panic(panic.as_ref())),
    };
    let mut hasher = blake3::Hasher::new();
    for (file, content) in recorded.iter().zip(&contents) {
        for part in [&file.path, content.as_ref().unwrap_or(&file.hash)] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    Ok(Written { files: recorded, content: hasher.finalize().to_hex().to_string() })
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
    if checked.damage.is_empty() && current != outputs {
        checked.touched = Some(current);
    }
    checked
}
