//! `ser export hf`: the dataset for the Hugging Face libraries.

use ser_export::{Division, HfOptions, HfSummary, check_result, hugging_face};
use ser_text::counted;
use serde_json::json;

use super::{MEGABYTE, dataset, told};
use crate::args::HfArgs;
use crate::interrupt::Interrupt;
use crate::output::{self, Status};
use crate::project::{Project, artifact, plain};
use crate::words::size;

pub(super) fn run(project: &Project<'_>, args: &HfArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let (_, dataset) = dataset::read(&pipeline, &store)?;
    let base_dir = plain(pipeline.base_dir());
    let terms = dataset::terms(&pipeline, &base_dir)?;
    let division = match &args.split {
        Some(name) => {
            let stage = dataset::split(&pipeline, name)?;
            let dir = artifact(&store, stage)?;
            let division = check_result(&store, name).and_then(|()| Division::read(name, &dir, args.fold));
            Some(division.map_err(told)?)
        }
        None => None,
    };
    let options = HfOptions {
        base_dir,
        terms: &terms,
        private: args.private,
        division: division.as_ref(),
        shard_bytes: args.shard_mb.saturating_mul(MEGABYTE),
        replace: args.replace,
    };
    let summary = hugging_face(&args.dir, &dataset, &options, &Interrupt::listen()?).map_err(told)?;
    let folder = args.dir.display().to_string();
    if args.json {
        let splits: Vec<_> = summary
            .splits
            .iter()
            .map(|split| {
                json!({"split": split.name, "clips": split.clips, "shards": split.shards, "bytes": split.bytes})
            })
            .collect();
        let left_out = dataset.exclusions.len();
        output::print_json(&json!({
            "folder": folder, "splits": splits, "without_part": summary.without_part, "left_out": left_out,
            "private": args.private,
        }))?;
    } else {
        output::print(format_args!("{folder}: {}", describe(&summary)))?;
    }
    if division.is_none() {
        project.note("all clips are in `train`: `--split STAGE --fold N` divides them as a split of the pipeline does");
    }
    if args.private {
        project.note("a private copy: whether it may be passed on, and how, is in its README.md");
    }
    Ok(Status::Done)
}

fn describe(summary: &HfSummary) -> String {
    let splits = summary.splits.iter().map(|split| {
        let shards = counted(split.shards, "shard");
        format!("{} in {} ({shards}, {})", counted(split.clips, "clip"), split.name, size(split.bytes))
    });
    let mut parts: Vec<String> = splits.collect();
    if summary.without_part > 0 {
        parts.push(format!("{} without a part in the fold", counted(summary.without_part, "clip")));
    }
    parts.join(", ")
}
