//! A run as a Workflow Run RO-Crate: a folder with its results, and one file that says how they came about.
//!
//! The file is JSON-LD after RO-Crate 1.1 (<https://w3id.org/ro/crate/1.1>) and the profiles Process Run Crate and Workflow
//! Run Crate 0.5 (<https://w3id.org/ro/wfrun/workflow/0.5>): the pipeline file is the workflow, the run an action of it, and
//! each stage an action of its own, with what it read and wrote.

mod ids;
mod metadata;
mod readme;
mod results;
mod times;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ser_engine::{RunRecord, Store};
use ser_stage::Observer;

use crate::error::{ExportError, ExportResult};
use crate::whole_folder::{WholeFolder, holds_only};

/// The file that makes a folder a crate.
const METADATA: &str = "ro-crate-metadata.json";
/// The pipeline file in a crate.
const WORKFLOW: &str = "pipeline.toml";
/// The folder of results in a crate.
const RESULTS: &str = "results";
/// The page for people in a crate.
const README: &str = "README.md";

/// Choices in packing a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateOptions {
    /// Larger files, and tables whose parts are larger together, are described and left out.
    pub largest_bytes: u64,
    /// `true` if an earlier crate may be replaced.
    pub replace: bool,
    /// Who ran the pipeline, where that is to be told.
    pub agent: Option<String>,
}

/// A run that was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateSummary {
    /// Stages described.
    pub stages: usize,
    /// Files of results in the crate.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files and tables in parts that are described and not in the crate, `<stage>/<file>`.
    pub left_out: Vec<String>,
}

/// Packs what `run` made and found, from `store`, into the folder `dir`.
pub fn ro_crate(
    dir: &Path,
    store: &Store,
    run: &RunRecord,
    options: &CrateOptions,
    observer: &dyn Observer,
) -> Result<CrateSummary, ExportError> {
    let results = results::of_run(store, run, options.largest_bytes)?;
    let whole = WholeFolder::create(dir, options.replace, is_of_an_export)?;
    results::copy(&results, &whole.partial().join(RESULTS), observer)?;
    let write = |name: &str, text: String| -> ExportResult<()> {
        let path = whole.partial().join(name);
        fs::write(&path, text).map_err(ExportError::io("write", &path))
    };
    write(WORKFLOW, run.text.clone())?;
    write(README, readme::of(run, &results))?;
    write(METADATA, metadata::of(run, &results, options.agent.as_deref()))?;
    whole.put_in_place()?;
    let files = results.iter().flat_map(|result| &result.files);
    let (inside, outside): (Vec<_>, Vec<_>) = files.partition(|file| file.inside);
    Ok(CrateSummary {
        stages: results.len(),
        files: inside.len(),
        bytes: inside.iter().map(|file| file.bytes).sum(),
        left_out: outside.iter().map(|file| file.whole()).collect::<BTreeSet<_>>().into_iter().collect(),
    })
}

/// `true` if an earlier export wrote the folder `dir`.
fn is_of_an_export(dir: &Path) -> bool {
    holds_only(dir, &[METADATA, WORKFLOW, RESULTS, README])
        && fs::read_to_string(dir.join(METADATA)).is_ok_and(|text| text.contains(metadata::LANGUAGE_ID))
}

#[cfg(test)]
mod tests;
