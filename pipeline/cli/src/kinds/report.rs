//! `report`: one HTML page, the model card, and the two tables that they argue from.

use std::path::Path;

use ser_engine::{BoxError, Input, Job, SpecCover};
use ser_reports::{Inputs, PipelineInfo, StageInfo};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};

use super::{Kind, input};

pub(crate) struct Report;

impl Kind for Report {
    type Params = ser_reports::Params;

    const NAME: &'static str = "report";
    const VERSION: u32 = ser_reports::VERSION;
    const SUMMARY: &'static str = "draws everything on one HTML page";
    const INPUTS: &'static [Input] = &[
        Input::one("manifest"),
        Input::optional("audit"),
        Input::optional("features"),
        Input::any("split"),
        Input::any("train"),
        Input::any("baseline"),
        Input::one("evaluate"),
    ];
    const COVERS: SpecCover = SpecCover::Text;
    const OUTPUTS: &'static [&'static str] = &["index.html", "model_card.md", "classes.parquet", "summary.parquet"];

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let named = |kind: &str| -> Vec<(String, &Path)> {
            job.inputs_of(kind).map(|input| (input.stage.clone(), input.dir.as_path())).collect()
        };
        let inputs = Inputs {
            pipeline: pipeline_info(job),
            manifest: input(job, "manifest")?,
            audit: job.input("audit").map(|input| input.dir.as_path()),
            features: job.input("features").map(|input| input.dir.as_path()),
            splits: named("split"),
            trains: named("train"),
            evaluate: input(job, "evaluate")?,
            // All stages lie side by side.
            page_dir: input(job, "manifest")?.parent().unwrap_or(Path::new("")).join(job.stage),
        };
        Ok(ser_reports::run(params, &inputs, context)?)
    }
}

fn pipeline_info(job: &Job<'_>) -> PipelineInfo {
    let stages = job.spec.as_ref().map_or_else(Vec::new, |spec| {
        spec.stages
            .iter()
            .map(|stage| StageInfo {
                name: stage.name.to_owned(),
                kind: stage.kind.to_owned(),
                from: stage.from.to_vec(),
                params: stage.params.clone(),
            })
            .collect()
    });
    PipelineInfo {
        name: job.pipeline.to_owned(),
        seed: job.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        stages,
        source: job.spec.as_ref().and_then(|spec| spec.text).unwrap_or_default().to_owned(),
    }
}
