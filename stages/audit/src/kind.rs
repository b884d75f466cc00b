//! The stage as a kind.

use ser_schemas::{
    Association, Balance, ClassBalance, Clip, Corpus, Durations, Exclusion, Finding, NearDuplicate, Shortcut,
    Table as _,
};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output};

use crate::Params;

/// Counts the dataset and says what to beware of.
pub struct Audit;

impl Kind for Audit {
    type Params = Params;

    const NAME: &'static str = "audit";
    const VERSION: u32 = 4;
    const SUMMARY: &'static str = "counts the dataset and says what to beware of";
    const INPUTS: &'static [Input] = &[Input::one(&[Clip::NAME, Exclusion::NAME, Corpus::NAME])];
    const OUTPUTS: &'static [Output] = &[
        Balance::OUTPUT,
        ClassBalance::OUTPUT,
        Durations::OUTPUT,
        Association::OUTPUT,
        Shortcut::OUTPUT,
        NearDuplicate::OUTPUT,
        Finding::OUTPUT,
    ];

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        Ok(crate::run(params, &ctx.input(Clip::NAME)?.dir, ctx)?)
    }
}
