//! The stage: reads predictions, splits and manifest, refuses what cannot be believed, writes the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use ser_schemas::{
    Adaptation, Assignment, CalibrationBin, CheckStatus, ClassMetrics, Clip, Comparison, ComparisonKind, ConfusionCell,
    Coverage, CrossCorpus, Emotion, Exposure, Grouping, KEY_HELD_OUT, KEY_PROTOCOL, LabelError, Model, ModelCheck,
    Perceived, Prediction, StandardisationLimit, StandardisationTrial, SummaryMetric, Table, TableError, WorstGroup,
    read_metadata,
};
use ser_stage::{Context, Outcome};

use crate::Params;
use crate::comparisons::compare;
use crate::coverage::coverage;
use crate::cross_corpus::matrix;
use crate::error::EvaluateError;
use crate::evaluation::{Evaluation, evaluate};
use crate::figures::Resampling;
use crate::headline::figures;
use crate::labelled::adapted;
use crate::labels::{label_errors, perceived};
use crate::leaks::{Evidence, SplitFacts, inspect};
use crate::standardisation::limits;
use crate::subject::Subject;

/// The artifact folders that an evaluate stage reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest.
    pub manifest: &'a Path,
    /// Name and folder of each stage that makes models.
    pub models: &'a [(&'a str, &'a Path)],
    /// Name and folder of each split stage. What predictions are made on a split that is not here is scored, and what cannot be
    /// tested without it is noted.
    pub splits: &'a [(&'a str, &'a Path)],
}

/// Tables of one stage that makes models.
pub(crate) struct Source {
    name: String,
    models: Vec<Model>,
    pub predictions: Vec<Prediction>,
    pub validation: Vec<Prediction>,
    exposures: Option<Vec<Exposure>>,
    pub trials: Vec<StandardisationTrial>,
}

/// Scores the predictions of all models.
///
/// A leak fails the stage, which then keeps `model_checks` as [`Context::keep_refused`] says.
///
/// Writes `models`, `predictions`, `model_checks`, `summary`, `classes`, `confusion`, `worst_groups`, `calibration`, `coverage`,
/// `comparisons`, `cross_corpus`, `standardisation_limits`, `adaptation`, `label_errors` and `perceived`.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, EvaluateError> {
    if inputs.models.is_empty() {
        return Err(EvaluateError::NoModels);
    }
    let clips = Clip::read_in(inputs.manifest)?;
    let by_id: HashMap<&str, &Clip> = clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
    let splits: Vec<SplitFacts> =
        inputs.splits.iter().map(|(name, folder)| read_split(name, folder)).collect::<Result<_, _>>()?;
    let sources: Vec<Source> =
        inputs.models.iter().map(|(name, folder)| read_source(name, folder, &by_id)).collect::<Result<_, _>>()?;
    if sources.iter().all(|source| source.predictions.is_empty()) {
        let names: Vec<String> = sources.iter().map(|source| format!("`{}`", source.name)).collect();
        return Err(EvaluateError::NoPredictions { models: names.join(", ") });
    }
    refuse_repeats(sources.iter().flat_map(|source| &source.predictions))?;
    let dir = ctx.out_dir;

    let parts = parts_of(&sources);
    parts.iter().try_for_each(Part::check_seeds)?;
    let facts = |split: &str| splits.iter().find(|facts| facts.name == split);
    let evidence: Vec<Evidence<'_>> =
        parts.iter().map(|part| part.evidence(facts(&part.about.split), &by_id)).collect();
    let checks: Vec<ModelCheck> = evidence.iter().flat_map(inspect).collect();
    ModelCheck::write_in(dir, &checks, &ctx.provenance)?;
    refuse_leaks(&checks, ctx)?;
    for split in parts.iter().map(|part| part.about.split.as_str()).collect::<BTreeSet<_>>() {
        if facts(split).is_none() {
            ctx.observer.warn(&format!(
                "split `{split}` is not among the inputs of this stage: whether its models met their test clips is not \
                 fully tested; add it to `from`"
            ));
        }
    }
    if ctx.observer.is_cancelled() {
        return Err(EvaluateError::Cancelled);
    }

    ctx.observer.begin("resampling speakers", 0, "groups");
    let subjects: Vec<Subject<'_>> = parts
        .iter()
        .zip(&evidence)
        .map(|(Part { about, predictions, validation, .. }, evidence)| {
            let trained_on = evidence.trained_on();
            Subject::new(about, predictions, validation, &trained_on, &by_id, params.temperature_scaling)
        })
        .collect();
    let evaluation = evaluate(&subjects, params, ctx.seed, || ctx.observer.advance(1));
    if ctx.observer.is_cancelled() {
        return Err(EvaluateError::Cancelled);
    }
    let resampling = Resampling { resamples: params.resamples, seed: ctx.seed };
    let comparisons = compare(&subjects, resampling);
    let cross = matrix(&subjects, resampling);
    let trials: Vec<&StandardisationTrial> = sources.iter().flat_map(|source| &source.trials).collect();
    let limits = limits(&subjects, &trials, resampling);
    let covered = coverage(&subjects, resampling);
    let adaptation = adapted(&subjects, resampling);
    let disputed = label_errors(&subjects, params.label_errors as usize);

    let models: Vec<Model> = sources.iter().flat_map(|source| source.models.clone()).collect();
    Model::write_in(dir, &models, &ctx.provenance)?;
    let predictions: Vec<Prediction> = sources.iter().flat_map(|source| source.predictions.clone()).collect();
    Prediction::write_in(dir, &predictions, &ctx.provenance)?;
    ClassMetrics::write_in(dir, &evaluation.classes, &ctx.provenance)?;
    SummaryMetric::write_in(dir, &evaluation.summary, &ctx.provenance)?;
    ConfusionCell::write_in(dir, &evaluation.confusion, &ctx.provenance)?;
    WorstGroup::write_in(dir, &evaluation.worst, &ctx.provenance)?;
    CalibrationBin::write_in(dir, &evaluation.calibration, &ctx.provenance)?;
    Coverage::write_in(dir, &covered, &ctx.provenance)?;
    Comparison::write_in(dir, &comparisons, &ctx.provenance)?;
    CrossCorpus::write_in(dir, &cross, &ctx.provenance)?;
    StandardisationLimit::write_in(dir, &limits, &ctx.provenance)?;
    Adaptation::write_in(dir, &adaptation, &ctx.provenance)?;
    LabelError::write_in(dir, &disputed, &ctx.provenance)?;
    Perceived::write_in(dir, &perceived(&clips), &ctx.provenance)?;
    Ok(summarise(&evaluation, &comparisons, predictions.len()))
}

/// The predictions of one model on one split.
pub(crate) struct Part<'a> {
    pub about: &'a Model,
    source: &'a Source,
    pub predictions: Vec<&'a Prediction>,
    validation: Vec<Prediction>,
}

impl<'a> Part<'a> {
    /// Fails where one seed answers for a clip that another does not answer for, or twice: figures would be of other clips.
    pub(crate) fn check_seeds(&self) -> Result<(), EvaluateError> {
        let all = || self.predictions.iter().copied().chain(&self.validation);
        let seeds: BTreeSet<Option<u32>> = all().map(|row| row.seed).collect();
        if seeds.len() < 2 {
            return Ok(());
        }
        let wrong = |seed: Option<u32>, how: &'static str, fold: u32, clip_id: &str| EvaluateError::SeedsDiffer {
            model: self.about.model.clone(),
            split: self.about.split.clone(),
            seed: seed.map_or_else(|| "an empty `seed`".to_owned(), |seed| format!("seed {seed}")),
            how,
            fold,
            clip_id: clip_id.to_owned(),
        };
        for rows in [&self.predictions, &self.validation.iter().collect()] {
            let mut told: BTreeMap<(u32, &str), BTreeSet<Option<u32>>> = BTreeMap::new();
            for row in rows {
                if !told.entry((row.fold, &row.clip_id)).or_default().insert(row.seed) {
                    return Err(wrong(row.seed, "two predictions", row.fold, &row.clip_id));
                }
            }
            for ((fold, clip_id), told) in told {
                if let Some(lacking) = seeds.difference(&told).next() {
                    return Err(wrong(*lacking, "no prediction", fold, clip_id));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn evidence(
        &'a self,
        facts: Option<&'a SplitFacts>,
        clips: &'a HashMap<&'a str, &'a Clip>,
    ) -> Evidence<'a> {
        Evidence {
            model: &self.about.model,
            split: &self.about.split,
            predictions: &self.predictions,
            validation: &self.validation,
            exposures: self.source.exposures.as_deref(),
            facts,
            clips,
        }
    }
}

/// Every model that predicts anything, on every split, by name.
pub(crate) fn parts_of(sources: &[Source]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for source in sources {
        for about in &source.models {
            let own = |row: &&Prediction| is_of(row, about);
            let predictions: Vec<&Prediction> = source.predictions.iter().filter(own).collect();
            if !predictions.is_empty() {
                let validation = source.validation.iter().filter(own).cloned().collect();
                parts.push(Part { about, source, predictions, validation });
            }
        }
    }
    parts.sort_by_key(|part| (&part.about.model, &part.about.split));
    parts
}

fn is_of(row: &Prediction, about: &Model) -> bool {
    row.model == about.model && row.split == about.split
}

fn read_split(name: &str, folder: &Path) -> Result<SplitFacts, EvaluateError> {
    let path = Assignment::file_in(folder);
    let metadata = read_metadata(&path)?;
    let value = |key: &str| metadata.get(key).map(String::as_str);
    let held_out = Grouping::held_out_by(value(KEY_PROTOCOL).unwrap_or_default(), value(KEY_HELD_OUT));
    Ok(SplitFacts { name: name.to_owned(), held_out, assignments: Assignment::read(&path)? })
}

pub(crate) fn read_source(name: &str, folder: &Path, clips: &HashMap<&str, &Clip>) -> Result<Source, EvaluateError> {
    let models: Vec<Model> = read_any(&Model::file_in(folder))?.unwrap_or_default();
    let predictions = Prediction::read_in(folder)?;
    let validation: Vec<Prediction> = read_any(&folder.join(Prediction::VALIDATION.file))?.unwrap_or_default();
    predictions.iter().chain(&validation).try_for_each(|row| check_row(name, row, clips))?;
    if let Some(row) = predictions.iter().find(|row| !models.iter().any(|about| is_of(row, about))) {
        let (model, split) = (row.model.clone(), row.split.clone());
        return Err(EvaluateError::NotDescribed { stage: name.to_owned(), model, split });
    }
    let exposures = read_any(&Exposure::file_in(folder))?;
    let trials: Vec<StandardisationTrial> = read_any(&StandardisationTrial::file_in(folder))?.unwrap_or_default();
    refuse_stray(&trials, &predictions)?;
    Ok(Source { name: name.to_owned(), models, predictions, validation, exposures, trials })
}

/// The table at `path`; `None` where there is no such file.
fn read_any<T: Table>(path: &Path) -> Result<Option<Vec<T>>, TableError> {
    path.exists().then(|| T::read(path)).transpose()
}

fn refuse_leaks(checks: &[ModelCheck], ctx: &Context<'_>) -> Result<(), EvaluateError> {
    let Some(failed) = checks.iter().find(|check| check.status == CheckStatus::Failed) else { return Ok(()) };
    let refused = ctx.keep_refused().map_err(TableError::io("create", ctx.refused_dir))?;
    let kept = ModelCheck::file_in(refused);
    ModelCheck::write(&kept, checks, &ctx.provenance)?;
    Err(EvaluateError::Leak { failed: Box::new(failed.clone()), checks: kept })
}

fn check_row(model: &str, row: &Prediction, clips: &HashMap<&str, &Clip>) -> Result<(), EvaluateError> {
    let Some(clip) = clips.get(row.clip_id.as_str()) else {
        return Err(EvaluateError::UnknownClip { model: model.to_owned(), clip_id: row.clip_id.clone() });
    };
    if clip.emotion != Some(row.emotion) {
        return Err(EvaluateError::OtherEmotion {
            model: model.to_owned(),
            clip_id: row.clip_id.clone(),
            in_manifest: clip.emotion.map_or_else(|| "without emotion".to_owned(), |emotion| emotion.to_string()),
            in_predictions: row.emotion,
        });
    }
    if let Some(problem) = row.probability_problem() {
        return Err(EvaluateError::BadProbabilities { model: model.to_owned(), clip_id: row.clip_id.clone(), problem });
    }
    Ok(())
}

/// Trials are of the clips that their models predict, in the same folds, or they come from another run.
fn refuse_stray(trials: &[StandardisationTrial], predictions: &[Prediction]) -> Result<(), EvaluateError> {
    let predicted: HashMap<(&str, &str, &str), (u32, Emotion)> = predictions
        .iter()
        .map(|row| ((row.model.as_str(), row.split.as_str(), row.clip_id.as_str()), (row.fold, row.emotion)))
        .collect();
    let is_stray = |row: &&StandardisationTrial| {
        let of = predicted.get(&(row.model.as_str(), row.split.as_str(), row.clip_id.as_str()));
        of != Some(&(row.fold, row.emotion))
    };
    match trials.iter().find(is_stray) {
        None => Ok(()),
        Some(row) => Err(EvaluateError::StrayTrial {
            model: row.model.clone(),
            split: row.split.clone(),
            clip_id: row.clip_id.clone(),
            fold: row.fold,
        }),
    }
}

fn refuse_repeats<'a>(predictions: impl Iterator<Item = &'a Prediction>) -> Result<(), EvaluateError> {
    let mut seen: HashMap<(&str, &str, &str, Option<u32>), u32> = HashMap::new();
    for row in predictions {
        if let Some(first) = seen.insert((&row.model, &row.split, &row.clip_id, row.seed), row.fold) {
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

/// `, 3 seeds, sd 0.009`; nothing of one.
fn of_seeds(row: &SummaryMetric) -> String {
    let both = row.seeds.zip(row.seed_sd);
    both.map_or_else(String::new, |(seeds, sd)| format!(", {seeds} seeds, sd {sd:.3}"))
}

fn summarise(evaluation: &Evaluation, comparisons: &[Comparison], clips: usize) -> Outcome {
    let summary = &evaluation.summary;
    let headline_of = |model: &str, split: &str| SummaryMetric::headline(summary, [model, split, "overall", "all"]);
    let figure = |of: &SummaryMetric, metric: &str| {
        let same = |row: &&SummaryMetric| {
            row.model == of.model && row.split == of.split && row.group == "overall" && row.metric == metric
        };
        summary.iter().find(same).map_or_else(String::new, |row| range(row.value, row.low, row.high))
    };
    let models: Vec<&SummaryMetric> = summary
        .iter()
        .filter(|row| row.group == "overall" && row.metric == SummaryMetric::UAR)
        .filter_map(|row| headline_of(&row.model, &row.split))
        .collect();
    let told = |row: &SummaryMetric| {
        let uar = format!("{}{}", range(row.value, row.low, row.high), of_seeds(row));
        if row.metric == SummaryMetric::UAR {
            return format!("{} on {}: UAR {uar}", row.model, row.split);
        }
        let corpora = summary.iter().filter(|other| {
            other.model == row.model && other.split == row.split && other.group == "corpus" && other.metric == "uar"
        });
        format!("{} on {}: UAR {uar}, the mean over {} corpora", row.model, row.split, corpora.count())
    };
    let mut notes: Vec<String> = models
        .iter()
        .map(|row| {
            let pooled = if row.metric == SummaryMetric::UAR {
                String::new()
            } else {
                format!("; pooled: UAR {}", figure(row, SummaryMetric::UAR))
            };
            let (accuracy, macro_f1) = (figure(row, "accuracy"), figure(row, "macro_f1"));
            format!("{}{pooled}, accuracy {accuracy}, macro-F1 {macro_f1} over {} clips", told(row), row.support)
        })
        .collect();
    // What each corpus or language costs by itself is in the table.
    let between_protocols = comparisons.iter().filter(|row| row.group.is_none() && row.is_headline(comparisons));
    notes.extend(between_protocols.filter_map(|row| costs(row, comparisons)));
    let headline = match models.as_slice() {
        [only] => told(only),
        several => format!("{} models on their splits, {clips} predictions", several.len()),
    };
    let metrics = figures(summary);
    Outcome { rows: clips as u64, headline, notes, metrics, external: None }
}

/// What one protocol has over another, in words; `None` of two models on one split.
fn costs(row: &Comparison, all: &[Comparison]) -> Option<String> {
    let what = match row.kind {
        ComparisonKind::Paired => return None,
        ComparisonKind::ProtocolGap if row.value < 0.0 => "a loss, though it knows the speaker".to_owned(),
        ComparisonKind::ProtocolGap => "what knowing the speaker is worth".to_owned(),
        ComparisonKind::Unheard => {
            let of_split = |other: &&Comparison| other.kind == row.kind && other.split_a == row.split_a;
            let group = all.iter().filter(of_split).find_map(|other| other.group.as_deref());
            match (group, row.value > 0.0) {
                (None, false) => "what holding out more than the speaker costs".to_owned(),
                (None, true) => "a gain, though more than the speaker is held out".to_owned(),
                (Some(group), false) => format!("what never having heard the {group} costs"),
                (Some(group), true) => format!("a gain, though it never heard the {group}"),
            }
        }
    };
    let unsure = row.low.is_some_and(|low| low <= 0.0) && row.high.is_some_and(|high| high >= 0.0);
    Some(format!(
        "{} on {} less {} on {}: UAR {}: {what}{}",
        row.model_a,
        row.split_a,
        row.model_b,
        row.split_b,
        range(row.value, row.low, row.high),
        if unsure { ", not shown to differ from 0" } else { "" }
    ))
}

fn range(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{value:.3} ({low:.3} to {high:.3})"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use ser_schemas::ComparisonTest;

    use super::*;

    fn row(kind: ComparisonKind, group: Option<&str>, value: f64) -> Comparison {
        Comparison {
            kind,
            model_a: "a".into(),
            split_a: "one".into(),
            model_b: "b".into(),
            split_b: "si".into(),
            group: group.map(str::to_owned),
            group_value: group.map(|_| "it".into()),
            metric: "uar".into(),
            value_a: 0.5 + value,
            value_b: 0.5,
            value,
            low: Some(value - 0.1),
            high: Some(value + 0.1),
            test: ComparisonTest::SpeakerPermutation,
            p_value: None,
            p_adjusted: None,
            support: 9,
            speakers: 3,
        }
    }

    #[test]
    fn a_gain_is_no_cost_and_a_loss_is_no_worth() {
        use ComparisonKind::{Paired, ProtocolGap, Unheard};
        let told = |kind, group: Option<&str>, value| {
            let rows = [row(kind, None, value), row(kind, group, value)];
            costs(&rows[0], &rows)
        };
        for (kind, group, value, expected) in [
            (ProtocolGap, None, 0.2, "what knowing the speaker is worth"),
            (ProtocolGap, None, -0.2, "a loss, though it knows the speaker"),
            (Unheard, Some("language"), -0.2, "what never having heard the language costs"),
            (Unheard, Some("language"), 0.2, "a gain, though it never heard the language"),
            (Unheard, None, -0.2, "what holding out more than the speaker costs"),
            (Unheard, None, 0.2, "a gain, though more than the speaker is held out"),
        ] {
            let note = told(kind, group, value).expect("two splits");
            assert!(note.ends_with(&format!("): {expected}")), "{note}");
        }
        let unsure = told(Unheard, Some("corpus"), 0.05).expect("two splits");
        assert!(unsure.ends_with("a gain, though it never heard the corpus, not shown to differ from 0"), "{unsure}");
        assert_eq!(told(Paired, None, 0.2), None);
    }
}
