//! The files whose change makes an ingest stale: audio, side tables, the descriptor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::descriptor::Descriptor;
use crate::error::IngestError;
use crate::params::Params;
use crate::tables;
use crate::walk::{self, SYNTHETIC_MARK};

/// A file that an ingest reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// The file, relative to the folder of the pipeline file where the pipeline names it so. A built-in descriptor is
    /// `builtin:<name>`.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970; 0 when not known. For a built-in descriptor, which has no
    /// time, the beginning of the hash of its text.
    pub modified_ns: u64,
}

/// Every file that [`run`](crate::run) would read with these parameters, sorted by path. Reads no audio.
pub fn source_files(params: &Params, base_dir: &Path) -> Result<Vec<SourceFile>, IngestError> {
    let descriptor = Descriptor::load(&params.corpus, base_dir)?;
    let root = base_dir.join(&params.root);
    let walk = walk::walk(&descriptor, &root)?;
    let mut files: BTreeMap<PathBuf, SourceFile> = BTreeMap::new();
    let mut add = |path: &Path, bytes: u64, modified_ns: u64| {
        let path = path.strip_prefix(base_dir).unwrap_or(path).to_owned();
        files.insert(path.clone(), SourceFile { path, bytes, modified_ns });
    };
    if let Some(path) = &descriptor.path {
        stat(path, &mut add);
    } else {
        let hash = blake3::hash(descriptor.text.as_bytes());
        let (start, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let name = format!("builtin:{}", descriptor.name);
        add(Path::new(&name), descriptor.text.len() as u64, u64::from_le_bytes(*start));
    }
    for found in &walk.files {
        add(&found.path, found.bytes, found.modified_ns);
    }
    if walk.exists {
        for table in &descriptor.tables {
            if let Some(path) = tables::locate(table, &root, &walk) {
                stat(&path, &mut add);
            }
        }
        if walk.synthetic {
            stat(&root.join(SYNTHETIC_MARK), &mut add);
        }
    }
    Ok(files.into_values().collect())
}

fn stat(path: &Path, add: &mut impl FnMut(&Path, u64, u64)) {
    let metadata = std::fs::metadata(path).ok();
    let bytes = metadata.as_ref().map_or(0, std::fs::Metadata::len);
    let since_1970 = metadata.and_then(|metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    add(path, bytes, since_1970.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)));
}
