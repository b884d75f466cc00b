//! What may be taken out of an archive: files that are wanted, at paths that stay below the folder, of the sizes that
//! the archive states and no more.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::path::Path;

use globset::GlobSet;
use zip::ZipArchive;

use crate::checksum::Hasher;
use crate::error::FetchError;
use crate::names;
use crate::source::Archive;
use crate::space;
use crate::store::{Place, Store};

/// How many times larger than the archive its files may be together. Recorded sound shrinks to a half at best; silence
/// shrinks further, but no corpus is of silence.
const MOST_RATIO: u64 = 50;

/// What files may have together in any case.
const ALLOWED_BYTES: u64 = 1 << 24;

/// A file in the archive that is wanted.
struct Entry {
    at: usize,
    path: String,
    bytes: u64,
}

/// Takes what is wanted out of `archive`, which lies at `from`, and gives the paths of the files.
pub(crate) fn unpack(from: &Path, archive: &Archive, store: &Store) -> Result<Vec<String>, FetchError> {
    let shown = from.display().to_string();
    let broken = |why: String| FetchError::Archive { archive: shown.clone(), why };
    let file = File::open(from).map_err(FetchError::io("open", from))?;
    let size = file.metadata().map_err(FetchError::io("read", from))?.len();
    let mut zip = ZipArchive::new(file).map_err(|error| broken(error.to_string()))?;
    if zip.has_duplicate_names() {
        return Err(broken("a name is there twice".to_owned()));
    }
    // Everything is judged before anything is taken.
    let entries = wanted(&mut zip, &shown, &names::globs(&archive.unpack)?)?;
    let found = entries.len() as u64;
    if archive.files.is_some_and(|files| files != found) || found == 0 {
        let expected = archive.files.map_or_else(|| "some".to_owned(), |files| files.to_string());
        let globs = archive.unpack.join(", ");
        return Err(FetchError::OtherArchive { archive: shown, globs, expected, found });
    }
    let total = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.bytes));
    let most = size.saturating_mul(MOST_RATIO).max(ALLOWED_BYTES);
    if total > most {
        return Err(broken(format!(
            "its files are to have {total} bytes, more than {most}: {MOST_RATIO} times its own"
        )));
    }
    let missing = entries.iter().filter(|entry| !store.is_as_verified(&entry.path, Some(entry.bytes)));
    space::check(store.root(), missing.map(|entry| entry.bytes).sum())?;
    for entry in &entries {
        take(&mut zip, entry, &shown, store)?;
    }
    Ok(entries.into_iter().map(|entry| entry.path).collect())
}

/// The entries that are wanted, all of them safe.
fn wanted(zip: &mut ZipArchive<File>, shown: &str, globs: &GlobSet) -> Result<Vec<Entry>, FetchError> {
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    for at in 0..zip.len() {
        let broken = |why: String| FetchError::Archive { archive: shown.to_owned(), why };
        let entry = zip.by_index_raw(at).map_err(|error| broken(error.to_string()))?;
        let path = entry.name().map_err(|error| broken(error.to_string()))?.into_owned();
        // Globs say what is wanted by what a path would mean; whether it means that is judged next.
        if entry.is_dir() || names::is_litter(&path) || !globs.is_match(&path) {
            continue;
        }
        let why = if entry.is_symlink() {
            Some("it is a link")
        } else if entry.encrypted() {
            Some("it is encrypted")
        } else if !seen.insert(path.to_lowercase()) {
            Some("it is there twice")
        } else {
            names::unsafe_because(&path)
        };
        if let Some(why) = why {
            return Err(FetchError::UnsafePath { of: shown.to_owned(), path, why });
        }
        entries.push(Entry { at, path, bytes: entry.size() });
    }
    Ok(entries)
}

/// Takes one file out: its checksum is compared while it is read, and only then is it put in place. One that is there
/// is read, too: what was verified before may have been another archive's.
fn take(zip: &mut ZipArchive<File>, entry: &Entry, shown: &str, store: &Store) -> Result<(), FetchError> {
    let broken = |why: String| FetchError::Archive { archive: shown.to_owned(), why };
    let read = zip.by_index(entry.at).map_err(|error| broken(error.to_string()))?;
    let part = store.own("unpacking.part");
    let mut file = File::create(&part).map_err(FetchError::io("write", &part))?;
    let mut hasher = Hasher::new(&[]);
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    // One more than it is to have: the end, where the archive's own checksum is compared, has to be read.
    let mut read = read.take(entry.bytes.saturating_add(1));
    loop {
        let some = read.read(&mut buffer).map_err(|error| broken(format!("`{}`: {error}", entry.path)))?;
        if some == 0 {
            break;
        }
        bytes += some as u64;
        if bytes > entry.bytes {
            return Err(broken(format!("`{}` has more than the {} bytes that are stated", entry.path, entry.bytes)));
        }
        hasher.update(&buffer[..some]);
        file.write_all(&buffer[..some]).map_err(FetchError::io("write", &part))?;
    }
    if bytes != entry.bytes {
        return Err(broken(format!("`{}` has {bytes} bytes: expected {}, as is stated", entry.path, entry.bytes)));
    }
    let hashed = hasher.finish();
    // A file that somebody unpacked before is the same one, or in the way.
    match store.look(&entry.path, entry.bytes, &[hashed.sha256])? {
        Place::Taken => fs::remove_file(&part).map_err(FetchError::io("remove", &part)),
        Place::Empty => {
            file.sync_data().map_err(FetchError::io("write", &part))?;
            store.put(&part, &entry.path, hashed)
        }
    }
}
