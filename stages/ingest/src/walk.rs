//! Which audio files there are, whatever links and permissions do.
//!
//! Links to files are followed. A link to a folder is followed unless that would read something twice or for ever: a
//! folder above the link, one inside the corpus, or one that another link led to already. What is passed over, and
//! what cannot be read, is said in the notes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use ser_text::nfc;
use walkdir::{DirEntry, WalkDir};

use crate::descriptor::Descriptor;
use crate::error::IngestError;
use crate::index::Stat;
use crate::machine;

/// Extensions of audio files, without regard to case. The content decides what is in them.
const AUDIO_EXTENSIONS: [&str; 8] = ["wav", "flac", "mp3", "ogg", "oga", "aif", "aiff", "aifc"];

/// A file of this name in the root says that the corpus is synthetic.
pub(crate) const SYNTHETIC_MARK: &str = "SYNTHETIC.txt";

/// One audio file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As it can be opened.
    pub(crate) path: PathBuf,
    /// Path below the root, with `/` and with its extension; other encodings than UTF-8 show replacement characters.
    pub(crate) below_root: String,
    /// Size and times; all zero when it cannot be opened.
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
    pub(crate) tables: Vec<PathBuf>,
    /// Number of other files, by extension.
    pub(crate) others: BTreeMap<String, u64>,
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
pub(crate) fn walk(descriptor: &Descriptor, root: &Path) -> Result<Walk, IngestError> {
    let metadata = match std::fs::metadata(root) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Walk::default()),
        Err(source) => return Err(unreadable(descriptor, root, source)),
    };
    if !metadata.is_dir() {
        return Err(IngestError::RootIsFile { corpus: descriptor.name.clone(), root: root.to_owned() });
    }
    // The walk itself would report an unreadable root as one of its notes, and the corpus as empty.
    std::fs::read_dir(root).map_err(|source| unreadable(descriptor, root, source))?;

    let mut walk = Walk { exists: true, synthetic: root.join(SYNTHETIC_MARK).is_file(), ..Walk::default() };
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let mut linked: BTreeSet<PathBuf> = BTreeSet::new();
    let mut entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                // Too many open files would hide a folder, and its clips with it.
                if let Some(hint) = error.io_error().and_then(machine::shortage) {
                    let path = error.path().unwrap_or(root).to_owned();
                    return Err(IngestError::Machine { path, hint, source: error.into() });
                }
                walk.report(descriptor, root, &error);
                continue;
            }
        };
        if entry.depth() == 0 {
            continue;
        }
        let is_folder = entry.file_type().is_dir();
        if is_passed_over(entry.file_name()) {
            if is_folder {
                entries.skip_current_dir();
            }
        } else if is_folder {
            if entry.path_is_symlink()
                && let Some(why) = link_leads_back(&entry, &real_root, &mut linked)
            {
                walk.notes.push(format!("the link `{}` was not followed: it leads to {why}", entry.path().display()));
                entries.skip_current_dir();
            }
        } else {
            walk.add(descriptor, root, &entry);
        }
    }
    walk.files.sort_by(|a, b| a.below_root.cmp(&b.below_root).then_with(|| a.path.cmp(&b.path)));
    Ok(walk)
}

/// Whether `path` has the extension of an audio file.
pub(crate) fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    AUDIO_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Hidden files, the resource forks that macOS writes beside files (`._x.wav`), and the folder it adds to archives.
fn is_passed_over(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || name == "__MACOSX"
}

/// Why a link to a folder must not be followed.
fn link_leads_back(entry: &DirEntry, real_root: &Path, linked: &mut BTreeSet<PathBuf>) -> Option<&'static str> {
    let target = entry.path().canonicalize().ok()?;
    if real_root.starts_with(&target) {
        return Some("a folder that contains it");
    }
    if let Ok(inside) = target.strip_prefix(real_root)
        && !inside.iter().any(is_passed_over)
    {
        return Some("a folder of the corpus, which is read in its own place");
    }
    if !linked.insert(target) {
        return Some("a folder that another link leads to");
    }
    None
}

fn unreadable(descriptor: &Descriptor, root: &Path, source: io::Error) -> IngestError {
    IngestError::RootUnreadable { corpus: descriptor.name.clone(), root: root.to_owned(), source }
}

impl Walk {
    fn add(&mut self, descriptor: &Descriptor, root: &Path, entry: &DirEntry) {
        let path = entry.path();
        if !is_audio(path) {
            if descriptor.tables.iter().any(|table| entry.file_name() == table.file.as_str()) {
                self.tables.push(path.to_owned());
            }
            let extension =
                path.extension().map_or_else(|| "none".to_owned(), |ext| ext.to_string_lossy().to_lowercase());
            *self.others.entry(extension).or_default() += 1;
            return;
        }
        let (stat, problem) = match entry.metadata() {
            Ok(metadata) if metadata.is_file() => (Stat::of(&metadata), None),
            Ok(_) => (Stat::default(), Some("not a regular file".to_owned())),
            Err(error) => (Stat::default(), Some(error.to_string())),
        };
        self.push(descriptor, root, path, stat, problem);
    }

    fn push(&mut self, descriptor: &Descriptor, root: &Path, path: &Path, stat: Stat, problem: Option<String>) {
        let below = path.strip_prefix(root).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(OsStr::to_string_lossy).collect();
        let below_root = parts.join("/");
        if !self.globs.take(descriptor, &below_root) {
            return;
        }
        let problem = problem.or_else(|| {
            // Tables hold text, and later stages open the file by what is written there.
            path.to_str()
                .is_none()
                .then(|| "the file's name is not UTF-8 and cannot be written down; rename it".to_owned())
        });
        self.files.push(Found { path: path.to_owned(), below_root, stat, problem });
    }

    /// What the walk could not enter: a file that was found all the same, or a note.
    fn report(&mut self, descriptor: &Descriptor, root: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(root);
        if path.file_name().is_some_and(is_passed_over) {
            return;
        }
        let place = path.display();
        if error.loop_ancestor().is_some() {
            self.notes.push(format!("the link `{place}` was not followed: it leads to a folder that contains it"));
        } else if is_audio(path) && !path.is_dir() {
            let what = match error.io_error() {
                Some(source) if path.is_symlink() => format!("a link that leads nowhere: {source}"),
                Some(source) => source.to_string(),
                None => error.to_string(),
            };
            self.push(descriptor, root, path, Stat::default(), Some(what));
        } else {
            let source = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            self.notes.push(format!("`{place}` could not be read and is left out: {source}"));
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

    use super::*;

    fn found(root: &Path) -> (Vec<String>, Vec<String>) {
        let descriptor = Descriptor::load("tess", Path::new("")).expect("built-in");
        let walk = walk(&descriptor, root).expect("walk");
        (walk.files.into_iter().map(|file| file.below_root).collect(), walk.notes)
    }

    fn touch(root: &Path, below: &str) {
        let path = root.join(below);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, "x").expect("file");
    }

    #[test]
    fn audio_is_told_by_extension_and_hidden_files_are_passed_over() {
        let root = tempfile::tempdir().expect("folder");
        for below in ["b/x.WAV", "a.Flac", "Info.txt", ".hidden/y.wav", "b/._x.wav", "__MACOSX/b/z.wav", "no_extension"]
        {
            touch(root.path(), below);
        }
        assert_eq!(found(root.path()).0, ["a.Flac", "b/x.WAV"]);
    }

    #[test]
    fn stems_keep_dots_inside_names() {
        let stem = |below: &str| {
            Found { path: PathBuf::new(), below_root: below.into(), stat: Stat::default(), problem: None }
                .stem()
                .to_owned()
        };
        assert_eq!(stem("a.b/c.d.wav"), "a.b/c.d");
        assert_eq!(stem("a.b/c"), "a.b/c");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_never_for_ever() {
        use std::os::unix::fs::symlink;
        let base = tempfile::tempdir().expect("folder");
        let root = base.path().join("root");
        touch(&root, "a/x.wav");
        touch(base.path(), "outside/y.wav");
        touch(base.path(), "elsewhere/z.wav");
        for (target, link) in [
            ("..", "root/up"),
            (".", "root/self"),
            ("a", "root/twin"),
            ("../outside", "root/one"),
            ("../outside", "root/two"),
            ("../elsewhere/z.wav", "root/z.wav"),
            ("nowhere.wav", "root/broken.wav"),
            ("../outside/back", "root/round"),
            (".", "outside/back"),
        ] {
            symlink(target, base.path().join(link)).expect("link");
        }
        let (files, notes) = found(&root);
        assert_eq!(files, ["a/x.wav", "broken.wav", "one/y.wav", "z.wav"]);
        let notes = notes.join("\n");
        for link in ["root/up", "root/self", "root/twin", "root/two", "root/one/back"] {
            assert!(notes.contains(link), "no note about {link}:\n{notes}");
        }
    }

    #[test]
    fn a_missing_root_is_empty_and_a_file_is_an_error() {
        let base = tempfile::tempdir().expect("folder");
        let descriptor = Descriptor::load("tess", Path::new("")).expect("built-in");
        assert!(!walk(&descriptor, &base.path().join("none")).expect("missing").exists);
        touch(base.path(), "file");
        let error = walk(&descriptor, &base.path().join("file")).expect_err("file");
        assert!(matches!(error, IngestError::RootIsFile { .. }), "{error}");
    }
}
