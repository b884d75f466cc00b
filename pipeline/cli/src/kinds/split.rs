//! `split`: divides clips into folds, and checks that nothing leaks.

use ser_engine::{BoxError, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::{Kind, input};

pub(crate) struct Split;

impl Kind for Split {
    type Params = ser_split::Params;

    const NAME: &'static str = "split";
    const VERSION: u32 = ser_split::VERSION;
    const SUMMARY: &'static str = "divides clips into folds, and checks that nothing leaks";
    const INPUTS: &'static [Input] = &[Input::one("manifest")];
    const SEEDED: bool = true;
    const OUTPUTS: &'static [&'static str] = &["assignments.parquet", "checks.parquet"];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        Ok(ser_split::run(params, input(job, "manifest")?, context)?)
    }
}
