//! `manifest`: usable clips and exclusions of all corpora.

use std::path::PathBuf;

use ser_engine::{BoxError, Input, Job};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::Kind;

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

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let ingested: Vec<PathBuf> = job.inputs_of("ingest").map(|input| input.dir.clone()).collect();
        Ok(ser_manifest::run(params, &ingested, context)?)
    }
}
