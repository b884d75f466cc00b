//! The artifacts folder.
//!
//! ```text
//! artifacts/<stage>/                 what a stage wrote
//! artifacts/.ser/lock                held by the run at work
//! artifacts/.ser/stages/<stage>.json what made artifacts/<stage>
//! artifacts/.ser/runs/<id>.json      what each run did
//! artifacts/.ser/objects/<digest>    copies of small tables that run records refer to
//! artifacts/.ser/tmp/                what is being written; empty between runs
//! artifacts/.ser/work/<stage>/<fingerprint>/   checkpoints of an interrupted stage
//! artifacts/.ser/work/<stage>/parts/           parts of a result that it had finished, named by what they follow from
//! artifacts/.ser/work/<stage>/worker-<host>-<pid>/  what a process that helps with a stage needs for itself
//! artifacts/.ser/state/<stage>/      what a stage keeps to save work next time
//! artifacts/.ser/state/<stage>/refused/        tables of the result that it made last and refused
//! ```
//!
//! A result is replaced in this order: the new record is written beside, the old one marked as interrupted, the old
//! folder moved aside, the new one renamed into place, then the new record. Killed anywhere in between, the stage is stale, never wrong.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::EngineError;
use crate::files;
use crate::record::{self, OutputFile, RunRecord, StageRecord};

/// Enough of a fingerprint to tell checkpoints of one stage apart.
pub(crate) const WORK_PREFIX: usize = 16;

/// Folder of the parts among the checkpoints of a stage; no fingerprint.
pub(crate) const PARTS: &str = "parts";

/// An artifacts folder, which need not exist before the first run.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// State of the record of a stage's result.
#[derive(Debug)]
pub(crate) enum Known {
    /// Nothing.
    Nothing,
    /// A run died while replacing it.
    Interrupted,
    /// The record is damaged or of another format.
    Unreadable,
    /// The record.
    Record(Box<StageRecord>),
}

/// Where one stage works.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) out: PathBuf,
    pub(crate) work: PathBuf,
    pub(crate) parts: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) refused: PathBuf,
}

impl Workspace {
    /// Hands what the stage wrote to the disk.
    pub(crate) fn sync(&self) -> Result<(), EngineError> {
        files::sync_tree(&self.out).map_err(EngineError::io("write", &self.out))
    }

    /// Removes what a stage wrote before it failed; its checkpoints stay.
    pub(crate) fn discard(&self) {
        // The next run does it where this fails.
        let _ = files::remove(&self.out);
    }
}

impl Store {
    /// The folder at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a stage's result lies, or will lie.
    pub fn stage_dir(&self, stage: &str) -> PathBuf {
        self.root.join(stage)
    }

    /// Record of a stage's result; `None` when there is none, or none that can be relied on.
    pub fn stage_record(&self, stage: &str) -> Option<StageRecord> {
        match self.known(stage) {
            Known::Record(record) => Some(*record),
            _ => None,
        }
    }

    /// All kept runs, oldest first. Records that cannot be read are left out.
    pub fn runs(&self) -> Vec<RunRecord> {
        let Ok(items) = fs::read_dir(self.ser_dir().join("runs")) else { return Vec::new() };
        let mut runs: Vec<RunRecord> = items
            .filter_map(|item| fs::read(item.ok()?.path()).ok())
            .filter_map(|bytes| serde_json::from_slice::<RunRecord>(&bytes).ok())
            .filter(|run| run.format == record::FORMAT)
            .collect();
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        runs
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.ser_dir().join("lock")
    }

    pub(crate) fn known(&self, stage: &str) -> Known {
        let bytes = match fs::read(self.record_path(stage)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Known::Nothing,
            Err(_) => return Known::Unreadable,
        };
        match serde_json::from_slice::<StageRecord>(&bytes) {
            Ok(record) if record.format != record::FORMAT => Known::Unreadable,
            Ok(record) if record.fingerprint.is_empty() => Known::Interrupted,
            Ok(record) => Known::Record(Box::new(record)),
            Err(_) => Known::Unreadable,
        }
    }

    /// Notes that the files of a result, unchanged, have other times now.
    pub(crate) fn save_touched(&self, record: &StageRecord, outputs: Vec<OutputFile>) -> Result<(), EngineError> {
        write_json(&self.record_path(&record.identity.stage), &StageRecord { outputs, ..record.clone() })
    }

    /// Makes the folders that a run needs, refusing a folder that holds something else.
    pub(crate) fn prepare(&self) -> Result<(), EngineError> {
        let ser = self.ser_dir();
        if !ser.is_dir() && fs::read_dir(&self.root).is_ok_and(|mut items| items.next().is_some()) {
            return Err(EngineError::NotArtifacts { path: self.root.clone() });
        }
        for dir in [ser.join("stages"), ser.join("runs"), ser.join("tmp"), ser.join("work")] {
            fs::create_dir_all(&dir).map_err(EngineError::io("create", &dir))?;
        }
        Ok(())
    }

    /// Removes what dead runs left, under the lock. A result that was moved aside and not replaced is put back: its
    /// record still says that it is stale, but until then it can be looked at.
    pub(crate) fn clean(&self) -> Result<(), EngineError> {
        for dir in [self.ser_dir().join("stages"), self.ser_dir().join("runs"), self.objects_dir()] {
            if dir.is_dir() {
                files::remove_partial(&dir).map_err(EngineError::io("clean", &dir))?;
            }
        }
        let tmp = self.ser_dir().join("tmp");
        for item in fs::read_dir(&tmp).map_err(EngineError::io("read", &tmp))? {
            let path = item.map_err(EngineError::io("read", &tmp))?.path();
            if let Some(place) = self.moved_aside(&path) {
                fs::rename(&path, &place).map_err(EngineError::io("put back", &place))?;
            } else {
                files::remove(&path).map_err(EngineError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Where `path`, in `tmp`, has to be put back to: it is a result that was moved aside and not replaced.
    pub(crate) fn moved_aside(&self, path: &Path) -> Option<PathBuf> {
        let name = path.file_name()?.to_string_lossy();
        let (stage, _) = name.strip_suffix(".old")?.rsplit_once('-')?;
        Some(self.stage_dir(stage)).filter(|place| !place.exists())
    }

    /// Refuses to replace a folder that no run made.
    pub(crate) fn check_place(&self, stage: &str) -> Result<(), EngineError> {
        let path = self.stage_dir(stage);
        let made_by_us = self.record_path(stage).exists();
        let occupied = match fs::read_dir(&path) {
            Ok(mut items) => items.next().is_some(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if occupied && !made_by_us {
            return Err(EngineError::ForeignFolder { stage: stage.to_owned(), path });
        }
        Ok(())
    }

    /// An empty folder to write to, and the one for checkpoints, emptied first with `afresh`.
    pub(crate) fn begin(&self, stage: &str, fingerprint: &str, afresh: bool) -> Result<Workspace, EngineError> {
        let out_dir = self.tmp_path(stage, "");
        let work_dir = self.checkpoints(stage, fingerprint);
        files::remove(&out_dir).map_err(EngineError::io("empty", &out_dir))?;
        self.forget_refused(stage)?;
        let parts_dir = self.work_path(stage).join(PARTS);
        if afresh {
            for dir in [&work_dir, &parts_dir] {
                files::remove(dir).map_err(EngineError::io("empty", dir))?;
            }
        }
        let state_dir = self.state_dir(stage);
        for dir in [&out_dir, &work_dir, &parts_dir, &state_dir] {
            fs::create_dir_all(dir).map_err(EngineError::io("create", dir))?;
        }
        let refused = self.refused_dir(stage);
        Ok(Workspace { out: out_dir, work: work_dir, parts: parts_dir, state: state_dir, refused })
    }

    /// Folder of the checkpoints of a result that is being made.
    pub(crate) fn checkpoints(&self, stage: &str, fingerprint: &str) -> PathBuf {
        self.work_path(stage).join(&fingerprint[..WORK_PREFIX.min(fingerprint.len())])
    }

    /// Names of the results of a stage that have checkpoints: the first digits of their fingerprints.
    pub(crate) fn begun(&self, stage: &str) -> Vec<String> {
        let Ok(items) = fs::read_dir(self.work_path(stage)) else { return Vec::new() };
        let names = items.filter_map(|item| item.ok()?.file_name().into_string().ok());
        names.filter(|name| name.len() == WORK_PREFIX && name.bytes().all(|byte| byte.is_ascii_hexdigit())).collect()
    }

    /// What a worker called `name` works with: the run's checkpoints and parts, and folders of its own for all that is none of
    /// the run's.
    pub(crate) fn begin_helping(&self, stage: &str, fingerprint: &str, name: &str) -> Result<Workspace, EngineError> {
        let own = self.work_path(stage).join(format!("worker-{name}"));
        files::remove(&own).map_err(EngineError::io("empty", &own))?;
        let [out, state, refused] = ["out", "state", "refused"].map(|folder| own.join(folder));
        for dir in [&out, &state] {
            fs::create_dir_all(dir).map_err(EngineError::io("create", dir))?;
        }
        let (work, parts) = (self.checkpoints(stage, fingerprint), self.work_path(stage).join(PARTS));
        Ok(Workspace { out, work, parts, state, refused })
    }

    /// Removes what a worker had for itself; all of the stage's checkpoints, if the run ended meanwhile.
    pub(crate) fn end_helping(&self, stage: &str, workspace: &Workspace, fingerprint: &str) -> io::Result<()> {
        if let Some(own) = workspace.out.parent() {
            files::remove(own)?;
        }
        if self.stage_record(stage).is_some_and(|record| record.fingerprint == fingerprint) {
            files::remove(&self.work_path(stage))?;
        }
        Ok(())
    }

    /// Puts a finished result, already handed to the disk, into place. `record` says what made it.
    pub(crate) fn commit(&self, workspace: &Workspace, record: &StageRecord) -> Result<(), EngineError> {
        let stage = record.identity.stage.as_str();
        let (place, aside) = (self.stage_dir(stage), self.tmp_path(stage, ".old"));
        // The record waits beside, so that a disk that fills up can no longer come between the result and its record.
        let waiting = self.tmp_path(stage, ".json");
        write_json(&waiting, record)?;
        let interrupted = StageRecord { fingerprint: String::new(), ..record.clone() };
        write_json(&self.record_path(stage), &interrupted)?;
        files::remove(&aside).map_err(EngineError::io("remove", &aside))?;
        match fs::rename(&place, &aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EngineError::io("replace", &place)(error));
            }
            _ => {}
        }
        fs::rename(&workspace.out, &place)
            .and_then(|()| files::sync_dir(&self.root))
            .map_err(EngineError::io("replace", &place))?;
        let record_path = self.record_path(stage);
        fs::rename(&waiting, &record_path)
            .and_then(|()| files::sync_dir(&self.ser_dir().join("stages")))
            .map_err(EngineError::io("replace", &record_path))?;
        // The result is in place; what cannot be removed now is removed by the next run.
        let _ = files::remove(&aside);
        let _ = files::remove(&self.work_path(stage));
        Ok(())
    }

    /// A name for a run started at `time` that no kept run has, sorting after the earlier ones of the same second.
    pub(crate) fn free_run_id(&self, time: &str) -> String {
        let process = std::process::id();
        let taken = |id: &String| self.run_path(id).exists();
        (1_u32..=u32::MAX).map(|count| format!("{time}-{count:02}-{process}")).find(|id| !taken(id)).unwrap_or_default()
    }

    pub(crate) fn save_run(&self, run: &RunRecord) -> Result<(), EngineError> {
        write_json(&self.run_path(&run.id), run)
    }

    pub(crate) fn ser_dir(&self) -> PathBuf {
        self.root.join(".ser")
    }

    fn run_path(&self, id: &str) -> PathBuf {
        self.ser_dir().join("runs").join(format!("{id}.json"))
    }

    fn record_path(&self, stage: &str) -> PathBuf {
        self.ser_dir().join("stages").join(format!("{stage}.json"))
    }

    pub(crate) fn work_path(&self, stage: &str) -> PathBuf {
        self.ser_dir().join("work").join(stage)
    }

    /// Folder that a stage keeps from run to run to save work. It need not exist.
    pub fn state_dir(&self, stage: &str) -> PathBuf {
        self.ser_dir().join("state").join(stage)
    }

    /// Tables of the result that a stage made last and refused. It is only there when the stage failed for that.
    pub fn refused_dir(&self, stage: &str) -> PathBuf {
        self.state_dir(stage).join("refused")
    }

    /// Removes what a stage refused: it has a valid result, or is about to be tried again.
    pub(crate) fn forget_refused(&self, stage: &str) -> Result<(), EngineError> {
        let dir = self.refused_dir(stage);
        files::remove(&dir).map_err(EngineError::io("remove", &dir))
    }

    fn tmp_path(&self, stage: &str, suffix: &str) -> PathBuf {
        self.ser_dir().join("tmp").join(format!("{stage}-{}{suffix}", std::process::id()))
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), EngineError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|error| EngineError::io("write", path)(io::Error::other(error)))?;
    text.push(b'\n');
    files::write_atomic(path, &text)
}
