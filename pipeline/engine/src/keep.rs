//! Small files of results that outlive them: what a later comparison of two runs reads.
//!
//! A result is replaced by the next run; a run's record says of which files it keeps a copy. Copies are named by their
//! content in `.ser/objects/`, so that ten runs over an unchanged dataset share one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::EngineError;
use crate::files;
use crate::record::KeptFile;
use crate::spec::Stage;
use crate::store::Store;

impl Store {
    /// The copy of `kept`; `None` when it is gone or damaged.
    pub fn kept_path(&self, kept: &KeptFile) -> Option<PathBuf> {
        let path = self.object_path(&kept.digest)?;
        let bytes = fs::read(&path).ok()?;
        (blake3::hash(&bytes).to_hex().as_str() == kept.digest).then_some(path)
    }

    /// Keeps copies of the files that the kind of `stage` names, from its result as it is now.
    pub(crate) fn keep(&self, stage: &Stage) -> Result<Vec<KeptFile>, EngineError> {
        let dir = self.stage_dir(stage.name());
        stage.kind().kept().iter().map(|path| self.keep_file(&dir.join(path), path)).collect()
    }

    fn keep_file(&self, file: &Path, path: &str) -> Result<KeptFile, EngineError> {
        let bytes = fs::read(file).map_err(EngineError::io("read", file))?;
        let kept = KeptFile {
            path: path.to_owned(),
            digest: blake3::hash(&bytes).to_hex().to_string(),
            bytes: bytes.len() as u64,
        };
        let place = self.objects_dir().join(&kept.digest);
        // Copies are written beside and renamed: one of the right length is whole.
        let present = fs::symlink_metadata(&place).is_ok_and(|known| known.is_file() && known.len() == kept.bytes);
        if !present {
            make_dir(&self.objects_dir())?;
            files::write_atomic(&place, &bytes)?;
        }
        Ok(kept)
    }

    pub(crate) fn objects_dir(&self) -> PathBuf {
        self.ser_dir().join("objects")
    }

    /// `None` when `digest`, which comes from a file, is no digest and could lead anywhere.
    fn object_path(&self, digest: &str) -> Option<PathBuf> {
        is_digest(digest).then(|| self.objects_dir().join(digest))
    }
}

/// `true` if `name` can be the name of a copy.
pub(crate) fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn make_dir(dir: &Path) -> Result<(), EngineError> {
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(EngineError::io("create", dir)(error)),
        _ => Ok(()),
    }
}
