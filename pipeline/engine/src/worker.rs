//! Helps runs: computes parts of the stages that a run, here or on another computer, is at work on.
//!
//! Run and workers share nothing but the artifacts folder. A stage that works in parts claims what it computes and finds what
//! others computed, whoever they are; so a worker is the stage itself, told to leave alone what others have and to make no
//! result. That is the run's to make, and stays the same whoever helps. A worker that dies leaves parts that are whole and a
//! claim that its system lets go of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ser_stage::{Holder, LockFile, Locking};

use crate::failure::EngineError;
use crate::files;
use crate::fingerprint::Identity;
use crate::plan::{Plan, Step, plan};
use crate::record::StageRun;
use crate::reporter::Reporter;
use crate::spec::Pipeline;
use crate::stage_run::{Setting, Stopped, Task, help};
use crate::store::Store;

/// Time between looks whether a run is at work, which cost next to nothing.
const POLL: Duration = Duration::from_millis(500);

/// Time between looks at everything where none is: they list the corpora.
const LOOK: Duration = Duration::from_secs(10);

/// Time after which a stage is asked again for parts that others were at work on: they may have died.
const AGAIN: Duration = Duration::from_mins(1);

/// How often a stage may fail here before it is the run's alone.
const MOST_FAILURES: u32 = 3;

/// How long to work.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkOptions {
    /// Only these stages and what they read; empty is all.
    pub targets: Vec<String>,
    /// End when nothing is stale.
    pub until_fresh: bool,
    /// End after so long without anything to help with.
    pub idle: Option<Duration>,
}

/// What a worker did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worked {
    /// Stages that it helped with, in order.
    pub stages: Vec<String>,
    /// Stages that it gave up.
    pub failed: Vec<String>,
}

/// What was done about one result of a stage.
struct Tried {
    fingerprint: String,
    last: Instant,
    failures: u32,
}

/// Helps with the parts of whatever stage a run is at work on, until `cancel` is set or `options` say that it is enough.
///
/// # Errors
/// An artifacts folder that cannot be worked in, or whose file system has no locks: two processes would compute the same.
pub fn work(
    pipeline: &Pipeline,
    store: &Store,
    options: &WorkOptions,
    reporter: &dyn Reporter,
    cancel: &AtomicBool,
) -> Result<Worked, EngineError> {
    pipeline.select(&options.targets)?;
    let mut worked = Worked::default();
    let mut tried: HashMap<String, Tried> = HashMap::new();
    let mut warned: HashMap<String, String> = HashMap::new();
    let mut idle_since = Instant::now();
    let mut looked: Option<Instant> = None;
    while !cancel.load(Ordering::Relaxed) {
        let is_due = options.until_fresh && looked.is_none_or(|looked| looked.elapsed() >= LOOK);
        let began = Instant::now();
        let plan = if is_due || is_any_begun(pipeline, store) {
            looked = Some(Instant::now());
            plan(pipeline, store, &options.targets, false)?
        } else {
            Plan::default()
        };
        if is_due && plan.is_fresh() {
            break;
        }
        for (stage, other) in strangers(pipeline, store, &plan) {
            if warned.insert(stage.clone(), other.clone()) != Some(other) {
                reporter.warn(Some(&stage), "a run is at work on it with other parameters, other inputs or another version of this program: not helping");
            }
        }
        let Some((step, fingerprint)) = next(pipeline, store, &plan, &tried) else {
            if options.idle.is_some_and(|most| idle_since.elapsed() >= most) {
                break;
            }
            // Where looking takes long, as at corpora in object storage, it is done less often.
            thread::sleep(POLL.max(began.elapsed() * 4).min(LOOK));
            continue;
        };
        let stage = &pipeline.stages()[step.position];
        let before = tried.remove(stage.name()).filter(|tried| tried.fingerprint == fingerprint);
        reporter.started(stage, &step.reasons);
        let began = Instant::now();
        let result = help_with(pipeline, store, step, reporter, cancel)?;
        let mut failures = before.map_or(0, |tried| tried.failures);
        match result {
            Ok(()) => {
                let seconds = began.elapsed().as_secs_f64();
                reporter.finished(stage, &StageRun { headline: "helped".to_owned(), seconds, ..StageRun::default() });
                if !worked.stages.iter().any(|name| name == stage.name()) {
                    worked.stages.push(stage.name().to_owned());
                }
            }
            Err(Stopped::Cancelled) => {
                reporter.cancelled(stage);
                break;
            }
            // The run may have ended, and taken its folders along.
            Err(Stopped::Failed(_)) if !is_begun(store, stage.name(), &fingerprint) => reporter.cancelled(stage),
            Err(Stopped::Failed(failure)) => {
                failures += 1;
                if failures == MOST_FAILURES {
                    reporter.failed(stage, &failure);
                    worked.failed.push(stage.name().to_owned());
                } else {
                    reporter.warn(Some(stage.name()), &format!("trying again: {}", failure.message));
                }
            }
        }
        tried.insert(stage.name().to_owned(), Tried { fingerprint, last: Instant::now(), failures });
        idle_since = Instant::now();
    }
    Ok(worked)
}

/// The first stage that there is something to do for.
fn next<'a>(
    pipeline: &Pipeline,
    store: &Store,
    plan: &'a Plan,
    tried: &HashMap<String, Tried>,
) -> Option<(&'a Step, String)> {
    plan.stale().find_map(|step| {
        let fingerprint = step.fingerprint.clone()?;
        let wanted = match tried.get(&step.stage).filter(|tried| tried.fingerprint == fingerprint) {
            Some(tried) => tried.failures < MOST_FAILURES && tried.last.elapsed() >= AGAIN,
            None => true,
        };
        let is_shared = pipeline.stages()[step.position].kind().is_shared();
        (wanted && is_shared && is_begun(store, &step.stage, &fingerprint)).then_some((step, fingerprint))
    })
}

/// `true` if there are checkpoints of any stage that can be helped with.
fn is_any_begun(pipeline: &Pipeline, store: &Store) -> bool {
    pipeline.stages().iter().any(|stage| stage.kind().is_shared() && !store.begun(stage.name()).is_empty())
}

/// `true` if a run has begun to make this result, and has not ended with one.
fn is_begun(store: &Store, stage: &str, fingerprint: &str) -> bool {
    store.checkpoints(stage, fingerprint).is_dir()
}

/// Stages that a run is at work on, but not on the result that is wanted here; each with the other result's name.
fn strangers(pipeline: &Pipeline, store: &Store, plan: &Plan) -> Vec<(String, String)> {
    let of = |step: &Step| {
        let fingerprint = step.fingerprint.as_deref()?;
        let is_shared = pipeline.stages()[step.position].kind().is_shared();
        let other = store.begun(&step.stage).into_iter().next()?;
        (is_shared && !is_begun(store, &step.stage, fingerprint)).then(|| (step.stage.clone(), other))
    };
    plan.stale().filter_map(of).collect()
}

/// One try of a stage.
fn help_with(
    pipeline: &Pipeline,
    store: &Store,
    step: &Step,
    reporter: &dyn Reporter,
    cancel: &AtomicBool,
) -> Result<Result<(), Stopped>, EngineError> {
    let verdict = step.judge(pipeline, &|name| store.stage_record(name).map(|record| record.content));
    let Some(identity) = verdict.identity.filter(Identity::is_complete) else { return Ok(Ok(())) };
    let me = Holder::this(String::new());
    let name = format!("{}-{}", me.host, me.pid);
    let fingerprint = identity.fingerprint();
    let workspace = store.begin_helping(&step.stage, &fingerprint, &name)?;
    let path = workspace.state.join("lock");
    let locked = match LockFile::take(&path, &me).map_err(EngineError::io("lock", &path))? {
        Locking::Taken(lock, _) => lock.is_guarded(),
        Locking::Held(_) => true,
    };
    if !locked {
        let _ = files::remove(&workspace.out);
        return Err(EngineError::NoLocks { path: store.root().to_owned() });
    }
    let setting = Setting { pipeline, store, reporter, cancel, run_id: &name, force: false };
    let task = Task { position: step.position, identity, reasons: verdict.reasons, last: step.record.clone() };
    let result = help(&setting, &task, &workspace);
    // Whatever stays is removed with the stage's checkpoints.
    let _ = store.end_helping(&step.stage, &workspace, &fingerprint);
    Ok(result)
}
