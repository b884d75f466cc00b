//! `train`: the CNN-LSTM, one model per fold.

use ser_engine::{BoxError, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::{Kind, input};

pub(crate) struct Train;

impl Kind for Train {
    type Params = ser_train::Params;

    const NAME: &'static str = "train";
    const VERSION: u32 = ser_train::VERSION;
    const SUMMARY: &'static str = "trains the CNN-LSTM on each fold and predicts its test clips";
    const INPUTS: &'static [Input] = &[Input::one("manifest"), Input::one("features"), Input::one("split")];
    const SEEDED: bool = true;
    const OUTPUTS: &'static [&'static str] = &[
        "models.parquet",
        "history.parquet",
        "predictions.parquet",
        ser_schemas::VALIDATION_PREDICTIONS_FILE,
        "exposures.parquet",
    ];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let inputs = ser_train::Inputs {
            manifest: input(job, "manifest")?,
            features: input(job, "features")?,
            split: input(job, "split")?,
            model: job.stage,
            split_name: job.input("split").map_or("", |input| input.stage.as_str()),
        };
        Ok(ser_train::run(params, &inputs, context)?)
    }
}
