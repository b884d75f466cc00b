//! Garbage, files that no kept run needs, and its removal.
//!
//! Looking and removing happen under one lock: what was shown is what is removed. Links are never followed: one that
//! lies where something may go is itself removed, what it leads to is not touched, and one in the place of a folder of
//! `.ser` makes that folder be left alone.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use ser_stage::{Holder, LockFile};
use serde::Serialize;

use crate::failure::EngineError;
use crate::files;
use crate::keep::is_digest;
use crate::lock::lock;
use crate::plan::{Plan, plan};
use crate::record::{RunRecord, RunStatus};
use crate::spec::Pipeline;
use crate::store::{PARTS, Store, WORK_PREFIX};

/// Files that could be removed, found under the lock that it still holds.
#[derive(Debug)]
pub struct Garbage {
    store: Store,
    items: Vec<GarbageItem>,
    dead: Option<Holder>,
    /// `None` where there is no artifacts folder, and so nothing to lock.
    _lock: Option<LockFile>,
}

/// One file or folder that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GarbageItem {
    /// Its kind.
    pub kind: GarbageKind,
    /// Where it lies, below the artifacts folder.
    pub path: PathBuf,
    /// Why nothing needs it.
    pub why: String,
    /// Number of files in it.
    pub files: u64,
    /// Their sizes added up.
    pub bytes: u64,
}

/// Kind of a [`GarbageItem`], in the order of removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GarbageKind {
    /// Remains of an interrupted run.
    Leftover,
    /// The result of a stage that the pipeline no longer has.
    Result,
    /// The record of such a result.
    Record,
    /// State that a stage keeps to save work next time.
    State,
    /// Checkpoints of an interrupted stage.
    Checkpoint,
    /// The record of a run.
    Run,
    /// A kept copy of a table.
    Copy,
}

/// Looks for what neither the stages of `pipeline` nor its newest `keep` finished runs, and whatever ran since the oldest
/// of those, need. Takes the lock of the artifacts folder, removes nothing.
pub fn gc(pipeline: &Pipeline, store: &Store, keep: usize) -> Result<Garbage, EngineError> {
    if !store.ser_dir().is_dir() {
        return Ok(Garbage { store: store.clone(), items: Vec::new(), dead: None, _lock: None });
    }
    let (lock, dead) = lock(store)?;
    let mut look = Look { store, items: Vec::new() };
    let runs = store.runs();
    let kept = &runs[runs.len() - kept_count(&runs, keep)..];
    look.leftovers()?;
    look.undeclared(pipeline, kept)?;
    look.checkpoints(&plan(pipeline, store, &[], false)?)?;
    look.runs(&runs, kept, keep)?;
    look.copies(kept)?;
    look.items.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    Ok(Garbage { store: store.clone(), items: look.items, dead, _lock: Some(lock) })
}

impl Garbage {
    /// Files and folders that could be removed.
    pub fn items(&self) -> &[GarbageItem] {
        &self.items
    }

    /// Who held the lock last, when that one died without letting go of it.
    pub fn dead(&self) -> Option<&Holder> {
        self.dead.as_ref()
    }

    /// Removes all of it. Whatever was removed before a failure is gone; nothing is ever half there for a run to find.
    pub fn remove(self) -> Result<(), EngineError> {
        for item in &self.items {
            let path = self.store.root().join(&item.path);
            let doomed = if item.kind == GarbageKind::Result { self.set_aside(&path)? } else { path };
            files::remove(&doomed).map_err(EngineError::io("remove", &doomed))?;
        }
        Ok(())
    }

    /// Moves a result to where the next run clears up, so that it is there whole or not at all.
    fn set_aside(&self, path: &Path) -> Result<PathBuf, EngineError> {
        let tmp = self.store.ser_dir().join("tmp");
        fs::create_dir_all(&tmp).map_err(EngineError::io("create", &tmp))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let aside = tmp.join(format!("{name}-{}.gc", std::process::id()));
        fs::rename(path, &aside).map_err(EngineError::io("set aside", path))?;
        Ok(aside)
    }
}

/// How many of the newest runs are kept: as many as it takes to have `keep` finished ones.
fn kept_count(runs: &[RunRecord], keep: usize) -> usize {
    let done = runs.iter().rev().enumerate().filter(|(_, run)| run.status == RunStatus::Done);
    match keep.checked_sub(1) {
        None => 0,
        Some(before) => done.map(|(back, _)| back + 1).nth(before).unwrap_or(runs.len()),
    }
}

struct Look<'a> {
    store: &'a Store,
    items: Vec<GarbageItem>,
}

impl Look<'_> {
    fn add(&mut self, kind: GarbageKind, path: &Path, why: impl Into<String>) -> Result<(), EngineError> {
        let (files, bytes) = size(path).map_err(EngineError::io("read", path))?;
        let path = path.strip_prefix(self.store.root()).unwrap_or(path).to_owned();
        self.items.push(GarbageItem { kind, path, why: why.into(), files, bytes });
        Ok(())
    }

    fn folder(&self, name: &str) -> Result<Vec<Entry>, EngineError> {
        entries(&self.store.ser_dir().join(name))
    }

    /// Whatever lies in `tmp`, and half-written files beside the records and copies.
    fn leftovers(&mut self) -> Result<(), EngineError> {
        for entry in self.folder("tmp")? {
            // The next run puts this one back into its place.
            let put_back = self.store.moved_aside(&entry.path).is_some();
            if !put_back {
                self.add(GarbageKind::Leftover, &entry.path, "left by an interrupted run")?;
            }
        }
        for folder in ["stages", "runs", "objects"] {
            for entry in self.folder(folder)? {
                if entry.kind.is_file() && files::is_partial(&entry.path) {
                    self.add(GarbageKind::Leftover, &entry.path, "half-written by an interrupted run")?;
                }
            }
        }
        Ok(())
    }

    /// Results, records, state and checkpoints of stages that the pipeline does not have.
    fn undeclared(&mut self, pipeline: &Pipeline, kept: &[RunRecord]) -> Result<(), EngineError> {
        let declared: BTreeSet<&str> = pipeline.stages().iter().map(crate::Stage::name).collect();
        // Another pipeline file may share the folder: its stages are its own to give up.
        let mut owner: HashMap<&str, &str> = HashMap::new();
        for run in kept {
            owner.extend(run.stages.iter().map(|stage| (stage.stage.as_str(), run.pipeline.as_str())));
        }
        let dropped =
            |stage: &str| !declared.contains(stage) && owner.get(stage).is_none_or(|owner| *owner == pipeline.name());
        let why = |stage: &str| format!("`{}` has no stage `{stage}`", pipeline.file().display());
        for entry in self.folder("stages")? {
            let Some(stage) = entry.name.strip_suffix(".json") else { continue };
            if dropped(stage) {
                let result = self.store.stage_dir(stage);
                if fs::symlink_metadata(&result).is_ok() {
                    self.add(GarbageKind::Result, &result, why(stage))?;
                }
                self.add(GarbageKind::Record, &entry.path, why(stage))?;
            }
        }
        for (folder, kind) in [("state", GarbageKind::State), ("work", GarbageKind::Checkpoint)] {
            for entry in self.folder(folder)? {
                if dropped(&entry.name) {
                    self.add(kind, &entry.path, why(&entry.name))?;
                }
            }
        }
        Ok(())
    }

    /// Checkpoints with which no stage will go on.
    fn checkpoints(&mut self, plan: &Plan) -> Result<(), EngineError> {
        for step in &plan.steps {
            // Where the identity of the coming result is not known yet, any of them may be the one.
            let Some(fingerprint) = &step.fingerprint else { continue };
            let current = &fingerprint[..WORK_PREFIX.min(fingerprint.len())];
            for entry in entries(&self.store.work_path(&step.stage))? {
                if !step.is_stale() {
                    self.add(GarbageKind::Checkpoint, &entry.path, format!("`{}` is done", step.stage))?;
                } else if entry.name != current && entry.name != PARTS {
                    let why = format!("`{}` now has other parameters or inputs", step.stage);
                    self.add(GarbageKind::Checkpoint, &entry.path, why)?;
                }
            }
        }
        Ok(())
    }

    fn runs(&mut self, runs: &[RunRecord], kept: &[RunRecord], keep: usize) -> Result<(), EngineError> {
        let newer =
            if keep == 1 { "the last finished run".to_owned() } else { format!("the last {keep} finished runs") };
        for entry in self.folder("runs")? {
            let Some(id) = entry.name.strip_suffix(".json") else { continue };
            if kept.iter().any(|run| run.id == id) {
                continue;
            }
            let readable = runs.iter().any(|run| run.id == id);
            let why = if readable { format!("older than {newer}") } else { "not readable by this version".to_owned() };
            self.add(GarbageKind::Run, &entry.path, why)?;
        }
        Ok(())
    }

    fn copies(&mut self, kept: &[RunRecord]) -> Result<(), EngineError> {
        let needed: BTreeSet<&str> = kept
            .iter()
            .flat_map(|run| &run.stages)
            .flat_map(|stage| &stage.kept)
            .map(|kept| kept.digest.as_str())
            .collect();
        for entry in self.folder("objects")? {
            if is_digest(&entry.name) && !needed.contains(entry.name.as_str()) {
                self.add(GarbageKind::Copy, &entry.path, "no kept run refers to it")?;
            }
        }
        Ok(())
    }
}

struct Entry {
    name: String,
    path: PathBuf,
    kind: FileType,
}

/// Entries of a folder, sorted; none where it is absent, or a link.
fn entries(dir: &Path) -> Result<Vec<Entry>, EngineError> {
    let failed = |error| EngineError::io("read", dir)(error);
    match fs::symlink_metadata(dir) {
        Ok(metadata) if metadata.is_dir() => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => return Ok(Vec::new()),
    }
    let mut found = Vec::new();
    for item in fs::read_dir(dir).map_err(failed)? {
        let item = item.map_err(failed)?;
        let kind = item.file_type().map_err(failed)?;
        found.push(Entry { name: item.file_name().to_string_lossy().into_owned(), path: item.path(), kind });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Number of files in `path` and their bytes; a link counts as a file of its own.
fn size(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok((1, metadata.len()));
    }
    let mut sum = (0, 0);
    for item in fs::read_dir(path)? {
        let (files, bytes) = size(&item?.path())?;
        sum = (sum.0 + files, sum.1 + bytes);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_runs_are_kept_with_the_finished_ones_around_them() {
        let runs: Vec<RunRecord> = [RunStatus::Done, RunStatus::Failed, RunStatus::Done, RunStatus::Running]
            .map(|status| RunRecord { status, ..RunRecord::default() })
            .into();
        assert_eq!([0, 1, 2, 3].map(|keep| kept_count(&runs, keep)), [0, 2, 4, 4]);
        assert_eq!(kept_count(&[], 3), 0);
    }
}
