//! The stage as a kind.

use ser_schemas::{Exposure, Member, Model, Prediction, Table as _};
use ser_stage::{BoxError, Context, Input, Kind, Links, Outcome, Output, Problem};

use crate::{Inputs, Params};

/// Models that answer together.
pub struct Ensemble;

impl Kind for Ensemble {
    type Params = Params;

    const NAME: &'static str = "ensemble";
    const VERSION: u32 = 2;
    const SUMMARY: &'static str = "averages the probabilities of models of one split, or of the seeds of one";
    const INPUTS: &'static [Input] =
        &[Input { tables: &[Model::NAME, Prediction::NAME, Exposure::NAME], min: 1, max: None }];
    const OUTPUTS: &'static [Output] =
        &[Model::OUTPUT, Prediction::OUTPUT, Prediction::VALIDATION, Exposure::OUTPUT, Member::OUTPUT];

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    fn check_links(params: &Params, from: &[&str], links: &Links<'_>) -> Vec<Problem> {
        params.check_links(from, links)
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let members = ctx.named(Prediction::NAME);
        Ok(crate::run(params, &Inputs { members: &members, model: &ctx.provenance.stage }, ctx)?)
    }
}
