//! What was verified, and the licence that was agreed to: a file of lines, to which is only ever added.
//!
//! A line that a killed process left half-written is no JSON and counts for nothing, so nothing has to be mended.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::checksum::Hashed;
use crate::error::FetchError;

/// The folder in a corpus's root for what is needed to go on. Its name is hidden, so that nobody takes it for
/// recordings.
pub const FOLDER: &str = ".ser-fetch";

const NAME: &str = "journal.jsonl";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Line {
    /// The licence was agreed to.
    Licence { licence: String },
    /// The file at a path was verified, when it had this size and time.
    File { path: String, bytes: u64, modified_ns: u64, hashed: Hashed },
    /// The files at these paths are all that is wanted of an archive, as `source` knows it.
    Unpacked { archive: String, source: String, paths: Vec<String> },
}

/// A file that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) bytes: u64,
    pub(crate) modified_ns: u64,
    pub(crate) hashed: Hashed,
}

/// The journal of a corpus's folder.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    verified: Mutex<BTreeMap<String, Verified>>,
    /// By archive and source.
    unpacked: Mutex<BTreeMap<(String, String), Vec<String>>>,
}

impl Journal {
    /// The journal in `folder`, a corpus's `.ser-fetch`.
    pub(crate) fn open(folder: &Path) -> Result<Self, FetchError> {
        let path = folder.join(NAME);
        let (mut verified, mut unpacked) = (BTreeMap::new(), BTreeMap::new());
        for line in lines(&path)? {
            match line {
                Line::File { path, bytes, modified_ns, hashed } => {
                    verified.insert(path, Verified { bytes, modified_ns, hashed });
                }
                Line::Unpacked { archive, source, paths } => {
                    unpacked.insert((archive, source), paths);
                }
                Line::Licence { .. } => {}
            }
        }
        let file = Mutex::new(append(&path)?);
        Ok(Self { path, file, verified: Mutex::new(verified), unpacked: Mutex::new(unpacked) })
    }

    fn add(&self, line: &Line) -> Result<(), FetchError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        write_line(&mut file, line).map_err(FetchError::io("write", &self.path))
    }

    /// What is known of the file at `path`.
    pub(crate) fn verified(&self, path: &str) -> Option<Verified> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    pub(crate) fn add_file(&self, path: &str, file: Verified) -> Result<(), FetchError> {
        let Verified { bytes, modified_ns, hashed } = file;
        self.add(&Line::File { path: path.to_owned(), bytes, modified_ns, hashed })?;
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), file);
        Ok(())
    }

    /// Paths of the files of `archive` of `source`, if it was unpacked.
    pub(crate) fn unpacked(&self, archive: &str, source: &str) -> Option<Vec<String>> {
        let unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        unpacked.get(&(archive.to_owned(), source.to_owned())).cloned()
    }

    pub(crate) fn add_unpacked(&self, archive: &str, source: &str, paths: Vec<String>) -> Result<(), FetchError> {
        let (archive, source) = (archive.to_owned(), source.to_owned());
        self.add(&Line::Unpacked { archive: archive.clone(), source: source.clone(), paths: paths.clone() })?;
        self.unpacked.lock().unwrap_or_else(PoisonError::into_inner).insert((archive, source), paths);
        Ok(())
    }
}

/// `true` if the licence, in these words, was agreed to for the corpus in `root`.
pub fn is_licence_agreed(root: &Path, licence: &str) -> Result<bool, FetchError> {
    let agreed = lines(&root.join(FOLDER).join(NAME))?;
    Ok(agreed.iter().any(|line| matches!(line, Line::Licence { licence: agreed } if agreed == licence)))
}

/// Writes down that the licence was agreed to for the corpus in `root`.
pub fn agree_to_licence(root: &Path, licence: &str) -> Result<(), FetchError> {
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(FetchError::io("make the folder", &folder))?;
    let path = folder.join(NAME);
    let line = Line::Licence { licence: licence.to_owned() };
    write_line(&mut append(&path)?, &line).map_err(FetchError::io("write", &path))
}

/// All whole lines; a journal that is not there has none.
fn lines(path: &Path) -> Result<Vec<Line>, FetchError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(FetchError::io("read", path)(error)),
    };
    Ok(text.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

fn append(path: &Path) -> Result<File, FetchError> {
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(FetchError::io("open", path))?;
    // Ends what a killed process left half-written.
    file.write_all(b"\n").map_err(FetchError::io("write", path))?;
    Ok(file)
}

fn write_line(file: &mut File, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    // At once: lines of several threads stay whole.
    file.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Hasher;

    fn verified(bytes: u64) -> Verified {
        Verified { bytes, modified_ns: 7, hashed: Hasher::new(&[]).finish() }
    }

    #[test]
    fn a_half_written_line_counts_for_nothing_and_spoils_no_other() {
        let folder = tempfile::tempdir().expect("folder");
        let journal = Journal::open(folder.path()).expect("journal");
        journal.add_file("a.wav", verified(1)).expect("write");
        journal.add_file("a.wav", verified(2)).expect("write");
        drop(journal);
        let path = folder.path().join(NAME);
        let text = std::fs::read_to_string(&path).expect("text");
        let cut = text.trim_end().len() - 5;
        std::fs::write(&path, &text[..cut]).expect("write");
        let journal = Journal::open(folder.path()).expect("journal");
        assert_eq!(journal.verified("a.wav"), Some(verified(1)), "the later line was cut off");
        journal.add_unpacked("a.zip", "source", vec!["a.wav".to_owned()]).expect("write");
        drop(journal);
        let journal = Journal::open(folder.path()).expect("journal");
        assert_eq!(journal.unpacked("a.zip", "source"), Some(vec!["a.wav".to_owned()]));
        assert_eq!(journal.unpacked("a.zip", "another source"), None);
    }

    #[test]
    fn another_licence_is_another_agreement() {
        let root = tempfile::tempdir().expect("folder");
        assert!(!is_licence_agreed(root.path(), "CC BY 4.0").expect("read"));
        agree_to_licence(root.path(), "CC BY 4.0").expect("write");
        assert!(is_licence_agreed(root.path(), "CC BY 4.0").expect("read"));
        assert!(!is_licence_agreed(root.path(), "CC BY-NC 4.0").expect("read"));
    }
}
