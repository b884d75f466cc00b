//! The engine: reads a declared pipeline, decides what is stale and why, and runs it without ever leaving a mix of old
//! and new behind.
//!
//! It knows no audio. What a pipeline may contain is a [`Registry`] of [`StageKind`](ser_stage::StageKind)s that the
//! binary hands in; a [`Spec`] is read and checked against it, all mistakes at once, and becomes a [`Pipeline`]. A
//! [`Store`] is the artifacts folder. [`plan()`] compares the two and gives every stage's reason to run; [`run()`] does
//! precisely that plan.

mod compare;
mod diagnostic;
mod editor_schema;
mod failure;
mod files;
mod fingerprint;
mod gc;
mod graph;
mod keep;
mod lock;
mod outputs;
mod plan;
mod reason;
mod record;
mod registry;
mod reporter;
mod runner;
mod runs;
mod spec;
mod stage_run;
mod store;
mod time;
mod worker;

pub use compare::{CodeChange, Figure, MetricChange, NotCompared, ParameterChange, RunDiff, StageName, compare};
pub use diagnostic::{Diagnostic, Source, Span, SpecErrors};
pub use editor_schema::json_schema;
pub use failure::{EngineError, Failure};
pub use fingerprint::{Identity, InputIdentity};
pub use gc::{Garbage, GarbageItem, GarbageKind, gc};
pub use graph::UnknownStage;
pub use plan::{Plan, State, Step, plan};
pub use reason::Reason;
pub use record::{KeptFile, OutputFile, RunRecord, RunStatus, StageRecord, StageRun, StageStatus};
pub use registry::{ContentDigest, Registry};
pub use reporter::{Reporter, Silent};
pub use runner::{RunOptions, run};
pub use runs::UnknownRun;
pub use spec::{Override, Pipeline, Spec, Stage};
pub use store::Store;
pub use time::now;
pub use worker::{WorkOptions, Worked, work};
