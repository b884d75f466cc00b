//! A corpus on a server, a folder for it, and what is told.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use md5::{Digest as _, Md5};
use ser_fetch::{
    Archive, Bases, Checksum, FetchError, Fetched, Job, Network, Observer, Proxying, Source, Timings, fetch,
};
use sha2::Sha256;
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::server::{Fault, Server};

/// A folder for a corpus, and a network that is `server`.
pub(crate) struct Place {
    dir: TempDir,
    pub(crate) network: Network,
    pub(crate) told: Told,
}

/// Keeps what is told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) lines: Mutex<Vec<String>>,
    /// Bytes to come, and bytes that came less those that were lost.
    pub(crate) bytes: Mutex<(u64, u64)>,
}

impl Observer for Told {
    fn begin(&self, bytes: u64) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) = (bytes, 0);
    }

    fn find(&self, bytes: u64) {
        self.advance(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).1 += bytes;
    }

    fn lose(&self, bytes: u64) {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).1 -= bytes;
    }

    fn tell(&self, text: &str) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }
}

impl Place {
    pub(crate) fn new(server: &Server) -> Self {
        let ms = Duration::from_millis;
        let mut network = Network::default();
        let base = Some(server.base());
        network.bases = Bases { zenodo: base.clone(), dataverse: base.clone(), git_lfs: base };
        network.proxying = Proxying::Off;
        network.timings = Timings {
            answer: ms(2000),
            silence: ms(250),
            slow: ms(150),
            slow_bytes: 1000,
            first_wait: ms(1),
            longest_wait: ms(4),
            longest_asked: ms(1500),
            tries: 4,
            dataverse_pace: Duration::ZERO,
            ..Timings::default()
        };
        Self { dir: tempfile::tempdir().expect("folder"), network, told: Told::default() }
    }

    /// The corpus's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("corpus")
    }

    pub(crate) fn fetch(&self, source: &Source) -> Result<Fetched, FetchError> {
        fetch(&Job { source, root: &self.root(), archive: None }, &self.network, &self.told)
    }

    /// Fetches from an archive of these bytes.
    pub(crate) fn fetch_from(&self, source: &Source, archive: &[u8]) -> Result<Fetched, FetchError> {
        let path = self.dir.path().join("given.zip");
        std::fs::write(&path, archive).expect("write");
        fetch(&Job { source, root: &self.root(), archive: Some(&path) }, &self.network, &self.told)
    }

    pub(crate) fn read(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.root().join(path)).ok()
    }

    /// Files below the corpus's folder, without those of ours.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_name() == ".ser-fetch" {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(self.root()).expect("below").display().to_string());
                }
            }
        }
        files.sort();
        files
    }

    /// Files of ours that are parts of something.
    pub(crate) fn parts(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.root().join(".ser-fetch")).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
    }

    pub(crate) fn was_told(&self, text: &str) -> bool {
        self.told.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|line| line.contains(text))
    }
}

pub(crate) fn md5(bytes: &[u8]) -> Checksum {
    Checksum::Md5(Md5::digest(bytes).into())
}

pub(crate) fn sha256(bytes: &[u8]) -> Checksum {
    Checksum::Sha256(Sha256::digest(bytes).into())
}

/// Bytes like no others, that no compression makes small.
pub(crate) fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A ZIP archive of these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        std::io::Write::write_all(&mut archive, bytes).expect("write");
    }
    archive.finish().expect("an archive").into_inner()
}

/// A file of a Zenodo record that is taken as it is, and puts it on `server` with faults.
pub(crate) fn one_file(server: &Server, bytes: &[u8], faults: &[Fault]) -> Source {
    record(server, &[("a.wav", bytes, faults)]);
    Source::Zenodo { record: 7, archives: vec![Archive { name: "a.wav".to_owned(), ..Archive::default() }] }
}

/// Record 7, with these files.
pub(crate) fn record(server: &Server, files: &[(&str, &[u8], &[Fault])]) {
    let mut listed = Vec::new();
    for (name, bytes, faults) in files {
        server.file(&content(name), bytes, faults);
        listed.push(serde_json::json!({
            "key": name, "size": bytes.len(), "checksum": md5(bytes).to_string(), "id": "0",
        }));
    }
    let record = serde_json::json!({"id": 7, "files": listed, "metadata": {"license": {"id": "cc-by-nc-sa-4.0"}}});
    server.file("/api/records/7", record.to_string().as_bytes(), &[]);
}

/// Path of a file of record 7.
pub(crate) fn content(name: &str) -> String {
    format!("/api/records/7/files/{name}/content")
}
