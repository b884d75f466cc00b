//! `ser gc`: shows what no kept run needs, and removes it when told to.

use ser_engine::{GarbageItem, GarbageKind, gc};
use ser_text::counted;
use serde_json::json;

use crate::args::GcArgs;
use crate::output::{self, Status};
use crate::project::Project;
use crate::{text_table, words};

/// Items of one kind that are shown one by one.
const MAX_LISTED: usize = 10;

pub(crate) fn run(project: &Project<'_>, args: &GcArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let garbage = gc(&pipeline, &store, usize::from(args.keep))?;
    if let Some(holder) = garbage.dead() {
        output::warn(format_args!("the last run ended without letting go of the lock ({holder}); taking over"));
    }
    let bytes: u64 = garbage.items().iter().map(|item| item.bytes).sum();
    let count = garbage.items().len();
    let told = json!({ "removed": args.yes, "bytes": bytes, "items": garbage.items() });
    // People see what goes before it goes; a program that reads JSON hears of it when it is gone.
    if !args.json {
        output::print(describe(garbage.items()).trim_end())?;
    }
    if args.yes {
        garbage.remove()?;
    }
    if args.json {
        output::print_json(&told)?;
    }
    if count > 0 {
        let sum = format!("{} in {}", words::size(bytes), counted(count, "item"));
        if args.yes {
            output::tell(format_args!("removed {sum}"));
        } else {
            output::tell(format_args!("{sum}; nothing was removed: `ser gc --keep {} --yes` removes them", args.keep));
        }
    }
    Ok(Status::Done)
}

fn describe(items: &[GarbageItem]) -> String {
    if items.is_empty() {
        return "Nothing to remove.".to_owned();
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for group in items.chunk_by(|a, b| a.kind == b.kind) {
        let shown = group.len().min(MAX_LISTED);
        for item in &group[..shown] {
            rows.push(vec![
                kind(item.kind).to_owned(),
                item.path.display().to_string(),
                words::size(item.bytes),
                item.why.clone(),
            ]);
        }
        if shown < group.len() {
            let bytes = group[shown..].iter().map(|item| item.bytes).sum();
            let more = format!("and {} more", group.len() - shown);
            rows.push(vec![kind(group[0].kind).to_owned(), more, words::size(bytes), String::new()]);
        }
    }
    text_table::render(&["", "in the artifacts folder", "size", "why"], &rows)
}

fn kind(kind: GarbageKind) -> &'static str {
    match kind {
        GarbageKind::Leftover => "leftover",
        GarbageKind::Result => "result",
        GarbageKind::Record => "record of a result",
        GarbageKind::State => "saved work",
        GarbageKind::Checkpoint => "checkpoint",
        GarbageKind::Run => "run",
        GarbageKind::Copy => "kept table",
    }
}
