//! The stage as a kind.

use std::path::{Path, PathBuf};

use ser_schemas::{Clip, Corpus, Exclusion, Table as _};
use ser_stage::{BoxError, Context, External, Input, Kind, Outcome, Output, Outside, Problem};
use ser_text::OutsideFile;

use crate::Params;

/// Usable clips and exclusions of all corpora.
pub struct Manifest;

impl Kind for Manifest {
    type Params = Params;

    const NAME: &'static str = "manifest";
    const VERSION: u32 = 5;
    const SUMMARY: &'static str = "maps labels, leaves out what is unusable, and says why";
    const INPUTS: &'static [Input] = &[Input::some(&[Clip::RECORDINGS, Corpus::SINGLE])];
    const OUTPUTS: &'static [Output] = &[Clip::OUTPUT, Exclusion::OUTPUT, Corpus::OUTPUT];
    const KEPT: &'static [&'static str] = &[Clip::FILE, Exclusion::FILE];

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    /// The analyst's own file of clips to leave out, where one is named.
    fn external(params: &Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        excluded(params).external(outside)
    }

    fn watched(params: &Params, base_dir: &Path) -> Vec<PathBuf> {
        excluded(params).watched(base_dir)
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let ingested: Vec<PathBuf> = ctx.inputs.iter().map(|input| input.dir.clone()).collect();
        excluded(params).reading(ctx.base_dir, |_| Ok(crate::run(params, &ingested, ctx)?))
    }
}

fn excluded(params: &Params) -> OutsideFile<'_> {
    OutsideFile("exclude_file", params.exclude_file.as_deref())
}
