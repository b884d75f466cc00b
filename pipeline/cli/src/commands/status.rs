//! `ser status`: what is stale, and why.

use serde_json::json;

use crate::args::StatusArgs;
use crate::output::{self, Status};
use crate::project::Project;
use crate::text_table;

pub(crate) fn run(project: &Project<'_>, args: &StatusArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let plan = ser_engine::plan(&pipeline, &project.store(&pipeline), &[], false)?;
    if args.json {
        let status = json!({"pipeline": pipeline.name(), "fresh": plan.is_fresh(), "stages": plan.steps});
        output::print(serde_json::to_string_pretty(&status)?)?;
    } else {
        output::print(describe(&plan).trim_end())?;
    }
    Ok(if args.exit_code && !plan.is_fresh() { Status::Stale } else { Status::Done })
}

/// One line per stage: fresh, or stale and why.
pub(crate) fn describe(plan: &ser_engine::Plan) -> String {
    let rows: Vec<Vec<String>> = plan
        .steps
        .iter()
        .map(|step| {
            let state = if step.is_stale() { "stale" } else { "fresh" };
            let about = if step.is_stale() {
                step.why()
            } else {
                step.record().map(|record| record.headline.clone()).unwrap_or_default()
            };
            vec![step.stage.clone(), step.kind.clone(), state.to_owned(), about]
        })
        .collect();
    text_table::render(&["stage", "kind", "", ""], &rows)
}
