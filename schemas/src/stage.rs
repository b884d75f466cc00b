//! What every stage receives and returns.
//!
//! A stage is a plain function from its parameters, its input tables and an output folder to a summary. It knows
//! nothing of caching, of other stages or of the terminal.

use std::path::{Path, PathBuf};

use crate::Provenance;

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
    /// Told about progress and warnings; asked whether to stop.
    pub observer: &'a dyn Observer,
}

impl StageContext<'_> {
    /// `path` as it can be opened: relative paths start at the folder of the pipeline file.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.base_dir.join(path)
    }
}

/// Watches a stage at work. All methods may be called from any thread.
pub trait Observer: Sync {
    /// A piece of work begins: `total` steps of `unit` ("files", "clips", "batches"); 0 when not known.
    fn begin(&self, _label: &str, _total: u64, _unit: &str) {}
    /// `steps` more are done.
    fn advance(&self, _steps: u64) {}
    /// Figures worth showing beside the progress, for example "epoch 12/50, loss 0.41, UAR 0.57".
    fn message(&self, _text: &str) {}
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
