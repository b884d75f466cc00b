//! What the watched files look like at one moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

/// What is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// Files, and folders with all that is in them; absolute. They need not exist.
    pub(crate) paths: Vec<PathBuf>,
    /// A folder that is left out wherever it is met: the artifacts, which every run writes to.
    pub(crate) except: PathBuf,
}

/// Every file below the watched places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    files: BTreeMap<PathBuf, State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Folder,
    File { bytes: u64, modified: Option<SystemTime> },
}

impl Snapshot {
    /// Looks at all of `places`. What cannot be looked at counts as absent: it shows as a change when that changes.
    pub(crate) fn take(places: &Places) -> Self {
        let except = places.except.canonicalize().ok();
        let is_artifacts = |path: &Path| {
            path.file_name() == places.except.file_name()
                && except.as_ref().is_some_and(|except| path.canonicalize().is_ok_and(|path| path == *except))
        };
        let mut files = BTreeMap::new();
        for place in &places.paths {
            let walk = WalkDir::new(place).follow_links(true).into_iter();
            for entry in walk.filter_entry(|entry| !is_artifacts(entry.path())).flatten() {
                let Ok(metadata) = entry.metadata() else { continue };
                let state = if metadata.is_dir() {
                    State::Folder
                } else {
                    State::File { bytes: metadata.len(), modified: metadata.modified().ok() }
                };
                files.insert(entry.into_path(), state);
            }
        }
        Self { files }
    }

    /// Number of files.
    pub(crate) fn count(&self) -> usize {
        self.files.values().filter(|state| **state != State::Folder).count()
    }

    /// The files that differ from an earlier snapshot, in one line; paths relative to `base`. `None` when none does.
    pub(crate) fn changes_since(&self, earlier: &Self, base: &Path) -> Option<String> {
        let mut counts = [(0_usize, "added"), (0, "changed"), (0, "removed")];
        let mut first: Option<&Path> = None;
        let mut note = |kind: usize, path, state: &State| {
            if *state != State::Folder {
                counts[kind].0 += 1;
                first = first.or(Some(path));
            }
        };
        for (path, state) in &self.files {
            match earlier.files.get(path) {
                None => note(0, path.as_path(), state),
                Some(known) if known != state => note(1, path.as_path(), state),
                Some(_) => {}
            }
        }
        for (path, state) in earlier.files.iter().filter(|(path, _)| !self.files.contains_key(*path)) {
            note(2, path.as_path(), state);
        }
        let first = first?;
        let first = first.strip_prefix(base).unwrap_or(first).display().to_string();
        let told: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let all: usize = counts.iter().map(|(count, _)| count).sum();
        let more = if all > 1 { ", …" } else { "" };
        Some(format!("{} ({first}{more})", told.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn changes_are_counted_and_artifacts_do_not_count() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let root = dir.path();
        for folder in ["data/sub", "data/artifacts"] {
            fs::create_dir_all(root.join(folder)).expect("folder");
        }
        let write = |name: &str, text: &str| fs::write(root.join(name), text).expect("file");
        write("data/a.wav", "a");
        write("data/sub/b.wav", "b");
        write("data/artifacts/t.parquet", "t");
        let places = Places {
            paths: vec![root.join("data"), root.join("nowhere"), root.join("pipeline.toml")],
            except: root.join("data/artifacts"),
        };
        let before = Snapshot::take(&places);
        assert_eq!(before.count(), 2);
        write("data/artifacts/u.parquet", "u");
        assert_eq!(Snapshot::take(&places), before);
        assert_eq!(before.changes_since(&before, root), None);

        write("pipeline.toml", "");
        write("data/a.wav", "longer");
        fs::remove_file(root.join("data/sub/b.wav")).expect("removed");
        let after = Snapshot::take(&places);
        let told = after.changes_since(&before, root).expect("changes");
        assert_eq!(told, "1 added, 1 changed, 1 removed (data/a.wav, …)".replace('/', std::path::MAIN_SEPARATOR_STR));
    }

    #[test]
    fn a_new_folder_is_seen_though_it_is_no_file() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let places = Places { paths: vec![dir.path().join("data")], except: dir.path().join("artifacts") };
        let before = Snapshot::take(&places);
        fs::create_dir(dir.path().join("data")).expect("folder");
        let after = Snapshot::take(&places);
        assert_ne!(before, after);
        assert_eq!(after.changes_since(&before, dir.path()), None);
    }
}
