//! Runs one stage: gives it what it needs, catches what goes wrong, puts its result into place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ser_stage::{
    Context, External, InputFolder, Metric, Observer, Others, Outcome, Provenance, SpecCover, SpecView, StageView,
};

use crate::failure::Failure;
use crate::fingerprint::Identity;
use crate::outputs::{self, LastFiles};
use crate::reason::Reason;
use crate::record::{self, StageRecord};
use crate::reporter::Reporter;
use crate::spec::{Pipeline, Stage};
use crate::store::{Store, Workspace};
use crate::time;

/// Surroundings that all stages of a run share.
pub(crate) struct Setting<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) store: &'a Store,
    pub(crate) reporter: &'a dyn Reporter,
    pub(crate) cancel: &'a AtomicBool,
    pub(crate) run_id: &'a str,
    pub(crate) force: bool,
}

/// One stage that has to run.
pub(crate) struct Task {
    /// Position in the pipeline.
    pub(crate) position: usize,
    /// Everything that the result follows from.
    pub(crate) identity: Identity,
    /// Why it has to run.
    pub(crate) reasons: Vec<Reason>,
    /// Record of the result that is there.
    pub(crate) last: Option<StageRecord>,
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

/// Runs a stage.
pub(crate) fn execute(setting: &Setting<'_>, task: &Task) -> Ended {
    let start = Instant::now();
    let observer = StageObserver {
        stage: &task.identity.stage,
        reporter: setting.reporter,
        cancel: setting.cancel,
        warnings: Mutex::new(Vec::new()),
    };
    let result = attempt(setting, task, &observer, start);
    let warnings = observer.warnings.into_inner().unwrap_or_else(PoisonError::into_inner);
    let result = result.map(|record| StageRecord { warnings: warnings.clone(), ..record });
    Ended { result, warnings, seconds: start.elapsed().as_secs_f64() }
}

/// Computes parts of a stage, for a run to find.
pub(crate) fn help(setting: &Setting<'_>, task: &Task, workspace: &Workspace) -> Result<(), Stopped> {
    let stage = &setting.pipeline.stages()[task.position];
    let observer = StageObserver {
        stage: stage.name(),
        reporter: setting.reporter,
        cancel: setting.cancel,
        warnings: Mutex::new(Vec::new()),
    };
    let previous_dir = reusable(setting, task).then(|| setting.store.stage_dir(stage.name()));
    let places = Places { workspace, previous_dir: previous_dir.as_deref(), others: Others::LeftAlone };
    work(setting, stage, &task.identity, &task.identity.fingerprint(), &places, &observer).map(drop)
}

fn attempt(
    setting: &Setting<'_>,
    task: &Task,
    observer: &StageObserver<'_>,
    start: Instant,
) -> Result<StageRecord, Stopped> {
    let stage = &setting.pipeline.stages()[task.position];
    let fingerprint = task.identity.fingerprint();
    let workspace = setting
        .store
        .begin(stage.name(), &fingerprint, setting.force)
        .map_err(|error| Stopped::Failed(Failure::of(&error)))?;
    let previous_dir = reusable(setting, task).then(|| setting.store.stage_dir(stage.name()));
    let places = Places { workspace: &workspace, previous_dir: previous_dir.as_deref(), others: Others::WaitedFor };
    let outcome = work(setting, stage, &task.identity, &fingerprint, &places, observer).inspect_err(|_| {
        workspace.discard();
    })?;
    let finish = || -> Result<StageRecord, Failure> {
        workspace.sync().map_err(|error| Failure::of(&error))?;
        let last = task.last.as_ref().map_or(&[][..], |last| &last.outputs);
        let last = places.previous_dir.map(|dir| LastFiles { dir, outputs: last });
        let written = outputs::look(setting.pipeline.content(), &workspace.out, last.as_ref())?;
        for expected in stage.kind().outputs() {
            if !written.files.iter().any(|output| expected.has(&output.path)) {
                return Err(Failure {
                    message: format!("the stage ended well but did not write `{}`", expected.file),
                    hint: Some("this is a mistake of the program: please report it".to_owned()),
                });
            }
        }
        let mut identity = task.identity.clone();
        if let Some(external) = outcome.external {
            identity.read(external);
        }
        let warnings = observer.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let record = StageRecord {
            format: record::FORMAT,
            fingerprint: identity.fingerprint(),
            identity,
            content: written.content,
            outputs: written.files,
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
    others: Others,
}

/// `true` if rows of the last result may be taken over: it must be whole, and of the code that now runs.
fn reusable(setting: &Setting<'_>, task: &Task) -> bool {
    let code = |identity: &Identity| (identity.format, identity.kind.clone(), identity.version);
    let damaged = |reason: &Reason| {
        matches!(
            reason,
            Reason::OutputMissing { .. }
                | Reason::OutputChanged { .. }
                | Reason::ForeignPart { .. }
                | Reason::OtherFormat
        )
    };
    let same_code = task.last.as_ref().is_some_and(|last| code(&last.identity) == code(&task.identity));
    !setting.force && same_code && !task.reasons.iter().any(damaged)
}

/// The stage's own work. A panic in it is a failure of the stage, not the end of the run.
fn work(
    setting: &Setting<'_>,
    stage: &Stage,
    identity: &Identity,
    fingerprint: &str,
    places: &Places<'_>,
    observer: &StageObserver<'_>,
) -> Result<Outcome, Stopped> {
    let pipeline = setting.pipeline;
    let fingerprint_with = |external: &External| {
        let mut identity = identity.clone();
        identity.read(external.clone());
        identity.fingerprint()
    };
    let ctx = Context {
        provenance: Provenance {
            pipeline: pipeline.name().to_owned(),
            stage: stage.name().to_owned(),
            fingerprint: fingerprint.to_owned(),
        },
        seed: pipeline.seed(),
        base_dir: pipeline.base_dir(),
        out_dir: &places.workspace.out,
        work_dir: &places.workspace.work,
        parts_dir: &places.workspace.parts,
        previous_dir: places.previous_dir,
        others: places.others,
        state_dir: &places.workspace.state,
        refused_dir: &places.workspace.refused,
        inputs: input_folders(setting, stage),
        spec: spec_view(pipeline, stage.kind().covers()),
        observer,
        fingerprint_with: &fingerprint_with,
    };
    match catch_unwind(AssertUnwindSafe(|| stage.prepared().run(&ctx))) {
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
            dir: setting.store.stage_dir(input.name()),
            outputs: input.kind().outputs(),
        })
        .collect()
}

fn spec_view(pipeline: &Pipeline, cover: SpecCover) -> Option<SpecView<'_>> {
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
        })
        .collect();
    let text = (cover == SpecCover::Text).then(|| pipeline.text());
    Some(SpecView { name: pipeline.name(), seed: pipeline.seed(), stages, text })
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

    fn milestone(&self, text: &str) {
        self.reporter.milestone(self.stage, text);
    }

    fn warn(&self, text: &str) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        self.reporter.warn(Some(self.stage), text);
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}
