//! Who watches a run: implemented by the terminal, and by tests.

use crate::failure::Failure;
use crate::plan::Plan;
use crate::reason::Reason;
use crate::record::StageRun;
use crate::spec::Stage;

/// Told what a run does. All methods may be called from any thread.
pub trait Reporter: Sync {
    /// The run starts, with this plan.
    fn plan(&self, _plan: &Plan) {}
    /// A stage starts.
    fn started(&self, _stage: &Stage, _reasons: &[Reason]) {}
    /// A stage has nothing to do; `last` is what its record says of the result that is there.
    fn fresh(&self, _stage: &Stage, _last: &StageRun) {}
    /// A stage that waited has nothing to do: what it reads, `inputs`, ran and came out the same.
    fn unchanged(&self, _stage: &Stage, _last: &StageRun, _inputs: &[String]) {}
    /// A stage is done and its result in place.
    fn finished(&self, _stage: &Stage, _result: &StageRun) {}
    /// A stage went wrong.
    fn failed(&self, _stage: &Stage, _failure: &Failure) {}
    /// A stage is not started because another one, `because`, went wrong.
    fn skipped(&self, _stage: &Stage, _because: &str) {}
    /// A stage was stopped, or is not started, because the user stopped the run.
    fn cancelled(&self, _stage: &Stage) {}
    /// A piece of work within a stage begins: `total` steps of `unit`; 0 when not known.
    fn begin(&self, _stage: &str, _label: &str, _total: u64, _unit: &str) {}
    /// `steps` more are done.
    fn advance(&self, _stage: &str, _steps: u64) {}
    /// Figures worth showing beside the progress.
    fn message(&self, _stage: &str, _text: &str) {}
    /// A part of a stage's work is done that is worth a line in a log.
    fn milestone(&self, _stage: &str, _text: &str) {}
    /// Something the user must hear of; of a stage, or of the run as a whole.
    fn warn(&self, _stage: Option<&str>, _text: &str) {}
}

/// A reporter that tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {}
