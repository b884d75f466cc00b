//! The stage as a kind.

use ser_schemas::{
    Assignment, Clip, Exposure, Model, Prediction, Regularisation, StandardisationTrial, Table as _, functionals,
};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output};

use crate::{Inputs, Params};

/// The kind of baselines, which a network has to beat. One model per fold.
pub struct Baseline;

impl Kind for Baseline {
    type Params = Params;

    const NAME: &'static str = "baseline";
    const VERSION: u32 = 5;
    const SUMMARY: &'static str = "predicts by the most frequent emotion, or by a linear model of functionals";
    const INPUTS: &'static [Input] =
        &[Input::one(&[Clip::NAME]), Input::optional(&[functionals::NAME]), Input::one(&[Assignment::NAME])];
    const OUTPUTS: &'static [Output] = &[
        Model::OUTPUT,
        Prediction::OUTPUT,
        Prediction::VALIDATION,
        Exposure::OUTPUT,
        Regularisation::OUTPUT,
        StandardisationTrial::OUTPUT,
    ];

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let split = ctx.input(Assignment::NAME)?;
        let inputs = Inputs {
            manifest: &ctx.input(Clip::NAME)?.dir,
            features: ctx.optional_dir(functionals::NAME),
            split: &split.dir,
            model: &ctx.provenance.stage,
            split_name: &split.stage,
        };
        Ok(crate::run(params, &inputs, ctx)?)
    }
}
