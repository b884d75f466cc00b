//! Compares a pipeline with what is there: which stages have to run, and why.

use std::panic::resume_unwind;
use std::thread;

use ser_stage::{LastRead, Outside};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::failure::{EngineError, Failure};
use crate::fingerprint::{Identity, InputIdentity};
use crate::outputs;
use crate::reason::{Reason, differences};
use crate::record::{OutputFile, StageRecord};
use crate::spec::Pipeline;
use crate::store::{Known, Store};

/// Preview of a run. A run does precisely this; stages that wait may turn out to need nothing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    /// The stages asked for and everything that they read, inputs first.
    pub steps: Vec<Step>,
}

/// State of a stage in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its result is that of the pipeline as it is.
    Fresh,
    /// It has to run, whatever else happens.
    Stale,
    /// It reads a stage that is not fresh, and that is the only reason: it runs if that one comes out different.
    Waiting,
}

/// One stage of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// Name of the stage.
    pub stage: String,
    /// Name of its kind.
    pub kind: String,
    /// Why it has to run, or may have to; empty when it is fresh.
    pub reasons: Vec<Reason>,
    /// Identity of the result that it has or will have; `None` when files outside cannot be looked at, and when it
    /// depends on the result of a stage that has to run first.
    pub fingerprint: Option<String>,
    /// Position in the pipeline.
    pub(crate) position: usize,
    /// Record of the result that is there.
    pub(crate) record: Option<StageRecord>,
    /// Files of that result as they should be recorded, where only their times changed.
    pub(crate) touched: Option<Vec<OutputFile>>,
    found: Found,
}

/// Findings about a stage, apart from those about its inputs within the pipeline.
#[derive(Debug, Clone)]
struct Found {
    /// Identity of its result, inputs left out; or why files outside cannot be looked at.
    draft: Result<Identity, String>,
    /// In words, what changed outside.
    changes: String,
    /// Why there is no record to compare with.
    no_record: Option<Reason>,
    /// Reasons in the files of the result.
    damage: Vec<Reason>,
    forced: bool,
}

/// Judgement of a stage all of whose inputs are known.
pub(crate) struct Verdict {
    /// Identity of its result; `None` when files outside cannot be looked at.
    pub(crate) identity: Option<Identity>,
    /// Why it has to run; empty when it need not.
    pub(crate) reasons: Vec<Reason>,
}

impl Plan {
    /// The stages that have to run, or that wait for one that has to.
    pub fn stale(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_stale())
    }

    /// `true` if there is nothing to do.
    pub fn is_fresh(&self) -> bool {
        self.stale().next().is_none()
    }
}

impl Step {
    /// State of the stage, as its reasons tell.
    pub fn state(&self) -> State {
        if self.reasons.is_empty() {
            State::Fresh
        } else if self.reasons.iter().all(|reason| reason.waits_for().is_some()) {
            State::Waiting
        } else {
            State::Stale
        }
    }

    /// `true` if the stage has to run or waits for one that has to.
    pub fn is_stale(&self) -> bool {
        self.state() != State::Fresh
    }

    /// The reasons in one line; `fresh` when there are none.
    pub fn why(&self) -> String {
        if self.reasons.is_empty() {
            return "fresh".to_owned();
        }
        let waits: Vec<&str> = self.reasons.iter().filter_map(Reason::waits_for).collect();
        let mut told: Vec<String> =
            self.reasons.iter().filter(|reason| reason.waits_for().is_none()).map(ToString::to_string).collect();
        if let [first, rest @ ..] = &waits[..] {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            told.push(format!("waits for `{first}`{more}"));
        }
        told.join("; ")
    }

    /// Record of the result that is there, fresh or not.
    pub fn record(&self) -> Option<&StageRecord> {
        self.record.as_ref()
    }

    /// Judges the stage by what it reads. `content_of` gives the digest of what a stage's result says, `None` where
    /// that has to be made first.
    pub(crate) fn judge(&self, pipeline: &Pipeline, content_of: &dyn Fn(&str) -> Option<String>) -> Verdict {
        let found = &self.found;
        let mut identity = match &found.draft {
            Ok(draft) => draft.clone(),
            Err(error) => {
                return Verdict { identity: None, reasons: vec![Reason::Unreadable { error: error.clone() }] };
            }
        };
        identity.inputs = pipeline
            .inputs_of(&pipeline.stages()[self.position])
            .map(|input| InputIdentity {
                stage: input.name().to_owned(),
                content: content_of(input.name()).unwrap_or_default(),
            })
            .collect();
        let mut reasons: Vec<Reason> = found.no_record.iter().cloned().collect();
        if let Some(record) = &self.record
            && !(identity.is_complete() && identity.fingerprint() == record.fingerprint)
        {
            reasons = differences(&record.identity, &identity, &found.changes);
            if reasons.is_empty() {
                // The record does not hold together: its fingerprint is not that of its parts.
                reasons.push(Reason::OtherFormat);
            }
        }
        reasons.extend(found.damage.iter().cloned());
        // What is certain comes first.
        reasons.sort_by_key(|reason| reason.waits_for().is_some());
        if found.forced && reasons.iter().all(|reason| reason.waits_for().is_some()) {
            reasons = vec![Reason::Forced];
        }
        Verdict { identity: Some(identity), reasons }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Step", 7)?;
        fields.serialize_field("stage", &self.stage)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("state", &self.state())?;
        fields.serialize_field("stale", &self.is_stale())?;
        fields.serialize_field("why", &self.why())?;
        fields.serialize_field("reasons", &self.reasons)?;
        fields.serialize_field("fingerprint", &self.fingerprint)?;
        fields.end()
    }
}

/// The plan for `targets` and what they read; no targets are all stages. With `force`, everything runs.
///
/// Writes nothing, and works on a folder that does not exist.
pub fn plan(pipeline: &Pipeline, store: &Store, targets: &[String], force: bool) -> Result<Plan, EngineError> {
    plan_for(pipeline, store, targets, force, false)
}

/// [`plan`]; with `may_write`, which takes the lock, kinds may note down what they found out about files outside.
pub(crate) fn plan_for(
    pipeline: &Pipeline,
    store: &Store,
    targets: &[String],
    force: bool,
    may_write: bool,
) -> Result<Plan, EngineError> {
    let selected = pipeline.select(targets)?;
    // Side by side: most of the time goes into waiting for the disk, or for the network that it stands on.
    let looked: Vec<Step> = thread::scope(|scope| {
        let look = |position| scope.spawn(move || look(pipeline, store, position, may_write));
        let threads: Vec<_> = selected.into_iter().map(look).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let mut steps: Vec<Step> = Vec::with_capacity(looked.len());
    for mut step in looked {
        step.found.forced = force;
        let verdict = step.judge(pipeline, &|name| {
            let input = steps.iter().find(|step| step.stage == name).filter(|step| !step.is_stale())?;
            input.record.as_ref().map(|record| record.content.clone())
        });
        step.reasons = verdict.reasons;
        step.fingerprint = verdict.identity.filter(Identity::is_complete).as_ref().map(Identity::fingerprint);
        steps.push(step);
    }
    Ok(Plan { steps })
}

/// Finds out everything about a stage but what it reads within the pipeline.
fn look(pipeline: &Pipeline, store: &Store, position: usize, may_write: bool) -> Step {
    let stage = &pipeline.stages()[position];
    let (record, no_record) = match store.known(stage.name()) {
        Known::Nothing => (None, Some(Reason::NeverRun)),
        Known::Interrupted => (None, Some(Reason::Interrupted)),
        Known::Unreadable => (None, Some(Reason::OtherFormat)),
        Known::Record(record) => (Some(*record), None),
    };
    let dir = store.stage_dir(stage.name());
    let checked = record.as_ref().map(|record| outputs::check(&dir, &record.outputs)).unwrap_or_default();
    let last = record.as_ref().filter(|record| record.identity.kind == stage.kind().name()).map(|record| LastRead {
        dir: &dir,
        digest: &record.identity.external,
        parts: &record.identity.external_parts,
    });
    let state_dir = store.state_dir(stage.name());
    let outside = Outside { base_dir: pipeline.base_dir(), state_dir: &state_dir, last, may_write };
    let (draft, changes) = match stage.prepared().external(&outside) {
        Ok(external) => {
            let changes = external.changes.clone();
            (Ok(Identity::draft(pipeline, stage, external)), changes)
        }
        Err(error) => (Err(Failure::of(error.as_ref()).message), String::new()),
    };
    let found = Found { draft, changes, no_record, damage: checked.damage, forced: false };
    Step {
        stage: stage.name().to_owned(),
        kind: stage.kind().name().to_owned(),
        reasons: Vec::new(),
        fingerprint: None,
        position,
        record,
        touched: checked.touched,
        found,
    }
}
