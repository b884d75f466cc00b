//! The pipeline file and the artifacts folder that a command works on.

use std::path::{Path, PathBuf};

use ser_engine::{Override, Pipeline, Spec, SpecErrors, Stage, StageStatus, Store};

use crate::args::Cli;
use crate::kinds;
use crate::line::Line;
use crate::output::{self, UsageError};

/// The project that the global options name; nothing is opened yet.
pub(crate) struct Project<'a> {
    file: &'a Path,
    artifacts: Option<&'a Path>,
    overrides: Vec<Override>,
    pub(crate) quiet: bool,
}

impl<'a> Project<'a> {
    pub(crate) fn new(cli: &'a Cli) -> Self {
        Self {
            file: &cli.file,
            artifacts: cli.artifacts.as_deref(),
            overrides: cli.set.iter().map(Override::new).collect(),
            quiet: cli.quiet,
        }
    }

    /// The checked pipeline, with variables from the environment.
    pub(crate) fn pipeline(&self) -> Result<Pipeline, SpecErrors> {
        self.pipeline_with(&|variable| std::env::var(variable).ok())
    }

    /// The checked pipeline, with variables from `env`.
    pub(crate) fn pipeline_with(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Pipeline, SpecErrors> {
        Spec::load(self.file, &kinds::registry(), &self.overrides, env)
    }

    /// The artifacts folder of `pipeline`.
    pub(crate) fn store(&self, pipeline: &Pipeline) -> Store {
        let root = self.artifacts.map_or_else(|| plain(pipeline.base_dir()).join("artifacts"), Path::to_owned);
        Store::new(root)
    }

    /// Writes to stderr a line that is worth knowing and asks for nothing; `--quiet` is without such lines.
    pub(crate) fn note(&self, text: impl Into<Line>) {
        if !self.quiet {
            output::tell(text);
        }
    }
}

/// `.` adds nothing to a path that people read.
pub(crate) fn plain(path: &Path) -> PathBuf {
    if path == Path::new(".") { PathBuf::new() } else { path.to_owned() }
}

/// The first stage of `kind`, whose artifact a command shows.
pub(crate) fn first_of<'p>(pipeline: &'p Pipeline, kind: &str) -> Result<&'p Stage, UsageError> {
    pipeline.stages().iter().find(|stage| stage.kind().name() == kind).ok_or_else(|| UsageError {
        message: format!("`{}` declares no stage of kind `{kind}`", pipeline.file().display()),
        hint: Some(format!("add one: `[stage.<name>]` with `kind = \"{kind}\"`")),
    })
}

/// The folder of `stage`'s artifact, which must have been made.
pub(crate) fn artifact(store: &Store, stage: &Stage) -> Result<PathBuf, UsageError> {
    if store.stage_record(stage.name()).is_some() {
        return Ok(store.stage_dir(stage.name()));
    }
    Err(UsageError {
        message: format!(
            "stage `{}` has not been run: there is no `{}`",
            stage.name(),
            store.stage_dir(stage.name()).display()
        ),
        hint: Some(match failed_before(store, stage.name()) {
            Some(failed) => format!(
                "the last run failed at stage `{failed}`, before it; mend that, then run the pipeline: `ser run`"
            ),
            None => format!("run it: `ser run {}`", stage.name()),
        }),
    })
}

/// The stage for whose failure the last run did not come to `stage`.
fn failed_before(store: &Store, stage: &str) -> Option<String> {
    let last = store.runs().pop()?;
    last.stages.into_iter().find(|run| run.stage == stage).and_then(|run| match run.status {
        StageStatus::Skipped { because } => Some(because),
        _ => None,
    })
}
