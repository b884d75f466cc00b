//! The stage as a kind, and the figures by which its results are compared.

use ser_schemas::{
    Assignment, CalibrationBin, ClassMetrics, Clip, Comparison, ConfusionCell, CrossCorpus, Epoch, LabelError,
    ModelCheck, Perceived, Prediction, SummaryMetric, Table as _, WorstGroup,
};
use ser_stage::{BoxError, Context, Input, Kind, Metric, Outcome, Output, Problem};

use crate::{Inputs, Params};

/// Metrics that are told of a model as a whole, by their codes in the `summary` table and in the order in which they
/// are told: UAR first, the field's headline metric.
const METRICS: [(&str, &str); 7] = [
    ("uar", "UAR"),
    ("accuracy", "accuracy"),
    ("macro_f1", "macro F1"),
    ("weighted_f1", "weighted F1"),
    ("ece", "calibration error"),
    ("brier", "Brier score"),
    ("log_loss", "log loss"),
];

/// Metrics of every model, with intervals.
pub struct Evaluate;

impl Kind for Evaluate {
    type Params = Params;

    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 4;
    const SUMMARY: &'static str =
        "scores every model, with intervals over speakers, and refuses figures that cannot be believed";
    // Models that were trained epoch by epoch come before what they have to beat.
    const INPUTS: &'static [Input] = &[
        Input::one(&[Clip::NAME]),
        Input::any(&[Prediction::NAME, Epoch::NAME]),
        Input::any(&[Prediction::NAME]),
        Input::any(&[Assignment::NAME]),
    ];
    const OUTPUTS: &'static [Output] = &[
        // Those of all models once more, for people: stages read them from the models.
        Output::file(Prediction::FILE),
        ModelCheck::OUTPUT,
        ClassMetrics::OUTPUT,
        SummaryMetric::OUTPUT,
        ConfusionCell::OUTPUT,
        WorstGroup::OUTPUT,
        CalibrationBin::OUTPUT,
        Comparison::OUTPUT,
        CrossCorpus::OUTPUT,
        LabelError::OUTPUT,
        Perceived::OUTPUT,
    ];
    const KEPT: &'static [&'static str] = &[SummaryMetric::FILE, ClassMetrics::FILE];
    const SEEDED: bool = true;

    fn check(params: &Params) -> Vec<Problem> {
        params.check()
    }

    fn run(params: &Params, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let (models, splits) = (ctx.named(Prediction::NAME), ctx.named(Assignment::NAME));
        let inputs = Inputs { manifest: &ctx.input(Clip::NAME)?.dir, models: &models, splits: &splits };
        Ok(crate::run(params, &inputs, ctx)?)
    }
}

/// What was measured: a model on the folds of a split.
pub fn model_on_split(model: &str, split: &str) -> String {
    format!("{model} on {split}")
}

/// The figures of every model over all test clips, the most telling ones first.
pub(crate) fn figures(summary: &[SummaryMetric]) -> Vec<Metric> {
    let mut told = Vec::new();
    for (code, name) in METRICS {
        let rows = summary.iter().filter(|row| row.group == "overall" && row.metric == code);
        told.extend(rows.map(|row| Metric {
            name: name.to_owned(),
            of: model_on_split(&row.model, &row.split),
            value: row.value,
            low: row.low,
            high: row.high,
        }));
    }
    told
}
