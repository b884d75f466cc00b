//! `ser worker`: helps runs that share the artifacts folder, from this computer or another.

use std::time::Duration;

use anyhow::Context as _;
use ser_engine::{EngineError, WorkOptions};
use ser_text::counted;

use crate::args::WorkerArgs;
use crate::interrupt::stop_on_interrupt;
use crate::output::{self, Status};
use crate::project::Project;
use crate::terminal::{Detail, Terminal};

pub(crate) fn run(project: &Project<'_>, args: &WorkerArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    pipeline.select(&args.stages).map_err(EngineError::from)?;
    let store = project.store(&pipeline);
    let threads = args.jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start worker threads")?;
    let name_width = pipeline.stages().iter().map(|stage| stage.name().len()).max().unwrap_or(0);
    let terminal = Terminal::new(if project.quiet { Detail::Quiet } else { Detail::Stages }, name_width);
    let options = WorkOptions {
        targets: args.stages.clone(),
        until_fresh: args.until_fresh,
        idle: args.idle.map(Duration::from_secs_f64),
    };
    let stop = stop_on_interrupt()?;
    project.note(format_args!(
        "helping runs in `{}`; {}",
        store.root().display(),
        if args.until_fresh { "ends when nothing is stale" } else { "Ctrl-C ends" }
    ));
    let worked = ser_engine::work(&pipeline, &store, &options, &terminal, &stop)?;
    drop(terminal);
    let stages = counted(worked.stages.len(), "stage");
    if !project.quiet {
        output::tell(format_args!("helped with {stages}"));
    }
    Ok(if worked.failed.is_empty() { Status::Done } else { Status::Failed })
}
