//! The stage: reads predictions and manifest, checks that they belong together, writes the tables.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ser_schemas::stage::{StageContext, StageSummary};
use ser_schemas::{ClassMetrics, Clip, ConfusionCell, Prediction, SummaryMetric, Table};

use crate::Params;
use crate::error::EvaluateError;
use crate::evaluation::{Evaluation, evaluate};

/// How far probabilities may add up to something else than 1: they are single precision.
const PROBABILITY_SUM_TOLERANCE: f32 = 1e-3;

/// The artifact folders that an evaluate stage reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest.
    pub manifest: &'a Path,
    /// Name and folder of each train stage.
    pub trains: &'a [(&'a str, &'a Path)],
}

/// Scores the predictions of all train stages; writes `predictions`, `classes`, `summary` and `confusion`.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &StageContext<'_>) -> Result<StageSummary, EvaluateError> {
    let clips = Clip::read(&inputs.manifest.join("clips.parquet"))?;
    let by_id: HashMap<&str, &Clip> = clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();

    let mut predictions = Vec::new();
    for (train, folder) in inputs.trains {
        let rows = Prediction::read(&folder.join("predictions.parquet"))?;
        rows.iter().try_for_each(|row| check_row(train, row, &by_id))?;
        predictions.extend(rows);
    }
    if predictions.is_empty() {
        let names: Vec<String> = inputs.trains.iter().map(|(name, _)| format!("`{name}`")).collect();
        return Err(EvaluateError::NoPredictions { trains: names.join(", ") });
    }
    refuse_repeats(&predictions)?;
    if ctx.observer.is_cancelled() {
        return Err(EvaluateError::Cancelled);
    }

    let genders: BTreeMap<&str, &str> =
        clips.iter().filter_map(|clip| Some((clip.clip_id.as_str(), clip.gender.as_deref()?))).collect();
    ctx.observer.begin("resampling speakers", 0, "groups");
    let evaluation = evaluate(&predictions, &genders, params.resamples, ctx.seed, || ctx.observer.advance(1));

    Prediction::write(&ctx.out_dir.join("predictions.parquet"), &predictions, &ctx.provenance)?;
    ClassMetrics::write(&ctx.out_dir.join("classes.parquet"), &evaluation.classes, &ctx.provenance)?;
    SummaryMetric::write(&ctx.out_dir.join("summary.parquet"), &evaluation.summary, &ctx.provenance)?;
    ConfusionCell::write(&ctx.out_dir.join("confusion.parquet"), &evaluation.confusion, &ctx.provenance)?;
    Ok(summarise(&evaluation, predictions.len()))
}

fn check_row(train: &str, row: &Prediction, clips: &HashMap<&str, &Clip>) -> Result<(), EvaluateError> {
    let Some(clip) = clips.get(row.clip_id.as_str()) else {
        return Err(EvaluateError::UnknownClip { train: train.to_owned(), clip_id: row.clip_id.clone() });
    };
    if clip.emotion != Some(row.emotion) {
        return Err(EvaluateError::OtherEmotion {
            train: train.to_owned(),
            clip_id: row.clip_id.clone(),
            in_manifest: clip.emotion.map_or_else(|| "without emotion".to_owned(), |emotion| emotion.to_string()),
            in_predictions: row.emotion,
        });
    }
    if let Some(problem) = probability_problem(row) {
        return Err(EvaluateError::BadProbabilities { train: train.to_owned(), clip_id: row.clip_id.clone(), problem });
    }
    Ok(())
}

fn probability_problem(row: &Prediction) -> Option<String> {
    let classes = row.classes.split(',').count();
    if row.probabilities.len() != classes {
        return Some(format!("{} probabilities for {classes} classes ({})", row.probabilities.len(), row.classes));
    }
    if let Some(value) = row.probabilities.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Some(format!("expected probabilities of 0 to 1, found {value}"));
    }
    let sum: f32 = row.probabilities.iter().sum();
    ((sum - 1.0).abs() > PROBABILITY_SUM_TOLERANCE)
        .then(|| format!("expected probabilities that add up to 1, found {sum}"))
}

fn refuse_repeats(predictions: &[Prediction]) -> Result<(), EvaluateError> {
    let mut seen: HashMap<(&str, &str, &str), u32> = HashMap::with_capacity(predictions.len());
    for row in predictions {
        if let Some(first) = seen.insert((&row.model, &row.split, &row.clip_id), row.fold) {
            return Err(EvaluateError::ClipScoredTwice {
                model: row.model.clone(),
                split: row.split.clone(),
                clip_id: row.clip_id.clone(),
                first,
                second: row.fold,
            });
        }
    }
    Ok(())
}

fn summarise(evaluation: &Evaluation, clips: usize) -> StageSummary {
    let figure = |of: &SummaryMetric, metric: &str| {
        let same = |row: &&SummaryMetric| {
            row.model == of.model && row.split == of.split && row.group == "overall" && row.metric == metric
        };
        evaluation.summary.iter().find(same).map_or_else(String::new, |row| match (row.low, row.high) {
            (Some(low), Some(high)) => format!("{:.3} ({low:.3} to {high:.3})", row.value),
            _ => format!("{:.3}", row.value),
        })
    };
    let models: Vec<&SummaryMetric> =
        evaluation.summary.iter().filter(|row| row.group == "overall" && row.metric == "uar").collect();
    let notes = models.iter().map(|row| {
        format!(
            "{} on {}: UAR {}, accuracy {}, macro-F1 {} over {} clips",
            row.model,
            row.split,
            figure(row, "uar"),
            figure(row, "accuracy"),
            figure(row, "macro_f1"),
            row.support
        )
    });
    let headline = match models.as_slice() {
        [only] => format!("{} on {}: UAR {}", only.model, only.split, figure(only, "uar")),
        several => format!("{} models on their splits, {clips} predictions", several.len()),
    };
    StageSummary { rows: clips as u64, headline, notes: notes.collect() }
}
