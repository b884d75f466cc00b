//! What a pipeline may contain: the contract between the engine and the stages.
//!
//! A kind is registered once, in the binary. Everything that the engine must know of it is here; the engine never looks
//! inside parameters or artifacts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::Schema;
use serde_json::Value;

use crate::Job;
use crate::metric::Metric;

/// An error of any crate, fit to cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Whether a change of the file at this path, below a watched folder, can make a stage stale.
pub type WatchFilter = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// One kind of stage, for example `ingest`.
pub trait StageKind: Send + Sync {
    /// What `kind = "..."` says in a pipeline file.
    fn name(&self) -> &'static str;

    /// Version of the code. Raising it makes every artifact of the kind stale.
    fn version(&self) -> u32;

    /// One line for help and for the editor.
    fn summary(&self) -> &'static str;

    /// What `from` may name. The stage gets its inputs grouped in this order, and within a group in the order of `from`.
    fn inputs(&self) -> &'static [Input];

    /// JSON Schema of the parameters: the editor's help and the strict check both come from it.
    fn params_schema(&self) -> Schema;

    /// Rules that a schema cannot say. Only called with parameters that the schema allows.
    fn check(&self, _params: &Value) -> Vec<Problem> {
        Vec::new()
    }

    /// The parameters with every default filled in, so that writing a default out is no change.
    fn normalise(&self, params: &Value) -> Result<Value, Problem>;

    /// Identity of whatever the stage reads from outside the pipeline (a corpus folder, a file of assignments): of its
    /// content, so that a file that was only touched is no change.
    ///
    /// A kind that reads anything tells in [`Outcome::external`] what it really read: files may change in between.
    fn external(&self, _params: &Value, _outside: &Outside<'_>) -> Result<External, BoxError> {
        Ok(External::default())
    }

    /// Digest of what the output file at `path` says, without what differs from run to run and means nothing: who made
    /// it, how long that took. Stages that read it are fresh as long as this stays the same. `None`: every byte counts.
    fn content(&self, _path: &Path) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    /// Whether results depend on the pipeline's seed.
    fn uses_seed(&self) -> bool {
        true
    }

    /// How much of the pipeline file, beyond its own table, the stage may look at. Its fingerprint covers just that.
    fn covers(&self) -> SpecCover {
        SpecCover::Own
    }

    /// Files that must be there afterwards, relative to the stage's folder, `/` between folders.
    fn outputs(&self, params: &Value) -> Vec<String>;

    /// Small files of the result, as in [`outputs`](Self::outputs), of which every run keeps a copy: what a comparison
    /// of two runs reads.
    fn kept(&self, _params: &Value) -> Vec<String> {
        Vec::new()
    }

    /// Files and folders outside the pipeline whose change may make the stage stale, folders with all that is in them.
    /// They need not exist.
    fn watched(&self, _params: &Value, _base_dir: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Tells of a file below a folder of [`watched`](Self::watched), by its path below that folder, whether the stage would
    /// read it. `None`: it may read every file there.
    fn watch_filter(&self, _params: &Value, _base_dir: &Path) -> Option<WatchFilter> {
        None
    }

    /// Does the work. Long loops ask [`Observer::is_cancelled`](crate::Observer::is_cancelled) and return an error.
    fn run(&self, job: &Job<'_>) -> Result<Outcome, BoxError>;
}

/// One kind of stage that another may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Name of the kind.
    pub kind: &'static str,
    /// Fewest stages of that kind.
    pub min: usize,
    /// Most stages of that kind; `None` is any number.
    pub max: Option<usize>,
}

impl Input {
    /// Exactly one stage of `kind`.
    pub const fn one(kind: &'static str) -> Self {
        Self { kind, min: 1, max: Some(1) }
    }

    /// None or one stage of `kind`.
    pub const fn optional(kind: &'static str) -> Self {
        Self { kind, min: 0, max: Some(1) }
    }

    /// Any number of stages of `kind`, none included.
    pub const fn any(kind: &'static str) -> Self {
        Self { kind, min: 0, max: None }
    }

    /// One or more stages of `kind`.
    pub const fn some(kind: &'static str) -> Self {
        Self { kind, min: 1, max: None }
    }
}

/// How much of the pipeline file a stage may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecCover {
    /// Its own parameters and inputs.
    Own,
    /// Name, seed, and the kinds, links and parameters of all stages. Comments, order and formatting do not count.
    Parameters,
    /// All of that; it is also given the text of the file. A stage that shows the text shows it as it was when the stage
    /// ran: comments, order and formatting alone still do not make it stale.
    Text,
}

/// Where a kind looks for what it reads from outside the pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a> {
    /// Folder of the pipeline file; relative paths start there.
    pub base_dir: &'a Path,
    /// The stage's [`Job::state_dir`]; it need not exist yet.
    pub state_dir: &'a Path,
    /// What the stage read for the result that is there. `None` when there is none: the stage runs whatever the digest
    /// is, so that a cheap one will do.
    pub last: Option<LastRead<'a>>,
    /// Whether `state_dir` may be written to: a run may, `ser status` may not.
    pub may_write: bool,
}

/// What a stage read from outside the pipeline for its last result.
#[derive(Debug, Clone, Copy)]
pub struct LastRead<'a> {
    /// Folder of that result.
    pub dir: &'a Path,
    /// [`External::digest`] of then.
    pub digest: &'a str,
    /// [`External::parts`] of then.
    pub parts: &'a BTreeMap<String, String>,
}

/// What a stage reads from outside the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct External {
    /// Changes whenever results could; empty when nothing is read.
    pub digest: String,
    /// For people, shown when the digest changed: `1440 files`. May be empty.
    pub description: String,
    /// Digests by name of what the whole is made of, kept to tell later what changed. May be empty.
    pub parts: BTreeMap<String, String>,
    /// In words, what changed since [`Outside::last`]: `1 file added: a.wav`. Empty when nothing did, or when it is not
    /// known.
    pub changes: String,
}

/// A parameter that is well-formed but not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Key below the stage's table, dotted: `augment.noise_snr_db`, `enhance[1].cutoff_hz`. Empty: the stage as a whole.
    pub key: String,
    /// What is wrong, with expected and found values.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What a stage did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Rows of the main table.
    pub rows: u64,
    /// One line, for example `1199 clips, 2 excluded (2 duplicate)`.
    pub headline: String,
    /// Further lines for the user, each complete in itself.
    pub notes: Vec<String>,
    /// Figures by which runs are compared, the most telling one first.
    pub metrics: Vec<Metric>,
    /// What was really read from outside the pipeline; `None`: what [`StageKind::external`] told.
    pub external: Option<External>,
}

/// The kinds that a pipeline file may use, in the order in which they are listed to users.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: Vec<Arc<dyn StageKind>>,
}

impl Registry {
    /// A registry of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, kind: impl StageKind + 'static) -> Self {
        self.kinds.retain(|known| known.name() != kind.name());
        self.kinds.push(Arc::new(kind));
        self
    }

    /// The kind called `name`.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn StageKind>> {
        self.kinds.iter().find(|kind| kind.name() == name)
    }

    /// All kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn StageKind>> {
        self.kinds.iter()
    }

    /// Names of all kinds.
    pub fn names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.name()).collect()
    }
}
