//! The audio files below a folder, whatever links and permissions do: one walk for corpora and for new recordings.
//!
//! Links to files are followed. A link to a folder is followed unless that would read something twice or for ever: a
//! folder above the link, one inside the root, or one that another link led to already. Hidden files, the resource
//! forks of macOS and its `__MACOSX` folders are passed over. Nothing is opened: a named pipe would wait for its
//! writer.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::machine;

/// Extensions of audio files, without regard to case. The content decides what is in them.
pub const AUDIO_EXTENSIONS: [&str; 8] = ["wav", "flac", "mp3", "ogg", "oga", "aif", "aiff", "aifc"];

/// One audio file below a folder.
#[derive(Debug, Clone)]
pub struct FolderFile {
    /// As it can be opened.
    pub path: PathBuf,
    /// Path below the root, with `/` and with its extension; other encodings than UTF-8 show replacement characters.
    pub below_root: String,
    /// Size and times; `None` when it cannot be looked at.
    pub metadata: Option<Metadata>,
    /// Why it is not even opened: a link that leads nowhere, no regular file, a name that no table can hold.
    pub problem: Option<String>,
}

/// What lies below a folder.
#[derive(Debug, Clone, Default)]
pub struct FolderWalk {
    /// Files with the extension of audio, in the order of `below_root`.
    pub audio: Vec<FolderFile>,
    /// All other files, in the order of their paths.
    pub others: Vec<PathBuf>,
    /// What could not be entered, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Links that were not followed, complete sentences.
    pub notes: Vec<String>,
}

/// A folder that could not be listed: the root itself, or one below it for want of something that the machine is short
/// of.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`: {source}", path.display())]
pub struct FolderError {
    /// The folder or file that was being looked at.
    pub path: PathBuf,
    /// The system's own error.
    pub source: io::Error,
}

/// Whether `path` has the extension of an audio file.
pub fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    AUDIO_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Lists what lies below the folder `root`, which must be readable itself.
///
/// Running out of file handles or memory ends the walk: it would hide a folder, and its files with it.
pub fn walk_folder(root: &Path) -> Result<FolderWalk, FolderError> {
    // The walk itself would report an unreadable root as one of many folders, and the rest as empty.
    std::fs::read_dir(root).map_err(|source| FolderError { path: root.to_owned(), source })?;
    let mut walk = FolderWalk::default();
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let mut linked: BTreeSet<PathBuf> = BTreeSet::new();
    let mut entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                if error.io_error().is_some_and(|source| machine::shortage(source).is_some()) {
                    let path = error.path().unwrap_or(root).to_owned();
                    return Err(FolderError { path, source: error.into() });
                }
                walk.report(root, &error);
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
                walk.notes.push(not_followed(entry.path(), why));
                entries.skip_current_dir();
            }
        } else if is_audio(entry.path()) {
            let (metadata, problem) = match entry.metadata() {
                Ok(metadata) if metadata.is_file() => (Some(metadata), None),
                Ok(_) => (None, Some("not a regular file".to_owned())),
                Err(error) if error.io_error().is_some_and(|source| machine::shortage(source).is_some()) => {
                    return Err(FolderError { path: entry.into_path(), source: error.into() });
                }
                Err(error) => (None, Some(error.to_string())),
            };
            walk.push(root, entry.path(), metadata, problem);
        } else {
            walk.others.push(entry.into_path());
        }
    }
    walk.audio.sort_by(|a, b| a.below_root.cmp(&b.below_root).then_with(|| a.path.cmp(&b.path)));
    Ok(walk)
}

/// Hidden files, the resource forks that macOS writes beside files (`._x.wav`), and the folder it adds to archives.
pub(crate) fn is_passed_over(name: &OsStr) -> bool {
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
        return Some("a folder that is read in its own place");
    }
    if !linked.insert(target) {
        return Some("a folder that another link leads to");
    }
    None
}

fn not_followed(link: &Path, why: &str) -> String {
    format!("the link `{}` was not followed: it leads to {why}", link.display())
}

impl FolderWalk {
    fn push(&mut self, root: &Path, path: &Path, metadata: Option<Metadata>, problem: Option<String>) {
        let below = path.strip_prefix(root).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(OsStr::to_string_lossy).collect();
        let problem = problem.or_else(|| {
            // Tables hold text, and later stages open the file by what is written there.
            path.to_str()
                .is_none()
                .then(|| "the file's name is not UTF-8 and cannot be written down; rename it".to_owned())
        });
        self.audio.push(FolderFile { path: path.to_owned(), below_root: parts.join("/"), metadata, problem });
    }

    /// What the walk could not enter: a file that was found all the same, or a folder.
    fn report(&mut self, root: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(root);
        if path.file_name().is_some_and(is_passed_over) {
            return;
        }
        if error.loop_ancestor().is_some() {
            self.notes.push(not_followed(path, "a folder that contains it"));
        } else if is_audio(path) && !path.is_dir() {
            let what = match error.io_error() {
                Some(source) if path.is_symlink() => format!("a link that leads nowhere: {source}"),
                Some(source) => source.to_string(),
                None => error.to_string(),
            };
            self.push(root, path, None, Some(what));
        } else {
            let source = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            self.unreadable.push((path.to_owned(), source));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn audio(walk: &FolderWalk) -> Vec<&str> {
        walk.audio.iter().map(|file| file.below_root.as_str()).collect()
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
        let walk = walk_folder(root.path()).expect("walk");
        assert_eq!(audio(&walk), ["a.Flac", "b/x.WAV"]);
        assert_eq!(walk.others, [root.path().join("Info.txt"), root.path().join("no_extension")]);
    }

    #[test]
    fn a_hidden_folder_that_is_named_itself_is_read() {
        let base = tempfile::tempdir().expect("folder");
        touch(base.path(), ".new/x.wav");
        assert_eq!(audio(&walk_folder(&base.path().join(".new")).expect("walk")), ["x.wav"]);
        assert!(walk_folder(&base.path().join("none")).is_err());
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
        let walk = walk_folder(&root).expect("walk");
        assert_eq!(audio(&walk), ["a/x.wav", "broken.wav", "one/y.wav", "z.wav"]);
        let problems: Vec<&str> = walk.audio.iter().filter_map(|file| file.problem.as_deref()).collect();
        assert!(matches!(problems[..], [one] if one.starts_with("a link that leads nowhere")), "{problems:?}");
        let notes = walk.notes.join("\n");
        for link in ["root/up", "root/self", "root/twin", "root/two", "root/one/back"] {
            assert!(notes.contains(link), "no note about {link}:\n{notes}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_and_names_that_no_table_holds_are_problems() {
        use std::os::unix::ffi::OsStrExt as _;
        let root = tempfile::tempdir().expect("folder");
        fs::write(root.path().join(OsStr::from_bytes(b"b\xff.wav")), "x").expect("file");
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("c.wav")).expect("socket");
        touch(root.path(), "a.wav");
        let walk = walk_folder(root.path()).expect("walk");
        let problems: Vec<Option<&str>> = walk.audio.iter().map(|file| file.problem.as_deref()).collect();
        assert_eq!(problems[0], None);
        assert!(problems[1].is_some_and(|problem| problem.contains("not UTF-8")), "{problems:?}");
        assert_eq!(problems[2], Some("not a regular file"));
    }
}
