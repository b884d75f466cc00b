//! The files of a list, and what all kinds of sources need for them.

use std::fs;
use std::path::PathBuf;

use crate::checksum::Hasher;
use crate::client::Client;
use crate::download::{Coming, download};
use crate::error::FetchError;
use crate::list::{Link, List, Remote};
use crate::observer::Observer;
use crate::pace::Pace;
use crate::pool::{self, Failures};
use crate::space;
use crate::store::{Place, Store};

/// The list that an earlier call left.
const LIST: &str = "list.json";

/// What all parts of a fetch use.
pub(crate) struct Work<'a> {
    pub(crate) store: &'a Store,
    pub(crate) client: &'a Client,
    pub(crate) observer: &'a dyn Observer,
    /// The source, as a key.
    pub(crate) key: &'a str,
}

/// The list that an earlier call left, if it is of the source with this key.
pub(crate) fn kept_list(store: &Store, key: &str) -> Option<List> {
    List::read(&store.own(LIST), key)
}

impl Work<'_> {
    /// Keeps a list for later calls, and tells the licence in it.
    pub(crate) fn keep(&self, list: &List) -> Result<(), FetchError> {
        if let Some(licence) = &list.licence {
            self.observer.tell(&format!("the publisher states the licence `{licence}`"));
        }
        list.write(&self.store.own(LIST))
    }

    /// Which of `files` are missing.
    pub(crate) fn missing<'f>(
        &self,
        files: impl IntoIterator<Item = &'f Remote>,
    ) -> Result<Vec<&'f Remote>, FetchError> {
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
    pub(crate) fn begin<'f>(&self, files: impl Iterator<Item = &'f Remote>, more: u64) -> Result<(), FetchError> {
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
    pub(crate) fn part(&self, file: &Remote) -> PathBuf {
        let mut hasher = Hasher::new(&[]);
        hasher.update(file.path.as_bytes());
        self.store.own(&format!("{}.part", &hasher.finish().sha256.hex()[..24]))
    }

    /// Brings one file, and puts it in place.
    pub(crate) fn bring(&self, file: &Remote, url: &str, secrets: &[(String, String)]) -> Result<(), FetchError> {
        let Remote { path, bytes, checksums, .. } = file;
        let coming = Coming { name: path, bytes: *bytes, checksums, url, secrets };
        let part = download(self.client, self.observer, &coming, &self.part(file))?;
        part.finish(|from, hashed| self.store.put(from, path, hashed))
    }

    /// Brings files that each have a URL.
    pub(crate) fn urls(&self, files: &[Remote], threads: usize, pace: &Pace) -> Result<(), FetchError> {
        let missing = self.missing(files)?;
        self.begin(missing.iter().copied(), 0)?;
        let failures = pool::each(&missing, threads, |file| {
            let Link::Url(url) = &file.link else { return Failures::default() };
            pace.wait();
            pool::of_one(self.bring(file, url, &[]))
        });
        failures.result(missing.len())
    }
}
