//! The stage as a kind.

use std::path::{Path, PathBuf};

use ser_schemas::{Assignment, Check, Clip, Exclusion, NearDuplicate, Table as _};
use ser_stage::{BoxError, Context, External, Input, Kind, Outcome, Output, Outside, Problem};
use ser_text::OutsideFile;

use crate::{Inputs, Params};

/// Divides clips into folds, and checks that nothing leaks.
pub struct Split;

impl Kind for Split {
    type Params = Params;

    const NAME: &'static str = "split";
    const VERSION: u32 = 6;
    const SUMMARY: &'static str = "divides clips into folds, and checks that nothing leaks";
    const INPUTS: &'static [Input] =
        &[Input::one(&[Clip::NAME]), Input::optional(&[Exclusion::NAME]), Input::optional(&[NearDuplicate::NAME])];
    const OUTPUTS: &'static [Output] = &[Assignment::OUTPUT, Check::OUTPUT];
    const SEEDED: bool = true;

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    /// The analyst's own file of assignments, where one is named.
    fn external(params: &Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        assignments(params).external(outside)
    }

    fn watched(params: &Params, base_dir: &Path) -> Vec<PathBuf> {
        assignments(params).watched(base_dir)
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let inputs = Inputs {
            manifest: &ctx.input(Clip::NAME)?.dir,
            exclusions: ctx.optional_dir(Exclusion::NAME),
            audit: ctx.optional_dir(NearDuplicate::NAME),
        };
        assignments(params).reading(ctx.base_dir, |_| Ok(crate::run(params, &inputs, ctx)?))
    }
}

fn assignments(params: &Params) -> OutsideFile<'_> {
    OutsideFile("file", params.file.as_deref())
}
