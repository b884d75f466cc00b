//! `split`: divides clips into folds, and checks that nothing leaks.

use std::path::{Path, PathBuf};

use ser_engine::{BoxError, External, Input, Job, Outside};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

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
        let mut external = assignments_file(params, outside.base_dir)?;
        if outside.last.is_some_and(|last| !last.digest.is_empty() && last.digest != external.digest)
            && params.file.is_some()
        {
            external.changes = format!("`{}` changed", external.description);
        }
        Ok(external)
    }

    fn watched(params: &Self::Params, base_dir: &Path) -> Vec<PathBuf> {
        params.file.iter().map(|file| base_dir.join(file)).collect()
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
        let before = assignments_file(params, context.base_dir)?;
        let summary = Self::run(params, job, context)?;
        if assignments_file(params, context.base_dir)? != before {
            return Err(format!("`{}` changed while it was read: run again", before.description).into());
        }
        Ok((summary, Some(before)))
    }
}

fn assignments_file(params: &ser_split::Params, base_dir: &Path) -> Result<External, BoxError> {
    let Some(file) = &params.file else { return Ok(External::default()) };
    let path = base_dir.join(file);
    let bytes = std::fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    Ok(External { digest: blake3::hash(&bytes).to_hex().to_string(), description: file.clone(), ..External::default() })
}
