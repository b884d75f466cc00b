//! All of it in order: what is there, the publisher's list, the files, archives unpacked.

use std::fs;
use std::path::Path;

use crate::archive;
use crate::checksum::{Hasher, hash_file};
use crate::client::Client;
use crate::download::{Coming, download};
use crate::error::FetchError;
use crate::journal::FOLDER;
use crate::list::{self, Link, Remote};
use crate::network::Network;
use crate::objects;
use crate::observer::Observer;
use crate::pace::Pace;
use crate::source::{Archive, Source};
use crate::store::Store;
use crate::work::{Work, kept_list};

const ZENODO: &str = "https://zenodo.org";

/// Files of a Dataverse that come at once.
const DATAVERSE_THREADS: usize = 2;

/// What is to be fetched, and to where.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Where the corpus is published.
    pub source: &'a Source,
    /// The corpus's folder; made when missing.
    pub root: &'a Path,
    /// The archive of the corpus, if somebody downloaded it already.
    pub archive: Option<&'a Path>,
}

/// What is there after a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Files of the corpus.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// `true` if all of it was there already, and nothing was asked of any server.
    pub was_complete: bool,
}

/// Brings the files of a corpus below a folder, each verified against its publisher's checksum. Files that are there
/// already are verified and taken; none is overwritten. What was received when a call failed or was killed is gone on
/// with.
pub fn fetch(job: &Job<'_>, network: &Network, observer: &dyn Observer) -> Result<Fetched, FetchError> {
    let by_hand = match job.source {
        Source::Manual { steps, .. } if job.archive.is_none() => Some(FetchError::ByHand { steps: steps.clone() }),
        _ => None,
    };
    if let Some(by_hand) = by_hand {
        // Nothing is made for a corpus that does not come.
        let complete = job.root.join(FOLDER).is_dir().then(|| Store::open(job.root)).transpose()?;
        return complete.and_then(|store| complete_by(&store, job.source)).ok_or(by_hand);
    }
    let store = Store::open(job.root)?;
    if let Some(complete) = complete_by(&store, job.source) {
        return Ok(complete);
    }
    let (client, key) = (Client::new(network), job.source.key());
    let work = Work { store: &store, client: &client, observer, key: &key };
    let bases = &network.bases;
    if let Some(archive) = job.archive {
        given(&work, job.source, archive, bases.zenodo.as_deref().unwrap_or(ZENODO))?;
    } else {
        match job.source {
            Source::Zenodo { record, archives } => {
                zenodo(&work, bases.zenodo.as_deref().unwrap_or(ZENODO), *record, archives)?;
            }
            Source::Dataverse { server, dataset, wanted } => {
                let base = bases.dataverse.as_deref().unwrap_or(server);
                let list = list::dataverse(&client, observer, base, dataset, wanted, &key)?;
                work.keep(&list)?;
                work.urls(&list.files, DATAVERSE_THREADS, &Pace::new(network.timings.dataverse_pace))?;
            }
            Source::GitLfs { repository, commit, wanted } => {
                let base = bases.git_lfs.as_deref();
                let list = objects::list(&work, || {
                    let archive = store.own("list.zip");
                    list::git_lfs(&client, observer, base, (repository, commit), wanted, &key, &archive)
                })?;
                objects::bring(&work, &list.files, &list::batch_url(base, repository))?;
            }
            Source::Manual { .. } => {}
        }
    }
    // What the journal has now is what a further call would find.
    complete_by(&store, job.source).map(|complete| Fetched { was_complete: false, ..complete }).ok_or_else(|| {
        FetchError::Changed {
            what: format!("files in `{}`", job.root.display()),
            expected: "those that were fetched".to_owned(),
            found: "some of them, meanwhile changed or removed".to_owned(),
        }
    })
}

/// What is there, if it is all of `source` by what earlier calls wrote down. Nothing is read but sizes and times.
fn complete_by(store: &Store, source: &Source) -> Option<Fetched> {
    let key = source.key();
    let (mut files, mut bytes) = (0, 0);
    let mut count = |path: &str, expected: Option<u64>| {
        let is_there = store.is_as_verified(path, expected);
        files += 1;
        bytes += store.journal.verified(path).map_or(0, |file| file.bytes);
        is_there
    };
    let mut packed = Vec::new();
    for archive in source.archives().iter().filter(|archive| !archive.unpack.is_empty()) {
        if !store.journal.unpacked(&archive.name, &key)?.iter().all(|path| count(path, None)) {
            return None;
        }
        packed.push(archive.name.as_str());
    }
    if !matches!(source, Source::Manual { .. }) && packed.len() < source.archives().len().max(1) {
        let list = kept_list(store, &key)?;
        let mut plain = list.files.iter().filter(|file| !packed.contains(&file.path.as_str()));
        if !plain.all(|file| count(&file.path, Some(file.bytes))) {
            return None;
        }
    }
    Some(Fetched { files, bytes, was_complete: true })
}

/// Brings files of a record, and unpacks those that are archives.
fn zenodo(work: &Work<'_>, base: &str, record: u64, archives: &[Archive]) -> Result<(), FetchError> {
    let list = list::zenodo(work.client, work.observer, base, record, archives, work.key)?;
    work.keep(&list)?;
    let (packed, plain): (Vec<_>, Vec<_>) =
        list.files.iter().zip(archives).partition(|(_, archive)| !archive.unpack.is_empty());
    let plain = work.missing(plain.into_iter().map(|(file, _)| file))?;
    let packed: Vec<_> = packed.into_iter().filter(|(_, archive)| !is_unpacked(work, archive)).collect();
    // Unpacked, an archive takes at least the room that it has itself.
    let unpacked = packed.iter().fold(0_u64, |sum, (file, _)| sum.saturating_add(file.bytes));
    work.begin(plain.iter().copied().chain(packed.iter().map(|(file, _)| *file)), unpacked)?;
    for file in plain {
        if let Link::Url(url) = &file.link {
            work.bring(file, url, &[])?;
        }
    }
    for (file, archive) in packed {
        let Link::Url(url) = &file.link else { continue };
        let Remote { path, bytes, checksums, .. } = file;
        let coming = Coming { name: path, bytes: *bytes, checksums, url, secrets: &[] };
        let at = work.part(file);
        let part = download(work.client, work.observer, &coming, &at)?;
        part.finish(|from, _| {
            work.observer.tell(&format!("unpacking `{path}`"));
            unpack(work, from, archive)?;
            fs::remove_file(from).map_err(FetchError::io("remove", from))
        })?;
    }
    Ok(())
}

fn is_unpacked(work: &Work<'_>, archive: &Archive) -> bool {
    let paths = work.store.journal.unpacked(&archive.name, work.key);
    paths.is_some_and(|paths| paths.iter().all(|path| work.store.is_as_verified(path, None)))
}

fn unpack(work: &Work<'_>, from: &Path, archive: &Archive) -> Result<(), FetchError> {
    let paths = archive::unpack(from, archive, work.store)?;
    work.store.journal.add_unpacked(&archive.name, work.key, paths)
}

/// Unpacks an archive that somebody downloaded, which stays where it is. Its publisher is asked for the checksum where
/// that is not known beforehand and there is one.
fn given(work: &Work<'_>, source: &Source, from: &Path, zenodo: &str) -> Result<(), FetchError> {
    let [archive] = source.archives() else { return Err(FetchError::NoArchive { archive: from.to_owned() }) };
    if archive.unpack.is_empty() {
        return Err(FetchError::NoArchive { archive: from.to_owned() });
    }
    let (mut bytes, mut checksums) = (archive.bytes, archive.checksums.clone());
    if let (true, Source::Zenodo { record, archives }) = (checksums.is_empty(), source) {
        let list = list::zenodo(work.client, work.observer, zenodo, *record, archives, work.key)?;
        if let [file] = list.files.as_slice() {
            (bytes, checksums) = (Some(file.bytes), file.checksums.clone());
        }
    }
    let shown = from.display().to_string();
    let there = fs::metadata(from).map_err(FetchError::io("read", from))?;
    if let Some(expected) = bytes.filter(|bytes| *bytes != there.len()) {
        return Err(FetchError::OtherFile { file: shown, expected, found: there.len() });
    }
    if !checksums.is_empty() {
        work.observer.tell(&format!("verifying `{shown}`"));
        let hashed = hash_file(from, u64::MAX, Hasher::new(&checksums));
        let (hasher, _) = hashed.map_err(FetchError::io("read", from))?;
        if let Some((expected, found)) = hasher.finish().differs(&checksums) {
            return Err(FetchError::WrongChecksum { file: shown, expected, found });
        }
    }
    work.observer.tell(&format!("unpacking `{shown}`"));
    unpack(work, from, archive)
}
