//! `features`: computes frame features and functionals.

use ser_engine::{BoxError, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::{Kind, input};

pub(crate) struct Features;

impl Kind for Features {
    type Params = ser_features::Params;

    const NAME: &'static str = "features";
    const VERSION: u32 = ser_features::VERSION;
    const SUMMARY: &'static str = "computes frame features and functionals";
    const INPUTS: &'static [Input] = &[Input::one("manifest")];
    const SEEDED: bool = true;
    const OUTPUTS: &'static [&'static str] = &["frames.parquet", "functionals.parquet", "examples.parquet"];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        Ok(ser_features::run(params, input(job, "manifest")?, context)?)
    }
}
