//! The stage as a kind.

use ser_schemas::{Clip, Example, Table as _, frames, functionals};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output, Problem};

use crate::Params;

/// Computes frame features and functionals.
pub struct Features;

impl Kind for Features {
    type Params = Params;

    const NAME: &'static str = "features";
    const VERSION: u32 = crate::VERSION;
    const SUMMARY: &'static str = "computes frame features and functionals";
    const INPUTS: &'static [Input] = &[Input::one(&[Clip::NAME])];
    const OUTPUTS: &'static [Output] = &[frames::OUTPUT, functionals::OUTPUT, Example::OUTPUT];
    const SEEDED: bool = true;
    const SHARED: bool = true;

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        Ok(crate::run(params, &ctx.input(Clip::NAME)?.dir, ctx)?)
    }
}
