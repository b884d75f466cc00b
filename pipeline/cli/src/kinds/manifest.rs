//! `manifest`: usable clips and exclusions of all corpora.

use std::path::{Path, PathBuf};

use ser_engine::{BoxError, External, Input, Job, Outside};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::Kind;
use super::file::OutsideFile;

pub(crate) struct Manifest;

impl Kind for Manifest {
    type Params = ser_manifest::Params;

    const NAME: &'static str = "manifest";
    const VERSION: u32 = ser_manifest::VERSION;
    const SUMMARY: &'static str = "maps labels, leaves out what is unusable, and says why";
    const INPUTS: &'static [Input] = &[Input::some("ingest")];
    const OUTPUTS: &'static [&'static str] = &["clips.parquet", "exclusions.parquet", "corpora.parquet"];

    const KEPT: &'static [&'static str] = &["clips.parquet", "exclusions.parquet"];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    /// The analyst's own file of clips to leave out, where one is named.
    fn external(params: &Self::Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        excluded(params).external(outside)
    }

    fn watched(params: &Self::Params, base_dir: &Path) -> Vec<PathBuf> {
        excluded(params).watched(base_dir)
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let ingested: Vec<PathBuf> = job.inputs_of("ingest").map(|input| input.dir.clone()).collect();
        Ok(ser_manifest::run(params, &ingested, context)?)
    }

    fn run_telling(
        params: &Self::Params,
        job: &Job<'_>,
        context: &StageContext<'_>,
    ) -> Result<(StageSummary, Option<External>), BoxError> {
        excluded(params).reading(context.base_dir, || Self::run(params, job, context))
    }
}

fn excluded(params: &ser_manifest::Params) -> OutsideFile<'_> {
    OutsideFile(params.exclude_file.as_deref())
}
