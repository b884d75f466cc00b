//! `ser demo`: small synthetic corpora in the four real layouts.

use std::path::Path;

use anyhow::Context as _;
use ser_demo::DemoSummary;

use crate::args::DemoArgs;
use crate::output::{self, Status};

pub(crate) fn run(args: &DemoArgs) -> anyhow::Result<Status> {
    let summary = ser_demo::write_demo(&args.dir, args.seed)?;
    output::print(format_args!("{}: {}", args.dir.display(), describe(&summary)))?;
    output::tell("These are synthetic voices: they show how the pipeline works and say nothing about emotions.");
    output::tell(format_args!("to run the pipeline on them: `SER_DATA={} ser run`", args.dir.display()));
    Ok(Status::Done)
}

/// Writes the demo corpora to `dir` unless they are there already: beside it first, so that a half-written demo is
/// never taken for a whole one.
pub(crate) fn ensure(dir: &Path, seed: u64) -> anyhow::Result<()> {
    if dir.exists() {
        return Ok(());
    }
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = dir.with_file_name(name);
    if partial.exists() {
        std::fs::remove_dir_all(&partial).with_context(|| format!("cannot remove `{}`", partial.display()))?;
    }
    let summary = ser_demo::write_demo(&partial, seed)?;
    std::fs::rename(&partial, dir)
        .with_context(|| format!("cannot rename `{}` to `{}`", partial.display(), dir.display()))?;
    output::tell(format_args!("{}: {}", dir.display(), describe(&summary)));
    Ok(())
}

fn describe(summary: &DemoSummary) -> String {
    let corpora: Vec<String> =
        summary.corpora.iter().map(|corpus| format!("{} {}", corpus.files, corpus.name)).collect();
    format!("{} files, {} of them odd on purpose", corpora.join(", "), summary.oddities.len())
}
