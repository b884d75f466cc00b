//! The bytes of clips: from the disk one after another, from a bucket many at once.

use std::path::Path;

use ser_audio::{AudioError, Limits, read_file};
use ser_storage::{Place, Root, StorageError, side_by_side};

use crate::error::{FeaturesError, FeaturesResult};

/// What was read of a clip.
pub(crate) struct Recorded {
    /// Where it lies, for messages.
    pub(crate) path: String,
    bytes: Result<Vec<u8>, Unread>,
}

/// Why nothing was.
enum Unread {
    File(AudioError),
    Object(StorageError),
}

/// Reads the clips at `paths`, as the manifest tells them; relative ones start at `base_dir`.
pub(crate) fn read(paths: &[&str], base_dir: &Path) -> Vec<Recorded> {
    if paths.iter().any(|path| Root::is_bucket(path)) {
        side_by_side(paths, |path| read_one(path, base_dir))
    } else {
        // A disk is fastest when it is asked for one file after another.
        paths.iter().map(|path| read_one(path, base_dir)).collect()
    }
}

/// Reads the clip at `path`.
pub(crate) fn read_one(path: &str, base_dir: &Path) -> Recorded {
    match Place::of(path, base_dir) {
        Ok(place) => Recorded { path: place.to_string(), bytes: bytes(&place) },
        Err(error) => Recorded { path: path.to_owned(), bytes: Err(Unread::Object(error)) },
    }
}

fn bytes(place: &Place) -> Result<Vec<u8>, Unread> {
    match place {
        Place::File(path) => read_file(path, &Limits::default()).map_err(Unread::File),
        Place::Object(object) => object.read(Limits::default().max_bytes).map_err(Unread::Object),
    }
}

impl Recorded {
    /// The bytes, which must be those that the manifest tells of: a table must never say so of others.
    pub(crate) fn checked(self, clip_id: &str, content_hash: Option<&str>) -> FeaturesResult<Vec<u8>> {
        let clip_id = || clip_id.to_owned();
        let bytes = match self.bytes {
            Ok(bytes) => bytes,
            Err(Unread::File(source)) => {
                return Err(FeaturesError::Decode { clip_id: clip_id(), path: self.path, source });
            }
            Err(Unread::Object(error)) => return Err(FeaturesError::Storage { clip_id: clip_id(), error }),
        };
        match content_hash {
            Some(expected) if expected != blake3::hash(&bytes).to_hex().as_str() => {
                Err(FeaturesError::Changed { clip_id: clip_id(), path: self.path })
            }
            _ => Ok(bytes),
        }
    }
}
