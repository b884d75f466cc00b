//! The stage as a kind.

use std::path::{Path, PathBuf};

use ser_schemas::{Clip, Exclusion, Table as _, frames, functionals};
use ser_stage::{BoxError, Context, External, Input, Kind, Outcome, Output, Outside, Problem};
use ser_text::OutsideFile;

use crate::{Inputs, Params};

/// Features that were computed elsewhere.
pub struct Import;

impl Kind for Import {
    type Params = Params;

    const NAME: &'static str = "import";
    const VERSION: u32 = 3;
    const SUMMARY: &'static str = "takes features that were computed elsewhere from a file, and checks them";
    const INPUTS: &'static [Input] = &[Input::one(&[Clip::NAME]), Input::optional(&[Exclusion::NAME])];
    const OUTPUTS: &'static [Output] = &[frames::OUTPUT, functionals::OUTPUT];

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    fn external(params: &Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        file(params).external(outside)
    }

    fn watched(params: &Params, base_dir: &Path) -> Vec<PathBuf> {
        file(params).watched(base_dir)
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let inputs = Inputs { manifest: &ctx.input(Clip::NAME)?.dir, exclusions: ctx.optional_dir(Exclusion::NAME) };
        file(params).reading(ctx.base_dir, |read| Ok(crate::run(params, &inputs, &read.digest, ctx)?))
    }
}

fn file(params: &Params) -> OutsideFile<'_> {
    OutsideFile("file", Some(&params.file))
}
