//! Which files of a folder belong to a corpus: its audio, by the descriptor's patterns, and its side tables.
//!
//! [`folder`](crate::folder) finds them, or the listing of a bucket has them. What is passed over, and what cannot be
//! read, is said in the notes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use ser_storage::{Listed, Object, Place, Prefix, Root, Store};
use ser_text::nfc;

use crate::descriptor::{Descriptor, SideTable};
use crate::error::IngestError;
use crate::folder::{FolderError, FolderFile, walk_folder};
pub(crate) use crate::folder::{is_audio, is_passed_over};
use crate::index::Stat;
use crate::machine;

/// A file of this name in the root says that the corpus is synthetic.
pub(crate) const SYNTHETIC_MARK: &str = "SYNTHETIC.txt";

/// Extensions of audio that is not read.
const FOREIGN_AUDIO: [&str; 34] = [
    "3gp", "aac", "aax", "ac3", "alac", "amr", "ape", "au", "awb", "caf", "dsf", "gsm", "m4a", "m4b", "m4r", "mka",
    "mp2", "mp4", "mpc", "nist", "opus", "ra", "raw", "rf64", "snd", "sph", "spx", "tta", "voc", "w64", "wave", "weba",
    "webm", "wma",
];

/// Extensions of archives, which may hold audio.
pub(crate) const ARCHIVES: [&str; 9] = ["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst"];

/// One audio file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it lies.
    pub(crate) place: Place,
    /// Path below the root, with `/` and with its extension; other encodings than UTF-8 show replacement characters.
    pub(crate) below_root: String,
    /// Size and times, or entity tag; all zero when it cannot be opened.
    pub(crate) stat: Stat,
    /// Why it cannot even be opened.
    pub(crate) problem: Option<String>,
}

/// What lies below a root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    /// Whether the root is there at all.
    pub(crate) exists: bool,
    /// Whether it holds synthetic speech.
    pub(crate) synthetic: bool,
    /// Audio files, in the order of `below_root`.
    pub(crate) files: Vec<Found>,
    /// Files that may be side tables, in the order of their paths.
    pub(crate) tables: Vec<Place>,
    /// Number of other files, by extension.
    pub(crate) others: BTreeMap<String, u64>,
    /// Those of them that are audio in a format that is not read: paths below the root.
    pub(crate) foreign_audio: Vec<String>,
    /// Those of them that are like tables: the names of the files.
    pub(crate) texts: BTreeSet<String>,
    /// What could not be read or was passed over, complete sentences.
    pub(crate) notes: Vec<String>,
    /// What the descriptor's globs did.
    pub(crate) globs: GlobUse,
}

/// Which globs of a descriptor matched an audio file, by their numbers, and what they left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct GlobUse {
    pub(crate) include: BTreeSet<usize>,
    pub(crate) exclude: BTreeSet<usize>,
    /// Audio files that no `include` glob matched, and the first of them.
    pub(crate) not_included: u64,
    pub(crate) first_not_included: Option<String>,
}

impl Found {
    /// `below_root` without the extension.
    pub(crate) fn stem(&self) -> &str {
        let name_at = self.below_root.rfind('/').map_or(0, |slash| slash + 1);
        match self.below_root[name_at..].rfind('.') {
            Some(dot) if dot > 0 => &self.below_root[..name_at + dot],
            _ => &self.below_root,
        }
    }
}

/// Lists what lies below `root`. A missing root is an empty walk.
pub(crate) fn walk(descriptor: &Descriptor, root: &Root) -> Result<Walk, IngestError> {
    match root {
        Root::Folder(folder) => walk_files(descriptor, folder),
        Root::Bucket(prefix) => walk_objects(descriptor, prefix),
    }
}

fn walk_files(descriptor: &Descriptor, root: &Path) -> Result<Walk, IngestError> {
    let metadata = match std::fs::metadata(root) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Walk::default()),
        Err(source) => return Err(unreadable(descriptor, root, source)),
    };
    if !metadata.is_dir() {
        return Err(IngestError::RootIsFile { corpus: descriptor.name.clone(), root: root.to_owned() });
    }
    let found = walk_folder(root).map_err(|FolderError { path, source }| match machine::shortage(&source) {
        Some(hint) => IngestError::Machine { path, hint, source },
        None => unreadable(descriptor, root, source),
    })?;
    let mut walk =
        Walk { exists: true, synthetic: root.join(SYNTHETIC_MARK).is_file(), notes: found.notes, ..Walk::default() };
    walk.notes.extend(
        found
            .unreadable
            .iter()
            .map(|(path, why)| format!("`{}` could not be read and is left out: {why}", path.display())),
    );
    for FolderFile { path, below_root, metadata, problem } in found.audio {
        let stat = metadata.as_ref().map(Stat::of).unwrap_or_default();
        walk.add(descriptor, Found { place: Place::File(path), below_root, stat, problem });
    }
    for path in found.others {
        let parts: Vec<_> = path.strip_prefix(root).unwrap_or(&path).iter().map(OsStr::to_string_lossy).collect();
        walk.add_other(descriptor, parts.join("/"), &path, Place::File(path.clone()));
    }
    Ok(walk)
}

/// The same files of a bucket are found as of a folder with its objects in it, in the same order.
fn walk_objects(descriptor: &Descriptor, prefix: &Prefix) -> Result<Walk, IngestError> {
    let Some(listed) = Store::shared()?.list(prefix)? else { return Ok(Walk::default()) };
    let mut walk = Walk { exists: true, ..Walk::default() };
    let mut others = Vec::new();
    for Listed { below, address, mark, no_path } in listed {
        // `..` is no hidden folder.
        if no_path.is_none() && below.split('/').any(|part| is_passed_over(OsStr::new(part))) {
            continue;
        }
        walk.synthetic |= below == SYNTHETIC_MARK;
        let stat = Stat::of_object(&mark);
        let place = Place::Object(Object { address, mark: Some(mark) });
        if is_audio(Path::new(&below)) {
            walk.add(descriptor, Found { place, below_root: below, stat, problem: no_path });
        } else if no_path.is_none() {
            others.push((below, place));
        }
    }
    others.sort_by(|(one, _), (other, _)| one.split('/').cmp(other.split('/')));
    for (below, place) in others {
        walk.add_other(descriptor, below.clone(), Path::new(&below), place);
    }
    Ok(walk)
}

/// Whether the descriptor wants the audio file at `below_root`, a path below the root with `/`.
pub(crate) fn is_included(descriptor: &Descriptor, below_root: &str) -> bool {
    GlobUse::default().take(descriptor, below_root)
}

fn extension_of(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase())
}

fn unreadable(descriptor: &Descriptor, root: &Path, source: io::Error) -> IngestError {
    IngestError::RootUnreadable { corpus: descriptor.name.clone(), root: root.to_owned(), source }
}

impl Walk {
    fn add(&mut self, descriptor: &Descriptor, file: Found) {
        if self.globs.take(descriptor, &file.below_root) {
            self.files.push(file);
        }
    }

    /// Counts the file at `below`, a path below the root with `/`, which is called as `path` is.
    fn add_other(&mut self, descriptor: &Descriptor, below: String, path: &Path, place: Place) {
        let extension = extension_of(path).unwrap_or_else(|| "none".to_owned());
        if FOREIGN_AUDIO.contains(&extension.as_str()) {
            self.foreign_audio.push(below);
        }
        let like_declared = |table: &SideTable| extension_of(Path::new(&table.file)).as_ref() == Some(&extension);
        if descriptor.tables.iter().any(like_declared)
            && let Some(name) = path.file_name()
        {
            self.texts.insert(name.to_string_lossy().into_owned());
        }
        *self.others.entry(extension).or_default() += 1;
        if descriptor.tables.iter().any(|table| path.file_name().is_some_and(|name| name == table.file.as_str())) {
            self.tables.push(place);
        }
    }
}

impl GlobUse {
    /// Whether the globs of `descriptor` take the audio file at `below_root` into the corpus.
    fn take(&mut self, descriptor: &Descriptor, below_root: &str) -> bool {
        let path = nfc(below_root);
        if let Some(include) = &descriptor.include {
            let matched = include.matches(path.as_ref());
            if matched.is_empty() {
                self.not_included += 1;
                self.first_not_included.get_or_insert_with(|| below_root.to_owned());
                return false;
            }
            self.include.extend(matched);
        }
        let excluded = descriptor.exclude.matches(path.as_ref());
        self.exclude.extend(excluded.iter().copied());
        excluded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn touch(root: &Path, below: &str) {
        let path = root.join(below);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, "x").expect("file");
    }

    #[test]
    fn stems_keep_dots_inside_names() {
        let stem = |below: &str| {
            let place = Place::File(PathBuf::new());
            Found { place, below_root: below.into(), stat: Stat::default(), problem: None }.stem().to_owned()
        };
        assert_eq!(stem("a.b/c.d.wav"), "a.b/c.d");
        assert_eq!(stem("a.b/c"), "a.b/c");
    }

    #[test]
    fn a_missing_root_is_empty_and_a_file_is_an_error() {
        let base = tempfile::tempdir().expect("folder");
        let descriptor = Descriptor::load("tess", Path::new("")).expect("built-in");
        let folder = |name: &str| Root::Folder(base.path().join(name));
        assert!(!walk(&descriptor, &folder("none")).expect("missing").exists);
        touch(base.path(), "file");
        let error = walk(&descriptor, &folder("file")).expect_err("file");
        assert!(matches!(error, IngestError::RootIsFile { .. }), "{error}");
    }
}
