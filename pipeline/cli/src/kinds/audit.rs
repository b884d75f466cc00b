//! `audit`: counts the dataset and says what to beware of.

use ser_engine::{BoxError, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::{Kind, input};

pub(crate) struct Audit;

impl Kind for Audit {
    type Params = ser_audit::Params;

    const NAME: &'static str = "audit";
    const VERSION: u32 = ser_audit::VERSION;
    const SUMMARY: &'static str = "counts the dataset and says what to beware of";
    const INPUTS: &'static [Input] = &[Input::one("manifest")];
    const OUTPUTS: &'static [&'static str] = &ser_audit::FILES;

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        Ok(ser_audit::run(params, input(job, "manifest")?, context)?)
    }
}
