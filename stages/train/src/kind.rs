//! The stage as a kind.

use ser_schemas::{
    Assignment, Clip, Epoch, Exposure, Model, Prediction, StandardisationTrial, Table as _, frames, functionals,
};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output, Problem};

use crate::{Inputs, Params};

/// A network, one model per fold.
pub struct Train;

impl Kind for Train {
    type Params = Params;

    const NAME: &'static str = "train";
    const VERSION: u32 = 9;
    const SUMMARY: &'static str = "trains a network on each fold and predicts its test clips";
    const INPUTS: &'static [Input] =
        &[Input::one(&[Clip::NAME]), Input::one(&[frames::NAME, functionals::NAME]), Input::one(&[Assignment::NAME])];
    const OUTPUTS: &'static [Output] = &[
        Model::OUTPUT,
        Epoch::OUTPUT,
        Prediction::OUTPUT,
        Prediction::VALIDATION,
        Exposure::OUTPUT,
        StandardisationTrial::OUTPUT,
    ];
    const SEEDED: bool = true;
    const SHARED: bool = true;

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let split = ctx.input(Assignment::NAME)?;
        let inputs = Inputs {
            manifest: &ctx.input(Clip::NAME)?.dir,
            features: &ctx.input(frames::NAME)?.dir,
            split: &split.dir,
            model: &ctx.provenance.stage,
            split_name: &split.stage,
        };
        Ok(crate::run(params, &inputs, ctx)?)
    }
}
