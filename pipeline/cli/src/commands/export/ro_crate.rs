//! `ser export ro-crate`: a run with its results and how they came about.

use ser_export::{CrateOptions, ro_crate};
use ser_stage::suggest::list;
use ser_text::counted;
use serde_json::json;

use super::{MEGABYTE, told};
use crate::args::RoCrateArgs;
use crate::interrupt::Interrupt;
use crate::output::{self, Status, UsageError};
use crate::project::Project;
use crate::words::size;

pub(super) fn run(project: &Project<'_>, args: &RoCrateArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let found = store.find_run(&args.run);
    let run = found.map_err(|error| UsageError { message: error.message, hint: Some(error.hint) })?;
    let options = CrateOptions {
        largest_bytes: args.largest_mb.saturating_mul(MEGABYTE),
        replace: args.replace,
        agent: args.agent.clone(),
    };
    let summary = ro_crate(&args.dir, &store, &run, &options, &Interrupt::listen()?).map_err(told)?;
    let folder = args.dir.display().to_string();
    if args.json {
        output::print_json(&json!({
            "folder": folder, "run": run.id, "stages": summary.stages, "files": summary.files, "bytes": summary.bytes,
            "left_out": summary.left_out,
        }))?;
    } else {
        let (stages, files) = (counted(summary.stages, "stage"), counted(summary.files, "file"));
        output::print(format_args!("{folder}: run {}, {stages}, {files} ({})", run.id, size(summary.bytes)))?;
    }
    if !summary.left_out.is_empty() {
        project.note(format_args!(
            "described and not in it, being larger than {} MB (`--largest-mb`): {}",
            args.largest_mb,
            list(&summary.left_out)
        ));
    }
    if !run.not_asked.is_empty() {
        project.note(format_args!("that run was not asked for these stages: {}", list(&run.not_asked)));
    }
    Ok(Status::Done)
}
