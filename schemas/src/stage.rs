//! What every stage receives and returns.
//!
//! A stage is a plain function from its parameters, its input tables and an output folder to a summary. It knows
//! nothing of caching, of other stages or of the terminal.

use std::fs;
use std::path::{Path, PathBuf};

use crate::parquet_io::io_error;
use crate::{Provenance, TableResult};

/// Where a stage works, and who watches.
pub struct StageContext<'a> {
    /// Goes into the metadata of every table written.
    pub provenance: Provenance,
    /// The pipeline's seed: everything random follows from it.
    pub seed: u64,
    /// Folder of the pipeline file; relative paths start there.
    pub base_dir: &'a Path,
    /// Where to write. Exists and is empty; moved into place by the caller when the stage succeeds.
    pub out_dir: &'a Path,
    /// Survives an interrupted run of the same stage with the same fingerprint: checkpoints go here.
    pub work_dir: &'a Path,
    /// The stage's last result, whole and as it was written by the same version of the code, though perhaps of other
    /// inputs and parameters: rows that would come out the same may be taken from it. `None` when there is none, or when
    /// everything is to be made anew.
    pub previous_dir: Option<&'a Path>,
    /// Kept from run to run for whatever saves work next time. Losing it costs time, never a result.
    pub state_dir: &'a Path,
    /// Not there when a stage begins; see [`keep_refused`](Self::keep_refused).
    pub refused_dir: &'a Path,
    /// Told about progress and warnings; asked whether to stop.
    pub observer: &'a dyn Observer,
}

impl<'a> StageContext<'a> {
    /// A stage outside any pipeline, as tests and examples run it: unwatched, everything in `dir`, seed 42.
    pub fn alone(dir: &'a Path) -> Self {
        Self {
            provenance: Provenance::default(),
            seed: 42,
            base_dir: dir,
            out_dir: dir,
            work_dir: dir,
            previous_dir: None,
            state_dir: dir,
            refused_dir: dir,
            observer: &Quiet,
        }
    }

    /// `path` as it can be opened: relative paths start at the folder of the pipeline file.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.base_dir.join(path)
    }

    /// Makes the folder for the tables of a result that the stage has made and refuses, as one that leaks: a stage that
    /// fails has no artifact, and people want to see why. The caller removes it when the stage is tried again.
    pub fn keep_refused(&self) -> TableResult<&Path> {
        fs::create_dir_all(self.refused_dir).map_err(|source| io_error("create", self.refused_dir, source))?;
        Ok(self.refused_dir)
    }
}

/// Watches a stage at work. All methods may be called from any thread.
pub trait Observer: Sync {
    /// A piece of work begins: `total` steps of `unit` ("files", "clips", "batches"); 0 when not known.
    fn begin(&self, _label: &str, _total: u64, _unit: &str) {}
    /// `steps` more are done.
    fn advance(&self, _steps: u64) {}
    /// Figures worth showing beside the progress, for example "epoch 12 of 50, loss 0.41, UAR 0.57".
    fn message(&self, _text: &str) {}
    /// A part of the work is done that is worth a line in a log, for example "fold 2 of 5 is done". Rare: a few in a stage.
    fn milestone(&self, _text: &str) {}
    /// Something the user must hear of, that does not stop the stage.
    fn warn(&self, _text: &str) {}
    /// Whether the user asked to stop. Long loops look between steps and return their crate's `Cancelled` error.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// An observer that watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Observer for Quiet {}

/// What a stage did, in a form fit for one line of terminal and for the run's record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StageSummary {
    /// Rows of the stage's main table.
    pub rows: u64,
    /// One line, for example `1199 clips, 2 excluded (2 duplicate)`.
    pub headline: String,
    /// Further lines for the user, each complete in itself.
    pub notes: Vec<String>,
}

/// A parameter that is well-formed but not acceptable, found after parsing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamProblem {
    /// Key below the stage's table, dotted: `augment.noise_snr_db`.
    pub key: String,
    /// What is wrong, with expected and found values.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}
