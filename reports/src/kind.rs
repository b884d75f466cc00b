//! The stage as a kind.

use std::path::Path;

use ser_schemas::{
    Assignment, ClassMetrics, Clip, Corpus, Epoch, Example, Exclusion, Finding, Member, Prediction, SummaryMetric,
    Table as _,
};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output, Problem, SpecCover};

use crate::{CARD_FILE, Inputs, PAGE_FILE, Params, PipelineInfo, StageInfo};

/// One HTML page, the model card, and the two tables that they argue from.
pub struct Report;

impl Kind for Report {
    type Params = Params;

    const NAME: &'static str = "report";
    const VERSION: u32 = 8;
    const SUMMARY: &'static str = "draws everything on one HTML page";
    const INPUTS: &'static [Input] = &[
        Input::one(&[Clip::NAME, Exclusion::NAME, Corpus::NAME]),
        Input::optional(&[Finding::NAME]),
        Input::optional(&[Example::NAME]),
        Input::any(&[Assignment::NAME]),
        Input::any(&[Prediction::NAME, Epoch::NAME]),
        Input::any(&[Prediction::NAME]),
        Input::one(&[ClassMetrics::NAME, SummaryMetric::NAME]),
    ];
    // The tables are those of the evaluation once more, beside the page that argues from them.
    const OUTPUTS: &'static [Output] = &[
        Output::file(PAGE_FILE),
        Output::file(CARD_FILE),
        Output::file(ClassMetrics::FILE),
        Output::file(SummaryMetric::FILE),
    ];
    const COVERS: SpecCover = SpecCover::Text;

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let manifest = &ctx.input(Clip::NAME)?.dir;
        let inputs = Inputs {
            pipeline: pipeline_info(ctx),
            manifest,
            audit: ctx.optional_dir(Finding::NAME),
            features: ctx.optional_dir(Example::NAME),
            splits: ctx.named(Assignment::NAME),
            trains: ctx.named(Epoch::NAME),
            ensembles: ctx.named(Member::NAME),
            evaluate: &ctx.input(SummaryMetric::NAME)?.dir,
            // All stages lie side by side.
            page_dir: manifest.parent().unwrap_or(Path::new("")).join(&ctx.provenance.stage),
        };
        Ok(crate::run(params, &inputs, ctx)?)
    }
}

fn pipeline_info(ctx: &Context<'_>) -> PipelineInfo {
    let stages = ctx.spec.iter().flat_map(|spec| &spec.stages);
    PipelineInfo {
        name: ctx.provenance.pipeline.clone(),
        seed: ctx.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        stages: stages
            .map(|stage| StageInfo {
                name: stage.name.to_owned(),
                kind: stage.kind.to_owned(),
                from: stage.from.to_vec(),
                params: stage.params.clone(),
            })
            .collect(),
        source: ctx.spec.as_ref().and_then(|spec| spec.text).unwrap_or_default().to_owned(),
    }
}
