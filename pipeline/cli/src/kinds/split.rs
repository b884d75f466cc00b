//! `split`: divides clips into folds, and checks that nothing leaks.

use std::path::{Path, PathBuf};

use ser_engine::{BoxError, External, Input, Job, Outside};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::file::OutsideFile;
use super::{Kind, input};

pub(crate) struct Split;

impl Kind for Split {
    type Params = ser_split::Params;

    const NAME: &'static str = "split";
    const VERSION: u32 = ser_split::VERSION;
    const SUMMARY: &'static str = "divides clips into folds, and checks that nothing leaks";
    const INPUTS: &'static [Input] = &[Input::one("manifest"), Input::optional("audit")];
    const SEEDED: bool = true;
    const OUTPUTS: &'static [&'static str] = &["assignments.parquet", "checks.parquet"];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    /// The analyst's own file of assignments, where one is named.
    fn external(params: &Self::Params, outside: &Outside<'_>) -> Result<External, BoxError> {
        assignments(params).external(outside)
    }

    fn watched(params: &Self::Params, base_dir: &Path) -> Vec<PathBuf> {
        assignments(params).watched(base_dir)
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let audit = job.input("audit").map(|input| input.dir.as_path());
        let inputs = ser_split::Inputs { manifest: input(job, "manifest")?, audit };
        Ok(ser_split::run(params, &inputs, context)?)
    }

    fn run_telling(
        params: &Self::Params,
        job: &Job<'_>,
        context: &StageContext<'_>,
    ) -> Result<(StageSummary, Option<External>), BoxError> {
        assignments(params).reading(context.base_dir, || Self::run(params, job, context))
    }
}

fn assignments(params: &ser_split::Params) -> OutsideFile<'_> {
    OutsideFile(params.file.as_deref())
}
