//! `ser status`: what is stale, and why.

use ser_engine::State;
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
        output::print_json(&status)?;
    } else {
        output::print(describe(&plan).trim_end())?;
    }
    Ok(if args.exit_code && !plan.is_fresh() { Status::Stale } else { Status::Done })
}

/// One line per stage: fresh, stale and why, or waiting and for what.
pub(crate) fn describe(plan: &ser_engine::Plan) -> String {
    let rows: Vec<Vec<String>> = plan
        .steps
        .iter()
        .map(|step| {
            let (state, about) = match step.state() {
                State::Fresh => ("fresh", step.record().map(|record| record.headline.clone()).unwrap_or_default()),
                State::Stale => ("stale", step.why()),
                State::Waiting => ("waiting", step.why()),
            };
            vec![step.stage.clone(), step.kind.clone(), state.to_owned(), about]
        })
        .collect();
    let mut text = text_table::render(&["stage", "kind", "", ""], &rows);
    if plan.steps.iter().any(|step| step.state() == State::Waiting) {
        text.push_str("\nA stage that waits runs only if what it waits for comes out different.\n");
    }
    text
}
