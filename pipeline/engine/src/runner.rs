//! Carries out a plan: stale stages in order, as many side by side as asked for.
//!
//! A stage is judged again when everything that it reads is there: one that only waited, for stages that came out the
//! same, does not run. So a change stops where it no longer makes a difference.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::failure::{EngineError, Failure};
use crate::lock::lock;
use crate::plan::{Plan, Verdict, plan_for};
use crate::reason::Reason;
use crate::record::{self, RunRecord, RunStatus, StageRun, StageStatus};
use crate::reporter::Reporter;
use crate::spec::{Pipeline, Stage};
use crate::stage_run::{Ended, Setting, Stopped, Task, execute};
use crate::store::Store;
use crate::time;

/// Stages run on threads of their own; numeric code nests deeper than the default of 2 MiB is made for.
const STACK_BYTES: usize = 16 << 20;

/// How to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Only these stages and what they read; empty is all.
    pub targets: Vec<String>,
    /// Run what is fresh, too, and start interrupted stages from the beginning.
    pub force: bool,
    /// After a failure go on with the stages that do not depend on it.
    pub keep_going: bool,
    /// Stages that may run side by side; 0 counts as 1.
    pub jobs: usize,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { targets: Vec::new(), force: false, keep_going: false, jobs: 1 }
    }
}

/// Runs what is stale. Setting `cancel` stops the stages at work and starts no more.
///
/// A stage that fails is no error of the run: the record says so. The record is kept in the store unless there was
/// nothing to do.
pub fn run(
    pipeline: &Pipeline,
    store: &Store,
    options: &RunOptions,
    reporter: &dyn Reporter,
    cancel: &AtomicBool,
) -> Result<RunRecord, EngineError> {
    let start = Instant::now();
    // Before anything is written: a misspelt target must leave no trace.
    pipeline.select(&options.targets)?;
    store.prepare()?;
    let (_lock, dead) = lock(store)?;
    if let Some(holder) = dead {
        reporter.warn(None, &format!("the last run ended without letting go of the lock ({holder}); taking over"));
    }
    store.clean()?;
    let plan = plan_for(pipeline, store, &options.targets, options.force, true)?;
    for step in plan.stale() {
        store.check_place(&step.stage)?;
    }
    for step in plan.steps.iter().filter(|step| !step.is_stale()) {
        if let (Some(record), Some(touched)) = (&step.record, &step.touched) {
            // Where it cannot be noted the files are read again next time: that costs time, nothing else.
            let _ = store.save_touched(record, touched.clone());
        }
    }
    reporter.plan(&plan);
    let record = new_record(pipeline, store, options, &plan);
    let run_id = record.id.clone();
    let setting = Setting { pipeline, store, reporter, cancel, run_id: &run_id, force: options.force };
    let contents = HashMap::new();
    let mut progress = Progress { setting: &setting, plan: &plan, options, record, contents, start, unkept: false };
    progress.carry_out();
    Ok(progress.record)
}

/// A run under way.
struct Progress<'a> {
    setting: &'a Setting<'a>,
    plan: &'a Plan,
    options: &'a RunOptions,
    record: RunRecord,
    /// Digests of what the results say that are there by now, by stage.
    contents: HashMap<String, String>,
    start: Instant,
    /// The record could not be written once, and the user was told.
    unkept: bool,
}

/// Fate of a stage that waits.
enum Next {
    Start,
    Wait,
    Skip(String),
    Cancel,
}

impl Progress<'_> {
    fn carry_out(&mut self) {
        for at in 0..self.plan.steps.len() {
            if self.record.stages[at].status == StageStatus::Fresh {
                self.take_over(at);
                self.setting.reporter.fresh(self.stage(at), &self.record.stages[at]);
            }
        }
        self.save();
        let setting = self.setting;
        let (send, receive) = mpsc::channel::<(usize, Ended)>();
        thread::scope(|scope| {
            let mut running: Vec<usize> = Vec::new();
            loop {
                while running.len() < self.options.jobs.max(1)
                    && let Some(at) = self.next(&running)
                {
                    let Some(task) = self.judge_again(at) else { continue };
                    running.push(at);
                    setting.reporter.started(self.stage(at), &task.reasons);
                    let send = send.clone();
                    let builder = thread::Builder::new().name(task.identity.stage.clone()).stack_size(STACK_BYTES);
                    let work = move || {
                        // The receiver outlives every stage: it is only dropped after the scope.
                        let _ = send.send((at, execute(setting, &task)));
                    };
                    if let Err(error) = builder.spawn_scoped(scope, work) {
                        running.retain(|other| *other != at);
                        self.fail(at, &Failure::of(&error));
                    }
                }
                if running.is_empty() {
                    break;
                }
                let Ok((at, ended)) = receive.recv() else { break };
                running.retain(|other| *other != at);
                self.end(at, ended);
                self.save();
            }
        });
        self.record.status = self.status();
        self.record.finished = Some(time::now());
        self.save();
    }

    /// The first waiting stage that can start; those that never will are marked on the way.
    fn next(&mut self, running: &[usize]) -> Option<usize> {
        for at in 0..self.plan.steps.len() {
            if self.record.stages[at].status != StageStatus::Waiting || running.contains(&at) {
                continue;
            }
            match self.judge(at) {
                Next::Start => return Some(at),
                Next::Wait => {}
                Next::Skip(because) => {
                    self.setting.reporter.skipped(self.stage(at), &because);
                    self.record.stages[at].status = StageStatus::Skipped { because };
                }
                Next::Cancel => {
                    self.setting.reporter.cancelled(self.stage(at));
                    self.record.stages[at].status = StageStatus::Cancelled;
                }
            }
        }
        None
    }

    /// The task of a stage now that all its inputs are there; `None` when they came out the same, or when it cannot be
    /// run.
    fn judge_again(&mut self, at: usize) -> Option<Task> {
        let step = &self.plan.steps[at];
        let Verdict { identity, reasons } = step.judge(self.setting.pipeline, &|name| self.contents.get(name).cloned());
        let Some(identity) = identity else {
            let message = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let hint = Some("put that right, or the parameter that names it".to_owned());
            self.fail(at, &Failure { message, hint });
            return None;
        };
        self.record.stages[at].fingerprint = Some(identity.fingerprint());
        if reasons.is_empty() {
            let waited = step.reasons.iter().filter_map(|reason| match reason {
                Reason::WaitsFor { stage } => Some(stage.clone()),
                _ => None,
            });
            let waited: Vec<String> = waited.collect();
            self.record.stages[at].status = StageStatus::Unchanged;
            self.record.stages[at].reasons =
                waited.iter().map(|stage| format!("`{stage}` came out the same")).collect();
            self.take_over(at);
            self.setting.reporter.unchanged(self.stage(at), &self.record.stages[at], &waited);
            return None;
        }
        self.record.stages[at].reasons = reasons.iter().map(ToString::to_string).collect();
        Some(Task { position: step.position, identity, reasons, last: step.record.clone() })
    }

    /// Takes over what is recorded of the result that is there.
    fn take_over(&mut self, at: usize) {
        let Some(last) = &self.plan.steps[at].record else { return };
        // What cannot be removed misleads nobody about a result, and is removed by the next try at the latest.
        let _ = self.setting.store.forget_refused(&self.record.stages[at].stage);
        let stage = &mut self.record.stages[at];
        stage.content = Some(last.content.clone());
        stage.rows = last.rows;
        stage.headline.clone_from(&last.headline);
        stage.notes.clone_from(&last.notes);
        stage.warnings.clone_from(&last.warnings);
        stage.metrics.clone_from(&last.metrics);
        self.contents.insert(stage.stage.clone(), last.content.clone());
        self.keep(at);
    }

    fn judge(&self, at: usize) -> Next {
        if self.setting.cancel.load(Ordering::Relaxed) {
            return Next::Cancel;
        }
        let failed = self.record.stages.iter().find(|stage| stage.status == StageStatus::Failed);
        if let (Some(failed), false) = (failed, self.options.keep_going) {
            return Next::Skip(failed.stage.clone());
        }
        let mut ready = true;
        for input in self.stage(at).from() {
            let Some(input) = self.record.stages.iter().find(|stage| stage.stage == *input) else { continue };
            match &input.status {
                StageStatus::Fresh | StageStatus::Unchanged | StageStatus::Done => {}
                StageStatus::Waiting => ready = false,
                StageStatus::Failed => return Next::Skip(input.stage.clone()),
                StageStatus::Skipped { because } => return Next::Skip(because.clone()),
                StageStatus::Cancelled => return Next::Cancel,
            }
        }
        if ready { Next::Start } else { Next::Wait }
    }

    fn end(&mut self, at: usize, ended: Ended) {
        let stage = &mut self.record.stages[at];
        stage.seconds = ended.seconds;
        stage.warnings = ended.warnings;
        match ended.result {
            Ok(record) => {
                stage.status = StageStatus::Done;
                self.contents.insert(stage.stage.clone(), record.content.clone());
                stage.fingerprint = Some(record.fingerprint);
                stage.content = Some(record.content);
                stage.rows = record.rows;
                stage.headline = record.headline;
                stage.notes = record.notes;
                stage.metrics = record.metrics;
                self.keep(at);
                self.setting.reporter.finished(self.stage(at), &self.record.stages[at]);
            }
            Err(Stopped::Failed(failure)) => self.fail(at, &failure),
            Err(Stopped::Cancelled) => {
                stage.status = StageStatus::Cancelled;
                self.setting.reporter.cancelled(self.stage(at));
            }
        }
    }

    fn fail(&mut self, at: usize, failure: &Failure) {
        self.record.stages[at].status = StageStatus::Failed;
        self.record.stages[at].error = Some(failure.message.clone());
        self.setting.reporter.failed(self.stage(at), failure);
    }

    fn status(&self) -> RunStatus {
        let any = |wanted: &StageStatus| self.record.stages.iter().any(|stage| stage.status == *wanted);
        if any(&StageStatus::Failed) {
            RunStatus::Failed
        } else if any(&StageStatus::Cancelled) {
            RunStatus::Cancelled
        } else {
            RunStatus::Done
        }
    }

    /// Keeps copies of what a comparison of runs will want to read of the result in place.
    fn keep(&mut self, at: usize) {
        if self.plan.is_fresh() {
            return;
        }
        let stage = self.stage(at);
        match self.setting.store.keep(stage) {
            Ok(kept) => self.record.stages[at].kept = kept,
            Err(error) => self.setting.reporter.warn(
                Some(stage.name()),
                &format!("`ser diff` will not see its tables: no copy of them is kept: {error}"),
            ),
        }
    }

    fn save(&mut self) {
        self.record.seconds = self.start.elapsed().as_secs_f64();
        if self.plan.is_fresh() {
            return;
        }
        // The stages' own records decide what is fresh; a run that cannot be noted down is still a good run.
        if let Err(error) = self.setting.store.save_run(&self.record) {
            if !self.unkept {
                self.setting.reporter.warn(None, &format!("the record of this run is not kept: {error}"));
            }
            self.unkept = true;
        }
    }

    fn stage(&self, at: usize) -> &Stage {
        &self.setting.pipeline.stages()[self.plan.steps[at].position]
    }
}

fn new_record(pipeline: &Pipeline, store: &Store, options: &RunOptions, plan: &Plan) -> RunRecord {
    let started = time::now();
    let stages = plan
        .steps
        .iter()
        .map(|step| {
            let stage = &pipeline.stages()[step.position];
            StageRun {
                stage: step.stage.clone(),
                kind: step.kind.clone(),
                version: stage.kind().version(),
                from: stage.from().to_vec(),
                status: if step.is_stale() { StageStatus::Waiting } else { StageStatus::Fresh },
                reasons: step.reasons.iter().map(ToString::to_string).collect(),
                fingerprint: step.fingerprint.clone(),
                params: stage.params().clone(),
                ..StageRun::default()
            }
        })
        .collect();
    RunRecord {
        format: record::FORMAT,
        id: store.free_run_id(&time::compact(&started)),
        pipeline: pipeline.name().to_owned(),
        file: pipeline.file().display().to_string(),
        text: pipeline.text().to_owned(),
        overrides: pipeline.overrides().to_vec(),
        seed: pipeline.seed(),
        targets: options.targets.clone(),
        not_asked: not_asked(pipeline, plan),
        started,
        finished: None,
        seconds: 0.0,
        status: RunStatus::Running,
        stages,
    }
}

fn not_asked(pipeline: &Pipeline, plan: &Plan) -> Vec<String> {
    let planned = |name: &str| plan.steps.iter().any(|step| step.stage == name);
    pipeline.stages().iter().map(Stage::name).filter(|name| !planned(name)).map(str::to_owned).collect()
}
