//! State of the watched files at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ser_stage::WatchFilter;
use ser_storage::Mark;
use walkdir::WalkDir;

/// Watched files and folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// Files, and folders with all that is in them.
    pub(crate) paths: Vec<Place>,
    /// Corpora in buckets.
    pub(crate) buckets: Vec<Bucket>,
    /// A folder that is left out wherever it is met: the artifacts, which every run writes to.
    pub(crate) except: PathBuf,
}

impl Places {
    /// Number of files and folders that are watched.
    pub(crate) fn count(&self) -> usize {
        let roots: BTreeSet<_> = self.buckets.iter().map(|bucket| &bucket.root).collect();
        self.paths.iter().map(|place| &place.path).collect::<BTreeSet<_>>().len() + roots.len()
    }
}

/// Gives the objects that are read of a corpus, by their addresses.
type Look = Arc<dyn Fn() -> BTreeMap<String, Mark> + Send + Sync>;

/// A corpus in a bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    /// Its root, as people write it.
    pub(crate) root: String,
    /// Looks at it as it is now.
    pub(crate) look: Look,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Buckets are told apart by where they are.
impl PartialEq for Bucket {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Eq for Bucket {}

/// A file, or a folder with what is read of it.
#[derive(Clone)]
pub(crate) struct Place {
    /// Absolute. It need not exist.
    pub(crate) path: PathBuf,
    /// Which files below it count; `None`: all.
    pub(crate) reads: Option<WatchFilter>,
}

impl Place {
    /// A file, or a folder of which every file counts.
    pub(crate) fn whole(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), reads: None }
    }

    /// `true` if the file at `below`, a path below this one, counts.
    pub(crate) fn counts(&self, below: &Path) -> bool {
        self.reads.as_ref().is_none_or(|reads| reads(below))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("path", &self.path).field("all", &self.reads.is_none()).finish()
    }
}

/// Places are told apart by where they are.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Place {}

/// Every file that counts below the watched places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Files, and the places themselves where they are folders.
    files: BTreeMap<PathBuf, State>,
    /// Folders below the places: nothing is read of them, but files may be on their way into a new one.
    folders: BTreeSet<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Folder,
    File { bytes: u64, modified: Option<SystemTime> },
    Object(Mark),
}

impl Snapshot {
    /// Looks at all of `places`. What cannot be looked at counts as absent: it shows as a change when that changes.
    pub(crate) fn take(places: &Places) -> Self {
        let except = places.except.canonicalize().ok();
        let is_artifacts = |path: &Path| {
            path.file_name() == places.except.file_name()
                && except.as_ref().is_some_and(|except| path.canonicalize().is_ok_and(|path| path == *except))
        };
        let mut taken = Self::default();
        for bucket in &places.buckets {
            let objects = (bucket.look)();
            taken.files.extend(objects.into_iter().map(|(object, mark)| (object.into(), State::Object(mark))));
        }
        for place in &places.paths {
            let walk = WalkDir::new(&place.path).follow_links(true).into_iter();
            for entry in walk.filter_entry(|entry| !is_artifacts(entry.path())).flatten() {
                let Ok(metadata) = entry.metadata() else { continue };
                let below = entry.path().strip_prefix(&place.path).unwrap_or(Path::new(""));
                if metadata.is_dir() && entry.depth() > 0 {
                    taken.folders.insert(entry.into_path());
                } else if metadata.is_dir() {
                    taken.files.insert(entry.into_path(), State::Folder);
                } else if entry.depth() == 0 || place.counts(below) {
                    let state = State::File { bytes: metadata.len(), modified: metadata.modified().ok() };
                    taken.files.insert(entry.into_path(), state);
                }
            }
        }
        taken
    }

    /// Number of files.
    pub(crate) fn count(&self) -> usize {
        self.files.values().filter(|state| **state != State::Folder).count()
    }

    /// `true` if all that is read is as it was; folders below the places may have come or gone.
    pub(crate) fn reads_like(&self, other: &Self) -> bool {
        self.files == other.files
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
    use std::sync::Arc;

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
            paths: ["data", "nowhere", "pipeline.toml"].map(|place| Place::whole(root.join(place))).into(),
            buckets: Vec::new(),
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
    fn objects_count_as_files_do() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let places = |objects: &[(&str, &str)]| {
            let mark = |etag: &str| Mark { bytes: 1, etag: etag.to_owned() };
            let objects: BTreeMap<String, Mark> =
                objects.iter().map(|(key, etag)| (format!("s3://corpora/{key}"), mark(etag))).collect();
            let bucket = Bucket { root: "s3://corpora".to_owned(), look: Arc::new(move || objects.clone()) };
            Places { paths: Vec::new(), buckets: vec![bucket], except: dir.path().join("artifacts") }
        };
        let before = Snapshot::take(&places(&[("a.wav", "1"), ("b.wav", "1")]));
        assert_eq!((before.count(), places(&[]).count()), (2, 1));
        let after = Snapshot::take(&places(&[("a.wav", "2"), ("c.wav", "1")]));
        assert!(!after.reads_like(&before) && before.reads_like(&before));
        let told = after.changes_since(&before, dir.path()).expect("changes");
        assert_eq!(told, "1 added, 1 changed, 1 removed (s3://corpora/a.wav, …)");
    }

    #[test]
    fn a_new_folder_is_seen_though_it_is_no_file() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let places = Places {
            paths: vec![Place::whole(dir.path().join("data"))],
            buckets: Vec::new(),
            except: dir.path().join("artifacts"),
        };
        let before = Snapshot::take(&places);
        fs::create_dir(dir.path().join("data")).expect("folder");
        let after = Snapshot::take(&places);
        assert_ne!(before, after);
        assert_eq!(after.changes_since(&before, dir.path()), None);
    }

    #[test]
    fn files_that_nobody_reads_are_no_change_and_folders_only_where_files_may_come() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let root = dir.path();
        fs::create_dir(root.join("data")).expect("folder");
        let audio: WatchFilter = Arc::new(|below: &Path| below.extension().is_some_and(|extension| extension == "wav"));
        let places = Places {
            paths: vec![Place { path: root.join("data"), reads: Some(audio) }, Place::whole(root.join("list.csv"))],
            buckets: Vec::new(),
            except: root.join("artifacts"),
        };
        let before = Snapshot::take(&places);
        for name in ["notes.txt", "a.wav.part", "Thumbs.db"] {
            fs::write(root.join("data").join(name), "x").expect("file");
        }
        assert_eq!(Snapshot::take(&places), before);
        fs::create_dir(root.join("data/sub")).expect("folder");
        let with_folder = Snapshot::take(&places);
        assert!(with_folder != before && with_folder.reads_like(&before));
        fs::write(root.join("data/sub/a.wav"), "x").expect("file");
        fs::write(root.join("list.csv"), "x").expect("file");
        let after = Snapshot::take(&places);
        assert!(!after.reads_like(&before));
        assert_eq!(after.count(), 2);
    }
}
