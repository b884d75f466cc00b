//! The page for people who open a crate without knowing what one is.

use std::fmt::Write as _;

use ser_engine::RunRecord;

use super::results::StageResult;
use super::{METADATA, RESULTS, WORKFLOW};
use crate::text::cell;

/// The page about `run` and its `results`.
pub(super) fn of(run: &RunRecord, results: &[StageResult<'_>]) -> String {
    let mut page = format!(
        "# {}: run {}\n\nA run of `ser` as a [Workflow Run RO-Crate](https://w3id.org/ro/wfrun/workflow/0.5). `{METADATA}` \
         says how each file came about, for people and programs; `{WORKFLOW}` is the pipeline file as it was, and \
         `{RESULTS}/` has a folder for each stage.\n\n| Stage | Kind | Result |\n|---|---|---|\n",
        cell(&run.pipeline),
        run.id,
    );
    for result in results {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| {} | {} | {} |", result.run.stage, result.run.kind, cell(&result.record.headline));
    }
    let left_out: Vec<String> = results
        .iter()
        .flat_map(|result| &result.files)
        .filter(|file| !file.inside)
        .map(|file| format!("- `{}`, {} bytes, BLAKE3 {}\n", file.name(), file.bytes, file.hash))
        .collect();
    if !left_out.is_empty() {
        let _ = write!(page, "\nToo large to be in it:\n\n{}", left_out.concat());
    }
    page += "\nThe recordings are not in it: where each corpus is from, and its licence, is in the metadata.\n";
    page
}
