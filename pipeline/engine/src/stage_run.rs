//! Runs one stage: gives it what it needs, catches what goes wrong, puts its result into place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::failure::{EngineError, Failure};
use crate::files;
use crate::job::{InputFolder, Job, Observer, SpecView, StageView};
use crate::kind::{Outcome, SpecCover};
use crate::metric::Metric;
use crate::plan::Step;
use crate::reason::Reason;
use crate::record::{self, StageRecord};
use crate::reporter::Reporter;
use crate::spec::{Pipeline, Stage};
use crate::store::{Store, Workspace};
use crate::time;

/// What all stages of a run share.
pub(crate) struct Setting<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) store: &'a Store,
    pub(crate) reporter: &'a dyn Reporter,
    pub(crate) cancel: &'a AtomicBool,
    pub(crate) run_id: &'a str,
    pub(crate) force: bool,
}

/// How a stage ended.
pub(crate) struct Ended {
    pub(crate) result: Result<StageRecord, Stopped>,
    pub(crate) warnings: Vec<String>,
    pub(crate) seconds: f64,
}

/// Why a stage has no new result.
pub(crate) enum Stopped {
    Failed(Failure),
    Cancelled,
}

/// Runs the stage of `step`.
pub(crate) fn execute(setting: &Setting<'_>, step: &Step) -> Ended {
    let start = Instant::now();
    let observer = StageObserver {
        stage: &step.stage,
        reporter: setting.reporter,
        cancel: setting.cancel,
        warnings: Mutex::new(Vec::new()),
    };
    let result = attempt(setting, step, &observer, start);
    let warnings = observer.warnings.into_inner().unwrap_or_else(PoisonError::into_inner);
    let result = result.map(|record| StageRecord { warnings: warnings.clone(), ..record });
    Ended { result, warnings, seconds: start.elapsed().as_secs_f64() }
}

fn attempt(
    setting: &Setting<'_>,
    step: &Step,
    observer: &StageObserver<'_>,
    start: Instant,
) -> Result<StageRecord, Stopped> {
    let stage = &setting.pipeline.stages()[step.position];
    let (Some(identity), Some(fingerprint)) = (&step.identity, &step.fingerprint) else {
        return Err(Stopped::Failed(unreadable(&step.reasons)));
    };
    let failed = |error: &(dyn std::error::Error + 'static)| Stopped::Failed(Failure::of(error));
    let workspace = setting.store.begin(stage.name(), fingerprint, setting.force).map_err(|error| failed(&error))?;
    let previous_dir = reusable(setting, step).then(|| setting.store.stage_dir(stage.name()));
    let places = Places { workspace: &workspace, previous_dir: previous_dir.as_deref() };
    let outcome = work(setting, stage, fingerprint, &places, observer).inspect_err(|_| {
        workspace.discard();
    })?;
    let finish = || -> Result<StageRecord, Failure> {
        let outputs = files::list(&workspace.out_dir)
            .map_err(|error| Failure::of(&EngineError::io("read", &workspace.out_dir)(error)))?;
        for expected in stage.kind().outputs(stage.params()) {
            if outputs.iter().all(|output| output.path != expected) {
                return Err(Failure {
                    message: format!("the stage ended well but did not write `{expected}`"),
                    hint: Some("this is a mistake of the program: please report it".to_owned()),
                });
            }
        }
        let warnings = observer.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let record = StageRecord {
            format: record::FORMAT,
            fingerprint: fingerprint.clone(),
            identity: identity.clone(),
            outputs,
            rows: outcome.rows,
            headline: outcome.headline,
            notes: outcome.notes,
            warnings,
            metrics: outcome.metrics.into_iter().filter_map(Metric::recordable).collect(),
            seconds: start.elapsed().as_secs_f64(),
            finished: time::now(),
            run: setting.run_id.to_owned(),
        };
        setting.store.commit(&workspace, &record).map_err(|error| Failure::of(&error))?;
        Ok(record)
    };
    finish().map_err(|failure| {
        workspace.discard();
        Stopped::Failed(failure)
    })
}

/// The folders that a stage works with.
struct Places<'a> {
    workspace: &'a Workspace,
    previous_dir: Option<&'a Path>,
}

/// Whether rows of the last result may be taken over: it must be whole, and of the code that now runs.
fn reusable(setting: &Setting<'_>, step: &Step) -> bool {
    let same_code = |record: &StageRecord| {
        step.identity.as_ref().is_some_and(|identity| {
            (identity.format, &identity.kind, identity.version)
                == (record.identity.format, &record.identity.kind, record.identity.version)
        })
    };
    let damaged = |reason: &Reason| {
        matches!(reason, Reason::OutputMissing { .. } | Reason::OutputChanged { .. } | Reason::OtherFormat)
    };
    !setting.force && step.record.as_ref().is_some_and(same_code) && !step.reasons.iter().any(damaged)
}

/// The stage's own work. A panic in it is a failure of the stage, not the end of the run.
fn work(
    setting: &Setting<'_>,
    stage: &Stage,
    fingerprint: &str,
    places: &Places<'_>,
    observer: &StageObserver<'_>,
) -> Result<Outcome, Stopped> {
    let pipeline = setting.pipeline;
    let job = Job {
        stage: stage.name(),
        kind: stage.kind().name(),
        pipeline: pipeline.name(),
        params: stage.params(),
        seed: pipeline.seed(),
        fingerprint,
        base_dir: pipeline.base_dir(),
        out_dir: &places.workspace.out_dir,
        work_dir: &places.workspace.work_dir,
        previous_dir: places.previous_dir,
        state_dir: &places.workspace.state_dir,
        inputs: input_folders(setting, stage),
        spec: spec_view(setting, stage.kind().covers()),
        observer,
    };
    match catch_unwind(AssertUnwindSafe(|| stage.kind().run(&job))) {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(_)) if setting.cancel.load(Ordering::Relaxed) => Err(Stopped::Cancelled),
        Ok(Err(error)) => Err(Stopped::Failed(Failure::of(error.as_ref()))),
        Err(payload) => Err(Stopped::Failed(Failure::of_panic(payload.as_ref()))),
    }
}

fn input_folders(setting: &Setting<'_>, stage: &Stage) -> Vec<InputFolder> {
    setting
        .pipeline
        .inputs_of(stage)
        .map(|input| InputFolder {
            stage: input.name().to_owned(),
            kind: input.kind().name().to_owned(),
            dir: setting.store.stage_dir(input.name()),
        })
        .collect()
}

fn spec_view<'a>(setting: &Setting<'a>, cover: SpecCover) -> Option<SpecView<'a>> {
    let pipeline = setting.pipeline;
    if cover == SpecCover::Own {
        return None;
    }
    let stages = pipeline
        .stages()
        .iter()
        .map(|stage| StageView {
            name: stage.name(),
            kind: stage.kind().name(),
            from: stage.from(),
            params: stage.params(),
            dir: setting.store.stage_dir(stage.name()),
        })
        .collect();
    let text = (cover == SpecCover::Text).then(|| pipeline.text());
    Some(SpecView { name: pipeline.name(), seed: pipeline.seed(), stages, text })
}

fn unreadable(reasons: &[Reason]) -> Failure {
    let message = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Failure { message, hint: Some("check the paths in its parameters".to_owned()) }
}

/// Passes what a stage says on to the reporter, and keeps its warnings for the record.
struct StageObserver<'a> {
    stage: &'a str,
    reporter: &'a dyn Reporter,
    cancel: &'a AtomicBool,
    warnings: Mutex<Vec<String>>,
}

impl Observer for StageObserver<'_> {
    fn begin(&self, label: &str, total: u64, unit: &str) {
        self.reporter.begin(self.stage, label, total, unit);
    }

    fn advance(&self, steps: u64) {
        self.reporter.advance(self.stage, steps);
    }

    fn message(&self, text: &str) {
        self.reporter.message(self.stage, text);
    }

    fn warn(&self, text: &str) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        self.reporter.warn(Some(self.stage), text);
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}
