//! All of it in order: what is there, the publisher's list, the files, archives unpacked.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::archive;
use crate::checksum::{Hasher, hash_file};
use crate::client::Client;
use crate::download::{Coming, download};
use crate::error::FetchError;
use crate::journal::FOLDER;
use crate::links::{self, MOST_OBJECTS};
use crate::list::{self, Link, List, Remote};
use crate::network::Network;
use crate::observer::Observer;
use crate::pace::Pace;
use crate::pool::{self, Failures};
use crate::source::{Archive, Source};
use crate::space;
use crate::store::{Place, Store};

const ZENODO: &str = "https://zenodo.org";

/// Files of a Git LFS repository that come at once.
const LFS_THREADS: usize = 4;

/// Files of a Dataverse that come at once.
const DATAVERSE_THREADS: usize = 2;

/// The list that an earlier call left.
const LIST: &str = "list.json";

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

/// What all parts of a fetch use.
struct Work<'a> {
    store: &'a Store,
    client: &'a Client,
    observer: &'a dyn Observer,
    /// The source, as a key.
    key: &'a str,
}

/// Brings the files of a corpus below a folder, each verified against its publisher's checksum. Files that are there
/// already are verified and taken; none is overwritten. What was received when a call failed or was killed is gone on with.
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
        work.given(job.source, archive, bases.zenodo.as_deref().unwrap_or(ZENODO))?;
    } else {
        match job.source {
            Source::Zenodo { record, archives } => {
                work.zenodo(bases.zenodo.as_deref().unwrap_or(ZENODO), *record, archives)?;
            }
            Source::Dataverse { server, dataset, wanted } => {
                let base = bases.dataverse.as_deref().unwrap_or(server);
                let list = list::dataverse(&client, observer, base, dataset, wanted, &key)?;
                work.keep(&list)?;
                work.urls(&list.files, DATAVERSE_THREADS, &Pace::new(network.timings.dataverse_pace))?;
            }
            Source::GitLfs { repository, commit, wanted } => {
                let base = bases.git_lfs.as_deref();
                let list = work.commit(|| {
                    let archive = store.own("list.zip");
                    list::git_lfs(&client, observer, base, (repository, commit), wanted, &key, &archive)
                })?;
                work.objects(&list.files, &list::batch_url(base, repository))?;
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
        let unpacked = store.journal.unpacked(&archive.name, &key)?;
        let taken = store.journal.taken_from(&archive.name);
        if (taken.len() as u64) < unpacked || !taken.iter().all(|path| count(path, None)) {
            return None;
        }
        packed.push(archive.name.as_str());
    }
    if !matches!(source, Source::Manual { .. }) && packed.len() < source.archives().len().max(1) {
        let list = List::read(&store.own(LIST), &key)?;
        let mut plain = list.files.iter().filter(|file| !packed.contains(&file.path.as_str()));
        if !plain.all(|file| count(&file.path, Some(file.bytes))) {
            return None;
        }
    }
    Some(Fetched { files, bytes, was_complete: true })
}

impl Work<'_> {
    /// Keeps a list for later calls, and tells the licence in it.
    fn keep(&self, list: &List) -> Result<(), FetchError> {
        if let Some(licence) = &list.licence {
            self.observer.tell(&format!("the publisher states the licence `{licence}`"));
        }
        list.write(&self.store.own(LIST))
    }

    /// Which of `files` are missing.
    fn missing<'f>(&self, files: impl IntoIterator<Item = &'f Remote>) -> Result<Vec<&'f Remote>, FetchError> {
        let (mut missing, mut of) = (Vec::new(), 0);
        let mut failures = Failures::default();
        for file in files {
            of += 1;
            match self.store.look(&file.path, file.bytes, &file.checksums) {
                Ok(Place::Taken) => {}
                Ok(Place::Empty) => missing.push(file),
                Err(error) => failures.add(error),
            }
        }
        failures.result(of)?;
        Ok(missing)
    }

    /// Tells how much is to come, when there is room for it and for `more` bytes.
    fn begin<'f>(&self, files: impl Iterator<Item = &'f Remote>, more: u64) -> Result<(), FetchError> {
        let (mut bytes, mut there) = (0_u64, 0);
        for file in files {
            bytes = bytes.saturating_add(file.bytes);
            there += fs::metadata(self.part(file)).map_or(0, |part| part.len().min(file.bytes));
        }
        space::check(self.store.root(), (bytes - there).saturating_add(more))?;
        self.observer.begin(bytes);
        Ok(())
    }

    /// Where the part of a file is: by its path, so that it is found again.
    fn part(&self, file: &Remote) -> PathBuf {
        let mut hasher = Hasher::new(&[]);
        hasher.update(file.path.as_bytes());
        self.store.own(&format!("{}.part", &hasher.finish().sha256.hex()[..24]))
    }

    /// Brings one file, and puts it in place.
    fn bring(&self, file: &Remote, url: &str, secrets: &[(String, String)]) -> Result<(), FetchError> {
        let Remote { path, bytes, checksums, .. } = file;
        let coming = Coming { name: path, bytes: *bytes, checksums, url, secrets };
        let part = download(self.client, self.observer, &coming, &self.part(file))?;
        part.finish(|from, hashed| self.store.put(from, path, hashed, None))
    }

    /// Brings files that each have a URL.
    fn urls(&self, files: &[Remote], threads: usize, pace: &Pace) -> Result<(), FetchError> {
        let missing = self.missing(files)?;
        self.begin(missing.iter().copied(), 0)?;
        let failures = pool::each(&missing, threads, |file| {
            let Link::Url(url) = &file.link else { return Failures::default() };
            pace.wait();
            pool::of_one(self.bring(file, url, &[]))
        });
        failures.result(missing.len())
    }

    /// The list of a commit. It never changes, so that one that is there is as good as a new one; what is kept in the list
    /// itself is put in place.
    fn commit(&self, ask: impl FnOnce() -> Result<(List, Vec<list::Plain>), FetchError>) -> Result<List, FetchError> {
        if let Some(list) = List::read(&self.store.own(LIST), self.key) {
            let mut listed = list.files.iter().filter(|file| file.link == Link::Listed);
            if listed.all(|file| self.store.is_as_verified(&file.path, Some(file.bytes))) {
                return Ok(list);
            }
        }
        let (list, plain) = ask()?;
        for list::Plain { path, content } in plain {
            let mut hasher = Hasher::new(&[]);
            hasher.update(&content);
            let hashed = hasher.finish();
            if self.store.look(&path, content.len() as u64, &[hashed.sha256])? == Place::Empty {
                let part = self.store.own("listed.part");
                fs::write(&part, &content).map_err(FetchError::io("write", &part))?;
                self.store.put(&part, &path, &hashed, None)?;
            }
        }
        self.keep(&list)?;
        Ok(list)
    }

    /// Brings objects of Git LFS, a hundred for each question for links.
    fn objects(&self, files: &[Remote], batch_url: &str) -> Result<(), FetchError> {
        let missing = self.missing(files)?;
        self.begin(missing.iter().copied(), 0)?;
        let batches: Vec<&[&Remote]> = missing.chunks(MOST_OBJECTS).collect();
        let failures = pool::each(&batches, LFS_THREADS, |batch| self.batch(batch, batch_url));
        failures.result(missing.len())
    }

    /// Brings one batch. A link that has run out, by its own word or the server's, is asked for anew once per file.
    fn batch(&self, batch: &[&Remote], batch_url: &str) -> Failures {
        let mut failures = Failures::default();
        let mut known: HashMap<String, Result<links::Link, FetchError>> = HashMap::new();
        for (at, file) in batch.iter().enumerate() {
            let oid = links::oid(file);
            for is_last in [false, true] {
                let holds = matches!(known.get(&oid), Some(Ok(link)) if link.holds());
                if !holds {
                    match links::ask(self.client, self.observer, batch_url, &batch[at..]) {
                        Ok(links) => known = links,
                        Err(error) => {
                            failures.add(error);
                            return failures;
                        }
                    }
                }
                let brought = match known.remove(&oid) {
                    Some(Ok(link)) => self.bring(file, &link.url, &link.secrets),
                    Some(Err(error)) => Err(error),
                    None => Err(FetchError::NoList {
                        url: batch_url.to_owned(),
                        why: format!("it says nothing of the object {oid}"),
                    }),
                };
                match brought {
                    Err(FetchError::Refused { status: 401 | 403 | 410, .. } | FetchError::Missing { .. })
                        if !is_last => {}
                    Err(error) => {
                        failures.add(error);
                        break;
                    }
                    Ok(()) => break,
                }
            }
        }
        failures
    }

    /// Brings files of a record, and unpacks those that are archives.
    fn zenodo(&self, base: &str, record: u64, archives: &[Archive]) -> Result<(), FetchError> {
        let list = list::zenodo(self.client, self.observer, base, record, archives, self.key)?;
        self.keep(&list)?;
        let (packed, plain): (Vec<_>, Vec<_>) =
            list.files.iter().zip(archives).partition(|(_, archive)| !archive.unpack.is_empty());
        let plain = self.missing(plain.into_iter().map(|(file, _)| file))?;
        let packed: Vec<_> = packed.into_iter().filter(|(_, archive)| !self.is_unpacked(archive)).collect();
        // Unpacked, an archive takes at least the room that it has itself.
        let unpacked = packed.iter().map(|(file, _)| file.bytes).sum();
        self.begin(plain.iter().copied().chain(packed.iter().map(|(file, _)| *file)), unpacked)?;
        for file in plain {
            if let Link::Url(url) = &file.link {
                self.bring(file, url, &[])?;
            }
        }
        for (file, archive) in packed {
            let Link::Url(url) = &file.link else { continue };
            let Remote { path, bytes, checksums, .. } = file;
            let coming = Coming { name: path, bytes: *bytes, checksums, url, secrets: &[] };
            let at = self.part(file);
            let part = download(self.client, self.observer, &coming, &at)?;
            part.finish(|from, _| {
                self.observer.tell(&format!("unpacking `{path}`"));
                self.unpack(from, archive)?;
                fs::remove_file(from).map_err(FetchError::io("remove", from))
            })?;
        }
        Ok(())
    }

    fn is_unpacked(&self, archive: &Archive) -> bool {
        let taken = self.store.journal.taken_from(&archive.name);
        self.store.journal.unpacked(&archive.name, self.key).is_some_and(|files| taken.len() as u64 >= files)
            && taken.iter().all(|path| self.store.is_as_verified(path, None))
    }

    fn unpack(&self, from: &Path, archive: &Archive) -> Result<(), FetchError> {
        let files = archive::unpack(from, archive, self.store)?;
        self.store.journal.add_unpacked(&archive.name, self.key, files)
    }

    /// Unpacks an archive that somebody downloaded, which stays where it is. Its publisher is asked for the checksum where
    /// that is not known beforehand and there is one.
    fn given(&self, source: &Source, from: &Path, zenodo: &str) -> Result<(), FetchError> {
        let [archive] = source.archives() else { return Err(FetchError::NoArchive { archive: from.to_owned() }) };
        if archive.unpack.is_empty() {
            return Err(FetchError::NoArchive { archive: from.to_owned() });
        }
        let (mut bytes, mut checksums) = (archive.bytes, archive.checksums.clone());
        if let (true, Source::Zenodo { record, archives }) = (checksums.is_empty(), source) {
            let list = list::zenodo(self.client, self.observer, zenodo, *record, archives, self.key)?;
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
            self.observer.tell(&format!("verifying `{shown}`"));
            let hashed = hash_file(from, u64::MAX, Hasher::new(&checksums));
            let (hasher, _) = hashed.map_err(FetchError::io("read", from))?;
            if let Some((expected, found)) = hasher.finish().differs(&checksums) {
                return Err(FetchError::WrongChecksum { file: shown, expected, found });
            }
        }
        self.observer.tell(&format!("unpacking `{shown}`"));
        self.unpack(from, archive)
    }
}
