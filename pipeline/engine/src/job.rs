//! What a stage is given to work with.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Problem;
use crate::fingerprint::Identity;
use crate::kind::External;
use crate::typed;

/// One execution of one stage.
pub struct Job<'a> {
    /// Name of the stage in the pipeline file.
    pub stage: &'a str,
    /// Name of its kind.
    pub kind: &'a str,
    /// Name of the pipeline.
    pub pipeline: &'a str,
    /// Normalised parameters.
    pub params: &'a Value,
    /// The pipeline's seed.
    pub seed: u64,
    /// Identity of the result, 64 hexadecimal digits.
    pub fingerprint: &'a str,
    /// Everything that the result follows from, as far as it is known before the stage runs.
    pub identity: &'a Identity,
    /// Folder of the pipeline file; relative paths start there.
    pub base_dir: &'a Path,
    /// Where to write. Exists and is empty; moved into place when the stage succeeds.
    pub out_dir: &'a Path,
    /// Exists; survives an interrupted run of the same stage with the same fingerprint: checkpoints go here.
    pub work_dir: &'a Path,
    /// The stage's last result, whole and as it was written by the same version of the code, though perhaps of other
    /// inputs and parameters. `None` when there is none, and with `--force`.
    pub previous_dir: Option<&'a Path>,
    /// Exists; kept from run to run for whatever saves work next time. Losing it costs time, never a result.
    pub state_dir: &'a Path,
    /// Not there when a stage begins. A stage that makes a result and refuses it, as one that leaks, keeps its tables here
    /// for people to look at: they stay until the stage is tried again or has a valid result.
    pub refused_dir: &'a Path,
    /// What the stage reads, in the order of [`StageKind::inputs`](crate::StageKind::inputs), then of `from`.
    pub inputs: Vec<InputFolder>,
    /// The whole pipeline, for kinds whose fingerprint covers it.
    pub spec: Option<SpecView<'a>>,
    /// Told about progress and warnings; asked whether to stop.
    pub observer: &'a dyn Observer,
}

impl Job<'_> {
    /// The parameters as their own type.
    pub fn params<P: DeserializeOwned>(&self) -> Result<P, Problem> {
        typed::parse(self.params)
    }

    /// Identity of the result when `external` is what was really read from outside the pipeline; goes together with
    /// [`Outcome::external`](crate::Outcome::external).
    pub fn fingerprint_with(&self, external: &External) -> String {
        let mut identity = self.identity.clone();
        identity.read(external.clone());
        identity.fingerprint()
    }

    /// The inputs of one kind.
    pub fn inputs_of(&self, kind: &str) -> impl Iterator<Item = &InputFolder> {
        self.inputs.iter().filter(move |input| input.kind == kind)
    }

    /// The first input of one kind.
    pub fn input(&self, kind: &str) -> Option<&InputFolder> {
        self.inputs_of(kind).next()
    }
}

/// The artifact of a stage that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFolder {
    /// Name of the stage.
    pub stage: String,
    /// Name of its kind.
    pub kind: String,
    /// Its folder.
    pub dir: PathBuf,
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
    /// Where its artifact lies. It is only certain to be there when the stage is an ancestor of the one that looks.
    #[serde(skip)]
    pub dir: PathBuf,
}

/// Watches a stage at work. All methods may be called from any thread.
pub trait Observer: Sync {
    /// A piece of work begins: `total` steps of `unit` ("files", "clips", "batches"); 0 when not known.
    fn begin(&self, label: &str, total: u64, unit: &str);
    /// `steps` more are done.
    fn advance(&self, steps: u64);
    /// Figures worth showing beside the progress.
    fn message(&self, text: &str);
    /// A part of the work is done that is worth a line in a log, for example "fold 2 of 5 is done".
    fn milestone(&self, text: &str);
    /// Something the user must hear of, that does not stop the stage.
    fn warn(&self, text: &str);
    /// Whether the user asked to stop.
    fn is_cancelled(&self) -> bool;
}
