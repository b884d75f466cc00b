//! `ser graph`: the stages and what they read.

use serde_json::json;

use crate::args::GraphArgs;
use crate::output::{self, Status};
use crate::project::Project;

pub(crate) fn run(project: &Project<'_>, args: &GraphArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    if args.json {
        let stages: Vec<_> = pipeline
            .stages()
            .iter()
            .map(|stage| {
                json!({
                    "stage": stage.name(),
                    "kind": stage.kind().name(),
                    "from": stage.from(),
                    "params": stage.params(),
                })
            })
            .collect();
        output::print_json(&json!({"pipeline": pipeline.name(), "stages": stages}))?;
    } else if args.mermaid {
        output::print(pipeline.graph_mermaid().trim_end())?;
    } else {
        output::print(pipeline.graph_text().trim_end())?;
    }
    Ok(Status::Done)
}
