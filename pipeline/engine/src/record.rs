//! Records of results and runs, kept as JSON in `artifacts/.ser`.

use std::collections::HashSet;

use ser_stage::Metric;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fingerprint::Identity;

/// Version of both record formats; a record of another one counts as missing.
pub(crate) const FORMAT: u32 = 2;

/// Origin of the files in `artifacts/<stage>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRecord {
    /// Version of this format.
    pub format: u32,
    /// Digest of `identity`. Empty while the folder is being replaced: a run that dies there leaves a stale stage.
    pub fingerprint: String,
    /// Everything that the result follows from.
    pub identity: Identity,
    /// Digest of what the outputs say, whoever made them and whenever: what readers of the stage are judged by.
    pub content: String,
    /// All files in the folder, sorted by path.
    pub outputs: Vec<OutputFile>,
    /// Rows of the main table.
    pub rows: u64,
    /// One line about the result.
    pub headline: String,
    /// Further lines.
    pub notes: Vec<String>,
    /// Warnings given while it was made; shown again when the stage is fresh.
    pub warnings: Vec<String>,
    /// Figures of the result.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// How long the stage took.
    pub seconds: f64,
    /// When it was done, UTC.
    pub finished: String,
    /// The run that made it.
    pub run: String,
}

/// A file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputFile {
    /// Relative to the stage's folder, `/` between folders.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970; 0 when not known. Another time alone is no change.
    pub modified_ns: i64,
    /// BLAKE3 hash of its bytes, 64 hexadecimal digits.
    pub hash: String,
    /// Digest of what it says, whoever made it and whenever, where that is another matter than its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// One run. Kept in `artifacts/.ser/runs/<id>.json` when it had anything to do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Version of this format.
    pub format: u32,
    /// Sorts by time: `20261123T155349Z-01-4711`, start, number within that second, process.
    pub id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// The pipeline file, as it was named.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The `-S` arguments.
    pub overrides: Vec<String>,
    /// The pipeline's seed.
    pub seed: u64,
    /// The targets asked for; empty is all.
    pub targets: Vec<String>,
    /// Stages of the pipeline that were not asked for, and that no stage asked for reads.
    #[serde(default)]
    pub not_asked: Vec<String>,
    /// When it started, UTC.
    pub started: String,
    /// When it ended, UTC; `None` while it runs, and for ever if it was killed.
    pub finished: Option<String>,
    /// How long it took so far.
    pub seconds: f64,
    /// How it went.
    pub status: RunStatus,
    /// Every stage of the plan, in order.
    pub stages: Vec<StageRun>,
}

impl RunRecord {
    /// The stages whose results this run made or found valid, and those of everything that they read: what may be shown
    /// as its outcome. A result that is merely still there, behind a stage that failed or was stopped, is an older run's.
    pub fn valid(&self) -> Vec<&StageRun> {
        let mut names: HashSet<&str> = HashSet::new();
        // Inputs come before their readers.
        let valid = self.stages.iter().filter(|stage| {
            let here = matches!(stage.status, StageStatus::Done | StageStatus::Fresh | StageStatus::Unchanged);
            let valid = here && stage.from.iter().all(|input| names.contains(input.as_str()));
            if valid {
                names.insert(&stage.stage);
            }
            valid
        });
        valid.collect()
    }
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Under way, or killed.
    #[default]
    Running,
    /// Everything asked for is fresh.
    Done,
    /// A stage failed.
    Failed,
    /// The user stopped it.
    Cancelled,
}

/// One stage within a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRun {
    /// Name of the stage.
    pub stage: String,
    /// Name of its kind.
    pub kind: String,
    /// Version of the kind's code; 0 in records of before it was noted down.
    #[serde(default)]
    pub version: u32,
    /// The stages that it reads.
    #[serde(default)]
    pub from: Vec<String>,
    /// How it went.
    pub status: StageStatus,
    /// Why it had to run, in words.
    pub reasons: Vec<String>,
    /// Identity of the result; `None` when it could not be told, and before what the stage reads is made.
    pub fingerprint: Option<String>,
    /// Digest of what the result says, once it is there: runs with equal ones have equal tables.
    pub content: Option<String>,
    /// Normalised parameters.
    pub params: Value,
    /// How long it took; 0 when it did not run.
    pub seconds: f64,
    /// Rows of the main table.
    pub rows: u64,
    /// One line about the result.
    pub headline: String,
    /// Further lines.
    pub notes: Vec<String>,
    /// Warnings given by the stage.
    pub warnings: Vec<String>,
    /// Figures of the result that it had at the end of the run.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Copies of files of that result, which the next run may replace.
    #[serde(default)]
    pub kept: Vec<KeptFile>,
    /// Description of the failure.
    pub error: Option<String>,
}

/// How a stage went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageStatus {
    /// Not started yet.
    #[default]
    Waiting,
    /// Nothing to do.
    Fresh,
    /// Waited for stages that it reads; they came out the same, so there was nothing to do.
    Unchanged,
    /// Ran, and its result is in place.
    Done,
    /// Went wrong; the old result, if any, is untouched.
    Failed,
    /// Not started because of this other stage.
    Skipped {
        /// The stage that failed.
        because: String,
    },
    /// Stopped or not started because the user stopped the run.
    Cancelled,
}

/// A kept copy of one file of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// Which file: relative to the stage's folder, `/` between folders.
    pub path: String,
    /// BLAKE3 of its bytes, 64 hexadecimal digits; also the name of the copy.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
}
