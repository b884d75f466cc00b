//! `ser diff`: what differs between two runs.

use ser_engine::{RunRecord, Store};
use serde_json::json;

use crate::args::DiffArgs;
use crate::commands::runs;
use crate::diff::{self, Diff};
use crate::output::{self, Status, UsageError};
use crate::project::Project;
use crate::text_table;

pub(crate) fn run(project: &Project<'_>, args: &DiffArgs) -> anyhow::Result<Status> {
    let store = project.store(&project.pipeline()?);
    let (a, b) = (find(&store, &args.a)?, find(&store, &args.b)?);
    let diff = Diff::of(&store, &a, &b);
    if args.json {
        let mut told = json!({ "a": runs::summary(&a), "b": runs::summary(&b) });
        if let (Some(told), serde_json::Value::Object(diff)) = (told.as_object_mut(), serde_json::to_value(&diff)?) {
            told.extend(diff);
        }
        output::print_json(&told)?;
        return Ok(Status::Done);
    }
    let named = [("A", &a), ("B", &b)].map(|(name, run)| {
        let mut row = vec![name.to_owned()];
        row.extend(runs::row(run));
        row
    });
    output::print(text_table::render(&["", "run", "started", "", "time", "ran"], &named))?;
    output::print(diff::describe(&diff, args.limit).trim_end())?;
    Ok(Status::Done)
}

fn find(store: &Store, name: &str) -> Result<RunRecord, UsageError> {
    store.find_run(name).map_err(|unknown| UsageError { message: unknown.message, hint: Some(unknown.hint) })
}
