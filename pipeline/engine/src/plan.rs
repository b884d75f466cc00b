//! Compares a pipeline with what is there: which stages have to run, and why.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::failure::{EngineError, Failure};
use crate::fingerprint::{Identity, InputIdentity};
use crate::reason::{Reason, differences, of_outputs};
use crate::record::StageRecord;
use crate::spec::{Pipeline, Stage};
use crate::store::{Known, Store};

/// What a run would do. A run does precisely this.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The stages asked for and everything that they read, inputs first.
    pub steps: Vec<Step>,
}

/// One stage of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// Name of the stage.
    pub stage: String,
    /// Name of its kind.
    pub kind: String,
    /// Why it has to run; empty when it is fresh.
    pub reasons: Vec<Reason>,
    /// Identity of the result that it has or will have; `None` when files outside cannot be looked at.
    pub fingerprint: Option<String>,
    /// Position in the pipeline.
    pub(crate) position: usize,
    pub(crate) identity: Option<Identity>,
    /// What made the result that is there.
    pub(crate) record: Option<StageRecord>,
}

impl Plan {
    /// The stages that have to run.
    pub fn stale(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_stale())
    }

    /// Whether there is nothing to do.
    pub fn is_fresh(&self) -> bool {
        self.stale().next().is_none()
    }
}

impl Step {
    /// Whether the stage has to run.
    pub fn is_stale(&self) -> bool {
        !self.reasons.is_empty()
    }

    /// The reasons in one line; `fresh` when there are none.
    pub fn why(&self) -> String {
        if self.reasons.is_empty() {
            return "fresh".to_owned();
        }
        self.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    /// What made the result that is there, fresh or not.
    pub fn record(&self) -> Option<&StageRecord> {
        self.record.as_ref()
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Step", 6)?;
        fields.serialize_field("stage", &self.stage)?;
        fields.serialize_field("kind", &self.kind)?;
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
    let mut steps: Vec<Step> = Vec::new();
    for position in pipeline.select(targets)? {
        let step = step(pipeline, store, position, &steps, force);
        steps.push(step);
    }
    Ok(Plan { steps })
}

fn step(pipeline: &Pipeline, store: &Store, position: usize, earlier: &[Step], force: bool) -> Step {
    let stage = &pipeline.stages()[position];
    let identity = identify(pipeline, stage, earlier);
    let fingerprint = identity.as_ref().ok().map(Identity::fingerprint);
    let (mut reasons, record) = match (&identity, store.known(stage.name())) {
        (Err(reason), known) => {
            let record = if let Known::Record(record) = known { Some(*record) } else { None };
            (vec![(**reason).clone()], record)
        }
        (Ok(_), Known::Nothing) => (vec![Reason::NeverRun], None),
        (Ok(_), Known::Interrupted) => (vec![Reason::Interrupted], None),
        (Ok(_), Known::Unreadable) => (vec![Reason::OtherFormat], None),
        (Ok(identity), Known::Record(record)) => {
            let waits = |name: &str| earlier.iter().any(|step| step.stage == name && step.is_stale());
            let mut reasons = Vec::new();
            if Some(&record.fingerprint) != fingerprint.as_ref() {
                reasons = differences(&record.identity, identity, waits);
                if reasons.is_empty() {
                    // The record does not hold together: its fingerprint is not that of its parts.
                    reasons.push(Reason::OtherFormat);
                }
            }
            reasons.extend(of_outputs(store.check_outputs(stage.name(), &record.outputs)));
            (reasons, Some(*record))
        }
    };
    if force && reasons.is_empty() {
        reasons.push(Reason::Forced);
    }
    Step {
        stage: stage.name().to_owned(),
        kind: stage.kind().name().to_owned(),
        reasons,
        fingerprint,
        position,
        identity: identity.ok(),
        record,
    }
}

/// What the result of `stage` follows from, or why that cannot be told.
fn identify(pipeline: &Pipeline, stage: &Stage, earlier: &[Step]) -> Result<Identity, Box<Reason>> {
    let mut inputs = Vec::new();
    for input in pipeline.inputs_of(stage) {
        let known = earlier.iter().find(|step| step.stage == input.name()).and_then(|step| step.fingerprint.clone());
        let Some(content) = known else { return Err(Box::new(Reason::WaitsFor { stage: input.name().to_owned() })) };
        inputs.push(InputIdentity { stage: input.name().to_owned(), content });
    }
    Identity::of(pipeline, stage, inputs)
        .map_err(|error| Box::new(Reason::Unreadable { error: Failure::of(error.as_ref()).message }))
}
