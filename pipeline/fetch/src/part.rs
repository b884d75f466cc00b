//! The part of a file that has come so far, on the disk until the file is whole.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checksum::{Checksum, Hashed, Hasher, hash_file};
use crate::error::FetchError;

/// What is written down beside a part: which file it is the beginning of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    bytes: u64,
    checksums: Vec<Checksum>,
    /// By which the server knows whether it still has the same file.
    etag: Option<String>,
}

/// The beginning of a file.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    note_path: PathBuf,
    note: Note,
    file: File,
    hasher: Hasher,
    bytes: u64,
}

impl Part {
    /// The part at `path` of a file of so many `bytes` and of `checksums`: what an earlier call left, or nothing yet.
    pub(crate) fn open(path: &Path, bytes: u64, checksums: &[Checksum]) -> Result<Self, FetchError> {
        let mut note_path = path.as_os_str().to_owned();
        note_path.push(".json");
        let note_path = PathBuf::from(note_path);
        let left: Option<Note> = fs::read(&note_path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(FetchError::io("open", path))?;
        let note = Note { bytes, checksums: checksums.to_vec(), etag: None };
        let mut part = Self { path: path.to_owned(), note_path, note, file, hasher: Hasher::new(checksums), bytes: 0 };
        match left {
            Some(left) if left.bytes == bytes && left.checksums == checksums => {
                part.note.etag = left.etag;
                let (hasher, read) =
                    hash_file(path, part.length()?, part.hasher.clone()).map_err(FetchError::io("read", path))?;
                (part.hasher, part.bytes) = (hasher, read);
                if read > bytes {
                    part.restart(None)?;
                }
            }
            _ => {
                part.restart(None)?;
            }
        }
        Ok(part)
    }

    fn length(&self) -> Result<u64, FetchError> {
        Ok(self.file.metadata().map_err(FetchError::io("read", &self.path))?.len())
    }

    /// Bytes that are there.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The server's mark of the file that this is the beginning of.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.note.etag.as_deref()
    }

    /// Throws away what is there, and begins anew what the server calls `etag`. Gives the bytes that were thrown away.
    pub(crate) fn restart(&mut self, etag: Option<&str>) -> Result<u64, FetchError> {
        // Devices cannot be cut; what matters is that nothing is left.
        if self.length()? > 0 {
            self.file.set_len(0).map_err(FetchError::io("write", &self.path))?;
        }
        let lost = std::mem::take(&mut self.bytes);
        self.hasher = Hasher::new(&self.note.checksums);
        self.note.etag = etag.map(str::to_owned);
        let text = serde_json::to_vec(&self.note).map_err(std::io::Error::from);
        text.and_then(|text| fs::write(&self.note_path, text)).map_err(FetchError::io("write", &self.note_path))?;
        Ok(lost)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(FetchError::io("write", &self.path))?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// The checksums of what is there.
    pub(crate) fn hashed(&self) -> Hashed {
        self.hasher.clone().finish()
    }

    /// Hands the file to the disk and to `take`, which moves it from the path that it is given.
    pub(crate) fn finish(self, take: impl FnOnce(&Path, Hashed) -> Result<(), FetchError>) -> Result<(), FetchError> {
        self.file.sync_data().map_err(FetchError::io("write", &self.path))?;
        let hashed = self.hashed();
        take(&self.path, hashed)?;
        // The note of a part that is no more says nothing; the next part of this name overwrites it.
        let _ = fs::remove_file(&self.note_path);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(bytes: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(&[]);
        hasher.update(bytes);
        hasher.finish().sha256
    }

    #[test]
    fn a_part_is_taken_up_where_it_ended() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.part");
        let whole = [sum(b"whole")];
        let mut part = Part::open(&path, 5, &whole).expect("open");
        part.restart(Some("\"1\"")).expect("restart");
        part.write(b"wh").expect("write");
        drop(part);
        let mut part = Part::open(&path, 5, &whole).expect("open");
        assert_eq!((part.bytes(), part.etag()), (2, Some("\"1\"")));
        part.write(b"ole").expect("write");
        assert_eq!(part.hashed().differs(&whole), None);
        let to = folder.path().join("a.wav");
        part.finish(|from, _| fs::rename(from, &to).map_err(FetchError::io("write", &to))).expect("finish");
        assert_eq!(fs::read(&to).expect("file"), b"whole");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_part_of_another_file_or_of_none_is_thrown_away() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.part");
        let whole = [sum(b"whole")];
        for (bytes, checksums, note) in
            [(6, whole, None), (5, [sum(b"other")], None), (5, whole, Some("{\"bytes\":")), (5, whole, Some(""))]
        {
            let mut part = Part::open(&path, 5, &whole).expect("open");
            part.restart(None).expect("restart");
            part.write(b"who").expect("write");
            drop(part);
            if let Some(text) = note {
                fs::write(folder.path().join("a.part.json"), text).expect("write");
            }
            assert_eq!(Part::open(&path, bytes, &checksums).expect("open").bytes(), 0, "{bytes} {note:?}");
        }
        let mut part = Part::open(&path, 5, &whole).expect("open");
        part.write(b"more than it can be").expect("write");
        drop(part);
        assert_eq!(Part::open(&path, 5, &whole).expect("open").bytes(), 0);
    }

    /// `/dev/full` is a disk without room.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.part");
        std::os::unix::fs::symlink("/dev/full", &path).expect("link");
        let mut part = Part::open(&path, 5, &[sum(b"whole")]).expect("open");
        let error = part.write(b"whole").expect_err("no room");
        assert!(error.to_string().starts_with("cannot write `"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.starts_with("make room")), "{error:?}");
        assert_eq!(part.bytes(), 0);
    }
}
