//! Surroundings of a running stage: its folders, its inputs and its observer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::{BoxError, External, Observer, Others, Output, Quiet};

/// Origin of a table, stored in the metadata of its file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the stage.
    pub stage: String,
    /// Fingerprint of the stage's parameters, code version and inputs, 64 hexadecimal digits.
    pub fingerprint: String,
}

/// One execution of one stage: what it reads, where it works, and who watches.
pub struct Context<'a> {
    /// Goes into the metadata of every table written.
    pub provenance: Provenance,
    /// The pipeline's seed: everything random follows from it.
    pub seed: u64,
    /// Folder of the pipeline file; relative paths start there.
    pub base_dir: &'a Path,
    /// Where to write. Exists and is empty; moved into place when the stage succeeds.
    pub out_dir: &'a Path,
    /// Exists; survives an interrupted run of the same stage with the same fingerprint: checkpoints go here.
    pub work_dir: &'a Path,
    /// Exists; keeps parts that an interrupted run has computed, whatever its fingerprint was: their names say what they are.
    pub parts_dir: &'a Path,
    /// The stage's last result, whole and as it was written by the same version of the code, though perhaps of other
    /// inputs and parameters: rows that would come out the same may be taken from it. `None` when there is none, or
    /// when everything is to be made anew.
    pub previous_dir: Option<&'a Path>,
    /// What becomes of parts that another process is at work on.
    pub others: Others,
    /// Exists; kept from run to run for whatever saves work next time. Losing it costs time, never a result.
    pub state_dir: &'a Path,
    /// Not there when a stage begins; see [`keep_refused`](Self::keep_refused).
    pub refused_dir: &'a Path,
    /// Folders of the stages that it reads, in the order of [`Kind::INPUTS`](crate::Kind::INPUTS), then of `from`.
    pub inputs: Vec<InputFolder>,
    /// The whole pipeline, for kinds whose fingerprint covers it.
    pub spec: Option<SpecView<'a>>,
    /// Told about progress and warnings; asked whether to stop.
    pub observer: &'a dyn Observer,
    /// The fingerprint of the result when this is what was really read from outside the pipeline; goes together with
    /// [`Outcome::external`](crate::Outcome::external).
    pub fingerprint_with: &'a (dyn Fn(&External) -> String + Sync),
}

impl<'a> Context<'a> {
    /// A stage outside any pipeline, as tests and examples run it: unwatched, everything in `dir`, seed 42, no inputs.
    pub fn alone(dir: &'a Path) -> Self {
        Self {
            provenance: Provenance::default(),
            seed: 42,
            base_dir: dir,
            out_dir: dir,
            work_dir: dir,
            parts_dir: dir,
            others: Others::WaitedFor,
            previous_dir: None,
            state_dir: dir,
            refused_dir: dir,
            inputs: Vec::new(),
            spec: None,
            observer: &Quiet,
            fingerprint_with: &|_| String::new(),
        }
    }

    /// `path` as it can be opened: relative paths start at the folder of the pipeline file.
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        self.base_dir.join(path)
    }

    /// The inputs that write `table`.
    pub fn inputs_of(&self, table: &str) -> impl Iterator<Item = &InputFolder> {
        self.inputs.iter().filter(move |input| input.outputs.iter().any(|output| output.table == Some(table)))
    }

    /// The first input that writes `table`.
    ///
    /// # Errors
    /// Where there is none; the engine has checked the inputs of kinds that always ask for `table`.
    pub fn input(&self, table: &str) -> Result<&InputFolder, BoxError> {
        let missing = || format!("stage `{}` reads no stage that writes `{table}`", self.provenance.stage).into();
        self.inputs_of(table).next().ok_or_else(missing)
    }

    /// The folder of the first input that writes `table`, where there is one.
    pub fn optional_dir(&self, table: &str) -> Option<&Path> {
        self.inputs_of(table).next().map(|input| input.dir.as_path())
    }

    /// Names and folders of the inputs that write `table`.
    pub fn named(&self, table: &str) -> Vec<(&str, &Path)> {
        self.inputs_of(table).map(|input| (input.stage.as_str(), input.dir.as_path())).collect()
    }

    /// Makes the folder for the tables of a result that the stage has made and refuses, as one that leaks: a stage that
    /// fails has no artifact, and people want to see why. They stay until the stage is tried again or has a valid
    /// result.
    pub fn keep_refused(&self) -> io::Result<&Path> {
        fs::create_dir_all(self.refused_dir).map(|()| self.refused_dir)
    }
}

/// The artifact of a stage that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFolder {
    /// Name of the stage.
    pub stage: String,
    /// Its folder.
    pub dir: PathBuf,
    /// Files in it.
    pub outputs: &'static [Output],
}

/// The pipeline as a stage may show it.
#[derive(Debug, Clone, Serialize)]
pub struct SpecView<'a> {
    /// Name of the pipeline.
    pub name: &'a str,
    /// Its seed.
    pub seed: u64,
    /// All stages, inputs before their readers.
    pub stages: Vec<StageView<'a>>,
    /// Text of the file, without `-S` overrides; only for [`SpecCover::Text`](crate::SpecCover::Text).
    pub text: Option<&'a str>,
}

/// A stage as another stage may show it.
#[derive(Debug, Clone, Serialize)]
pub struct StageView<'a> {
    /// Name of the stage.
    pub name: &'a str,
    /// Name of its kind.
    pub kind: &'a str,
    /// The stages that it reads.
    pub from: &'a [String],
    /// Its normalised parameters.
    pub params: &'a Value,
}
