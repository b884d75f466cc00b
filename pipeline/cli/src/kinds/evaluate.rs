//! `evaluate`: metrics of every model, with intervals.

use std::path::Path;

use ser_engine::{BoxError, Input, Job, Metric};
use ser_schemas::stage::{ParamProblem, StageContext, StageSummary};
use ser_schemas::{SummaryMetric, Table as _};

use super::{Kind, input};
use crate::words;

pub(crate) struct Evaluate;

impl Kind for Evaluate {
    type Params = ser_evaluate::Params;

    const NAME: &'static str = "evaluate";
    const VERSION: u32 = ser_evaluate::VERSION;
    const SUMMARY: &'static str =
        "scores every model, with intervals over speakers, and refuses figures that cannot be believed";
    const INPUTS: &'static [Input] =
        &[Input::one("manifest"), Input::any("train"), Input::any("baseline"), Input::any("split")];
    const SEEDED: bool = true;
    const OUTPUTS: &'static [&'static str] = &[
        "models.parquet",
        "predictions.parquet",
        "model_checks.parquet",
        "classes.parquet",
        "summary.parquet",
        "confusion.parquet",
        "worst_groups.parquet",
        "calibration.parquet",
        "comparisons.parquet",
        "cross_corpus.parquet",
        "label_errors.parquet",
        "perceived.parquet",
    ];

    const KEPT: &'static [&'static str] = &["summary.parquet", "classes.parquet"];

    /// Of every model, over all test clips: UAR first, the field's headline metric.
    fn metrics(dir: &Path) -> Result<Vec<Metric>, BoxError> {
        let mut rows = SummaryMetric::read(&dir.join("summary.parquet"))?;
        rows.retain(|row| row.group == "overall");
        rows.sort_by_key(|row| words::metric(&row.metric).map(|(rank, _)| rank));
        let told = rows.into_iter().filter_map(|row| Some((words::metric(&row.metric)?.1, row)));
        Ok(told
            .map(|(name, row)| Metric {
                name: name.to_owned(),
                of: words::model_on_split(&row.model, &row.split),
                value: row.value,
                low: row.low,
                high: row.high,
            })
            .collect())
    }

    fn check(params: &Self::Params) -> Vec<ParamProblem> {
        params.check()
    }

    fn run(params: &Self::Params, job: &Job<'_>, context: &StageContext<'_>) -> Result<StageSummary, BoxError> {
        let named = |kind: &str| -> Vec<(&str, &Path)> {
            job.inputs_of(kind).map(|input| (input.stage.as_str(), input.dir.as_path())).collect()
        };
        let models = [named("train"), named("baseline")].concat();
        let splits = named("split");
        let inputs = ser_evaluate::Inputs { manifest: input(job, "manifest")?, models: &models, splits: &splits };
        Ok(ser_evaluate::run(params, &inputs, context)?)
    }
}
