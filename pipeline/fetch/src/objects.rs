//! A repository with Git LFS: its list, which is an archive of pointers, and the objects that these point to.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;

use crate::checksum::Hasher;
use crate::error::FetchError;
use crate::links::{self, MOST_OBJECTS};
use crate::list::{Link, List, Plain, Remote};
use crate::pool::{self, Failures};
use crate::store::Place;
use crate::work::{Work, kept_list};

/// Files that come at once.
const THREADS: usize = 4;

/// The list of a commit, by `ask`. It never changes, so that one that is there is as good as a new one; what is kept in
/// the list itself is put in place.
pub(crate) fn list(
    work: &Work<'_>,
    ask: impl FnOnce() -> Result<(List, Vec<Plain>), FetchError>,
) -> Result<List, FetchError> {
    let store = work.store;
    if let Some(list) = kept_list(store, work.key) {
        let mut listed = list.files.iter().filter(|file| file.link == Link::Listed);
        if listed.all(|file| store.is_as_verified(&file.path, Some(file.bytes))) {
            return Ok(list);
        }
    }
    let (list, plain) = ask()?;
    for Plain { path, content } in plain {
        let mut hasher = Hasher::new(&[]);
        hasher.update(&content);
        let hashed = hasher.finish();
        if store.look(&path, content.len() as u64, &[hashed.sha256])? == Place::Empty {
            let part = store.own("listed.part");
            let written = File::create(&part).and_then(|mut file| {
                file.write_all(&content)?;
                file.sync_data()
            });
            written.map_err(FetchError::io("write", &part))?;
            store.put(&part, &path, hashed)?;
        }
    }
    work.keep(&list)?;
    Ok(list)
}

/// Brings objects of Git LFS, a hundred for each question for links.
pub(crate) fn bring(work: &Work<'_>, files: &[Remote], batch_url: &str) -> Result<(), FetchError> {
    let missing = work.missing(files)?;
    work.begin(missing.iter().copied(), 0)?;
    let batches: Vec<&[&Remote]> = missing.chunks(MOST_OBJECTS).collect();
    let failures = pool::each(&batches, THREADS, |files| batch(work, files, batch_url));
    failures.result(missing.len())
}

/// Brings one batch. A link that has run out, by its own word or the server's, is asked for anew once per file.
fn batch(work: &Work<'_>, batch: &[&Remote], batch_url: &str) -> Failures {
    let mut failures = Failures::default();
    let mut known: HashMap<String, Result<links::Link, FetchError>> = HashMap::new();
    for (at, file) in batch.iter().enumerate() {
        let oid = links::oid(file);
        for is_last in [false, true] {
            let holds = matches!(known.get(&oid), Some(Ok(link)) if link.holds());
            if !holds {
                match links::ask(work.client, work.observer, batch_url, &batch[at..]) {
                    Ok(links) => known = links,
                    Err(error) => {
                        failures.add(error);
                        return failures;
                    }
                }
            }
            let brought = match known.remove(&oid) {
                Some(Ok(link)) => work.bring(file, &link.url, &link.secrets),
                Some(Err(error)) => Err(error),
                None => Err(FetchError::NoList {
                    url: batch_url.to_owned(),
                    why: format!("it says nothing of the object {oid}"),
                }),
            };
            match brought {
                Err(FetchError::Refused { status: 401 | 403 | 410, .. } | FetchError::Missing { .. }) if !is_last => {}
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
