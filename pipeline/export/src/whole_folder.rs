//! Folders that are there whole or not at all: written beside, handed to the disk, renamed into place.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ser_stage::WholeFile;
use ser_stage::files::{remove, sync_tree};

use crate::error::{ExportError, ExportResult};

/// Content that the place of a folder may have.
const EXPECTED: &str = "a folder that is not there yet, or an empty one";

/// A folder being written beside its final place. It appears there when [`put_in_place`](Self::put_in_place) succeeds,
/// and is removed when it is dropped before.
#[derive(Debug)]
pub(crate) struct WholeFolder {
    path: PathBuf,
    partial: PathBuf,
    /// `true` once there is nothing left to remove.
    placed: bool,
}

impl WholeFolder {
    /// Starts the folder that is to be at `path`: what was left of an earlier try is removed. Where there is a folder
    /// with something in it, it must be one that `replaceable` knows as an earlier export; `replace` says that it may
    /// go.
    pub(crate) fn create(path: &Path, replace: bool, replaceable: impl Fn(&Path) -> bool) -> ExportResult<Self> {
        check_place(path, replace, replaceable)?;
        // The folder behind a link is the one that is meant; and without its components, the name of `a/` would be
        // empty.
        let path = if path.is_symlink() {
            path.canonicalize().map_err(ExportError::io("find", path))?
        } else {
            path.components().collect()
        };
        let name = path.file_name().ok_or_else(|| ExportError::Occupied {
            path: path.clone(),
            found: "no name of a folder",
            expected: EXPECTED,
            hint: "name another folder".to_owned(),
        })?;
        let mut partial = name.to_owned();
        partial.push(".");
        partial.push(WholeFile::ENDING);
        let whole = Self { partial: path.with_file_name(partial), path, placed: false };
        remove(&whole.partial).map_err(ExportError::io("remove", &whole.partial))?;
        fs::create_dir_all(&whole.partial).map_err(ExportError::io("create", &whole.partial))?;
        Ok(whole)
    }

    /// The folder while it is written.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Hands every file in it to the disk and renames it into place. What was there goes when the new one is in its
    /// place.
    pub(crate) fn put_in_place(mut self) -> ExportResult<()> {
        sync_tree(&self.partial).map_err(ExportError::io("write", &self.partial))?;
        // A name like that of half-written files: `.old` may be somebody's.
        let mut aside = OsString::from(self.path.file_name().unwrap_or_default());
        aside.push(".replaced.");
        aside.push(WholeFile::ENDING);
        let aside = self.path.with_file_name(aside);
        let failed = ExportError::io("replace", &self.path);
        remove(&aside).map_err(ExportError::io("remove", &aside))?;
        let replaced = match fs::rename(&self.path, &aside) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
        };
        if let Err(error) = fs::rename(&self.partial, &self.path) {
            if replaced {
                // If it cannot be put back either, it is beside, and the first error says more.
                let _ = fs::rename(&aside, &self.path);
            }
            return Err(failed(error));
        }
        self.placed = true;
        remove(&aside).map_err(ExportError::io("remove", &aside))
    }
}

impl Drop for WholeFolder {
    fn drop(&mut self) {
        if !self.placed {
            // What is left of it is of no use, and if it cannot be removed either, the first error says more.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// `true` if everything in `folder` has one of `names`: what is none of an export's must not go with it.
pub(crate) fn holds_only(folder: &Path, names: &[&str]) -> bool {
    let known = |item: io::Result<fs::DirEntry>| {
        item.is_ok_and(|item| names.iter().any(|name| item.file_name().as_os_str() == *name))
    };
    fs::read_dir(folder).is_ok_and(|mut items| items.all(known))
}

fn check_place(path: &Path, replace: bool, replaceable: impl Fn(&Path) -> bool) -> ExportResult<()> {
    let refuse = |found, hint: &str| {
        Err(ExportError::Occupied { path: path.to_owned(), found, expected: EXPECTED, hint: hint.to_owned() })
    };
    match fs::read_dir(path).map(|mut items| items.next().is_none()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            refuse("a file", "name another folder, or take the file away")
        }
        Err(error) => Err(ExportError::io("read", path)(error)),
        Ok(false) if !replaceable(path) => {
            refuse("a folder of something else", "name another folder: only an earlier export is ever replaced")
        }
        Ok(false) if !replace => refuse("an earlier export", "`--replace` replaces it"),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(path: &Path) -> bool {
        path.join("ours").exists()
    }

    fn names(folder: &Path) -> Vec<String> {
        let items = fs::read_dir(folder).expect("folder");
        let mut names: Vec<String> =
            items.map(|item| item.expect("item").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_appears_whole_and_one_that_is_given_up_leaves_nothing() {
        let root = tempfile::tempdir().expect("folder");
        let path = root.path().join("new/out/");
        let given_up = WholeFolder::create(&path, false, is_ours).expect("create");
        fs::write(given_up.partial().join("ours"), "1").expect("write");
        assert_eq!(names(&root.path().join("new")), ["out.partial"]);
        drop(given_up);
        assert!(names(&root.path().join("new")).is_empty());
        fs::create_dir(root.path().join("new/out.old")).expect("folder");
        for (replace, text) in [(false, "1"), (true, "2")] {
            let whole = WholeFolder::create(&path, replace, is_ours).expect("create");
            fs::create_dir(whole.partial().join("below")).expect("folder");
            fs::write(whole.partial().join("ours"), text).expect("write");
            whole.put_in_place().expect("in place");
            assert_eq!(fs::read_to_string(path.join("ours")).expect("file"), text);
            assert_eq!(names(&root.path().join("new")), ["out", "out.old"]);
        }
    }

    #[test]
    fn what_is_somebody_elses_stays() {
        let root = tempfile::tempdir().expect("folder");
        let at = |name: &str| root.path().join(name);
        let told = |name: &str, replace| {
            let error = WholeFolder::create(&at(name), replace, is_ours).expect_err("occupied");
            (error.to_string(), error.hint().expect("a hint"))
        };
        fs::write(at("file"), "").expect("file");
        fs::create_dir_all(at("theirs/src")).expect("folder");
        fs::create_dir(at("earlier")).expect("folder");
        fs::write(at("earlier/ours"), "").expect("file");
        fs::create_dir(at("empty")).expect("folder");
        let (message, hint) = told("file", true);
        assert!(message.contains("file` is a file: expected a folder that is not there yet"), "{message}");
        assert!(hint.contains("another folder"), "{hint}");
        for replace in [false, true] {
            let (message, hint) = told("theirs", replace);
            assert!(message.contains("is a folder of something else") && hint.contains("only an earlier"), "{hint}");
        }
        assert_eq!(told("earlier", false).1, "`--replace` replaces it");
        assert!(holds_only(&at("earlier"), &["ours", "more"]) && !holds_only(&at("theirs"), &["ours"]));
        assert!(!holds_only(&at("none"), &["ours"]));
        WholeFolder::create(&at("empty"), false, is_ours).expect("an empty folder").put_in_place().expect("in place");
        assert_eq!(names(root.path()), ["earlier", "empty", "file", "theirs"]);
    }
}
