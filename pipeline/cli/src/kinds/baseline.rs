//! `baseline`: what a network has to beat, one model per fold.

use ser_engine::{BoxError, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::{Kind, input};

pub(crate) struct Baseline;

impl Kind for Baseline {
    type Params = ser_baseline::Params;

    const NAME: &'static str = "baseline";
    const VERSION: u32 = ser_baseline::VERSION;
    const SUMMARY: &'static str = "predicts by the most frequent emotion, or by a linear model of functionals";
    const INPUTS: &'static [Input] = &[Input::one("manifest"), Input::optional("features"), Input::one("split")];
    const OUTPUTS: &'static [&'static str] = &[
        "models.parquet",
        "predictions.parquet",
        ser_schemas::VALIDATION_PREDICTIONS_FILE,
        "exposures.parquet",
        "regularisation.parquet",
    ];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let inputs = ser_baseline::Inputs {
            manifest: input(job, "manifest")?,
            features: job.input("features").map(|input| input.dir.as_path()),
            split: input(job, "split")?,
            model: job.stage,
            split_name: job.input("split").map_or("", |input| input.stage.as_str()),
        };
        Ok(ser_baseline::run(params, &inputs, context)?)
    }
}
