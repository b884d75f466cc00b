//! The stage as a kind.

use ser_schemas::{
    Adaptation, Assignment, CalibrationBin, ClassMetrics, Clip, Comparison, ConfusionCell, Coverage, CrossCorpus,
    Epoch, LabelError, Model, ModelCheck, Perceived, Prediction, StandardisationLimit, SummaryMetric, Table as _,
    WorstGroup,
};
use ser_stage::{BoxError, Context, Input, Kind, Outcome, Output, Problem};

use crate::{Inputs, Params};

/// Metrics of every model, with intervals.
pub struct Evaluate;

impl Kind for Evaluate {
    type Params = Params;

    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 8;
    const SUMMARY: &'static str =
        "scores every model, with intervals over speakers, and refuses figures that cannot be believed";
    // Models that were trained epoch by epoch come before what they have to beat.
    const INPUTS: &'static [Input] = &[
        Input::one(&[Clip::NAME]),
        Input::any(&[Model::NAME, Prediction::NAME, Epoch::NAME]),
        Input::any(&[Model::NAME, Prediction::NAME]),
        Input::any(&[Assignment::NAME]),
    ];
    const OUTPUTS: &'static [Output] = &[
        // Those of all models once more: for people, and for whoever reads the evaluation anyway.
        Output::file(Model::FILE),
        Output::file(Prediction::FILE),
        ModelCheck::OUTPUT,
        ClassMetrics::OUTPUT,
        SummaryMetric::OUTPUT,
        ConfusionCell::OUTPUT,
        WorstGroup::OUTPUT,
        CalibrationBin::OUTPUT,
        Coverage::OUTPUT,
        Comparison::OUTPUT,
        CrossCorpus::OUTPUT,
        StandardisationLimit::OUTPUT,
        Adaptation::OUTPUT,
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
