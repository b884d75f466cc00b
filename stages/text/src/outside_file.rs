//! A file of the analyst's own that a stage reads beside its inputs: of assignments, or of clips to leave out.

use std::path::{Path, PathBuf};

use ser_stage::{BoxError, External, Outcome, Outside};

/// A file that a parameter names: the parameter and its value, relative to the folder of the pipeline file; `None`
/// where it is not set.
#[derive(Debug, Clone, Copy)]
pub struct OutsideFile<'a>(pub &'static str, pub Option<&'a str>);

impl OutsideFile<'_> {
    /// The identity of its content; empty where no file is named.
    fn read(self, base_dir: &Path) -> Result<External, BoxError> {
        let Self(parameter, Some(name)) = self else { return Ok(External::default()) };
        let path = base_dir.join(name);
        let unreadable = |error| format!("`{parameter}`: cannot read `{}`: {error}", path.display());
        let mut hasher = blake3::Hasher::new();
        std::fs::File::open(&path).and_then(|file| hasher.update_reader(file).map(drop)).map_err(unreadable)?;
        let digest = hasher.finalize().to_hex().to_string();
        Ok(External { digest, description: name.to_owned(), ..External::default() })
    }

    /// The same, and whether it changed since the last result.
    pub fn external(self, outside: &Outside<'_>) -> Result<External, BoxError> {
        let mut external = self.read(outside.base_dir)?;
        if self.1.is_some()
            && outside.last.is_some_and(|last| !last.digest.is_empty() && last.digest != external.digest)
        {
            external.changes = format!("`{}` changed", external.description);
        }
        Ok(external)
    }

    /// Where it lies.
    pub fn watched(self, base_dir: &Path) -> Vec<PathBuf> {
        self.1.iter().map(|name| base_dir.join(name)).collect()
    }

    /// Does `work` that reads the file, whose identity it is given, and tells what it read. A file that changes
    /// meanwhile is an error.
    pub fn reading(
        self,
        base_dir: &Path,
        work: impl FnOnce(&External) -> Result<Outcome, BoxError>,
    ) -> Result<Outcome, BoxError> {
        let before = self.read(base_dir)?;
        let outcome = work(&before)?;
        if self.read(base_dir)? != before {
            return Err(format!("`{}` changed while it was read: run again", before.description).into());
        }
        Ok(Outcome { external: Some(before), ..outcome })
    }
}
