//! From subjects to the rows of `summary`, `classes`, `confusion`, `calibration` and `worst_groups`. No files here.

use rayon::prelude::*;

use ser_schemas::{CalibrationBin, ClassMetrics, ConfusionCell, SummaryMetric, WorstGroup};

use crate::Params;
use crate::by_corpus::ByCorpus;
use crate::calibration::Tally;
use crate::class_intervals::ClassIntervals;
use crate::confusion::{Confusion, shared};
use crate::figures::{Calibrated, Calibration, Figures, Resampling, seed_sd};
use crate::groups::{Group, groups};
use crate::interval::Interval;
use crate::means::means;
use crate::metrics::{ClassScores, Scores, ratio};
use crate::sample::Sample;
use crate::subject::Subject;

/// The rows of the tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Evaluation {
    /// Figures of each model and group.
    pub summary: Vec<SummaryMetric>,
    /// Figures of each class.
    pub classes: Vec<ClassMetrics>,
    /// Confusion counts: clips by true and predicted class.
    pub confusion: Vec<ConfusionCell>,
    /// Reliability of each model.
    pub calibration: Vec<CalibrationBin>,
    /// For whom each model does worst.
    pub worst: Vec<WorstGroup>,
}

/// Scores every subject for itself; folds are pooled, so every clip counts once, and of several seeds figures are
/// means. `done` is told of every group.
///
/// All models are resampled with the same draws in the same group.
pub(crate) fn evaluate(subjects: &[Subject<'_>], params: &Params, seed: u64, done: impl Fn() + Sync) -> Evaluation {
    let resampling = Resampling { resamples: params.resamples, seed };
    let mut evaluation = Evaluation::default();
    for subject in subjects {
        let groups = groups(&subject.clips);
        let score = |group| {
            let part = score(subject, group, params, resampling);
            done();
            part
        };
        let parts: Vec<Evaluation> = groups.par_iter().map(score).collect();
        evaluation.worst.extend(worst_groups(&groups, &parts, params));
        for part in parts {
            evaluation.summary.extend(part.summary);
            evaluation.classes.extend(part.classes);
            evaluation.confusion.extend(part.confusion);
            evaluation.calibration.extend(part.calibration);
        }
    }
    evaluation
}

/// Figures of every subject over all its clips, without calibration in bins or groups.
pub(crate) fn overall(subjects: &[Subject<'_>], resampling: Resampling) -> Vec<SummaryMetric> {
    let params = Params::default();
    let of = |subject: &Subject<'_>| {
        let all = Group { name: "overall", value: "all".to_owned(), clips: subject.clips.iter().collect() };
        score(subject, &all, &params, resampling).summary
    };
    subjects.iter().flat_map(of).collect()
}

/// The rows of one group; what is worst, all of them tell.
fn score(subject: &Subject<'_>, group: &Group<'_>, params: &Params, resampling: Resampling) -> Evaluation {
    let figures =
        Figures::of(&group.clips, subject.classes.len(), |sample| resampling.draws(group.name, &group.value, sample));
    let draws = |sample: &Sample<Tally>| resampling.draws(group.name, &group.value, sample);
    let mut part = Evaluation::default();
    let speakers = figures.sample.count();
    let known_speakers = figures.sample.known.len() as u64;
    let mut row = |metric: &str, value: f64, interval: Option<Interval>, seed_sd: Option<f64>| {
        part.summary.push(SummaryMetric {
            model: subject.about.model.clone(),
            split: subject.about.split.clone(),
            group: group.name.to_owned(),
            group_value: group.value.clone(),
            metric: metric.to_owned(),
            value,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            support: group.clips.len() as u64,
            speakers: speakers as u64,
            known_speakers: Some(known_speakers),
            seeds: Some(subject.seeds as u64),
            seed_sd,
        });
    };
    let (scores, intervals) = (&figures.scores, figures.intervals.as_ref());
    let sd = |figure: fn(&Scores) -> f64| figures.seed_sd(figure);
    let accuracy = intervals.map(|intervals| intervals.accuracy);
    row("accuracy", scores.accuracy, accuracy, sd(|scores| scores.accuracy));
    row("uar", scores.uar, intervals.map(|intervals| intervals.uar), sd(|scores| scores.uar));
    row("macro_f1", scores.macro_f1, intervals.map(|intervals| intervals.macro_f1), sd(|scores| scores.macro_f1));
    let weighted_f1 = intervals.map(|intervals| intervals.weighted_f1);
    row("weighted_f1", scores.weighted_f1, weighted_f1, sd(|scores| scores.weighted_f1));
    if group.is_large() {
        let same_draws = |sample: &Sample<ByCorpus<Confusion>>| resampling.draws(group.name, &group.value, sample);
        for mean in means(&group.clips, subject.classes.len(), same_draws) {
            row(mean.metric, mean.value, mean.interval, mean.seed_sd);
        }
        let bins = params.calibration_bins as usize;
        let raw = Calibration::of(&group.clips, bins, |said| Some(said.raw.as_slice()), draws);
        let all_scaled = group.clips.iter().flat_map(|clip| &clip.answers).all(|said| said.scaled.is_some());
        let scaled = all_scaled.then(|| Calibration::of(&group.clips, bins, |said| said.scaled.as_deref(), draws));
        for (suffix, calibration) in [("", Some(&raw)), ("_scaled", scaled.as_ref())] {
            let Some(calibration) = calibration else { continue };
            let mut row = |metric: &str, of: Calibrated| {
                row(&format!("{metric}{suffix}"), of.value, of.interval, of.seed_sd);
            };
            row("ece", calibration.ece);
            row("brier", calibration.brier);
            row("log_loss", calibration.log_loss);
        }
        if group.name == "fold" {
            let fold = group.clips.first().map(|clip| clip.prediction.fold);
            if let Some(temperatures) = fold.and_then(|fold| subject.temperatures.get(&fold)) {
                let mean = temperatures.iter().sum::<f64>() / temperatures.len() as f64;
                row("temperature", mean, None, seed_sd(temperatures.iter().copied()));
            }
        }
        if group.name == "overall" {
            part.calibration.extend(calibration_rows(subject, false, &raw, bins));
            part.calibration.extend(scaled.iter().flat_map(|scaled| calibration_rows(subject, true, scaled, bins)));
        }
        part.classes = class_rows(subject, group, &figures);
        part.confusion = confusion_rows(subject, group, &figures);
    }
    part
}

fn calibration_rows(
    subject: &Subject<'_>,
    scaled: bool,
    calibration: &Calibration,
    bins: usize,
) -> Vec<CalibrationBin> {
    let edge = |number: usize| number as f64 / bins as f64;
    let row = |bin: crate::calibration::Bin| CalibrationBin {
        model: subject.about.model.clone(),
        split: subject.about.split.clone(),
        scaled,
        bin: bin.number as u32,
        confidence_low: edge(bin.number),
        confidence_high: edge(bin.number + 1),
        clips: bin.clips,
        confidence: bin.confidence,
        accuracy: bin.accuracy,
    };
    calibration.tally.reliability().map(row).collect()
}

fn class_rows(subject: &Subject<'_>, group: &Group<'_>, figures: &Figures) -> Vec<ClassMetrics> {
    let row = |(index, (emotion, class)): (usize, (&ser_schemas::Emotion, &ClassScores))| {
        let interval: ClassIntervals =
            figures.intervals.as_ref().and_then(|all| all.classes.get(index).copied()).unwrap_or_default();
        ClassMetrics {
            model: subject.about.model.clone(),
            split: subject.about.split.clone(),
            group: group.name.to_owned(),
            group_value: group.value.clone(),
            emotion: *emotion,
            precision: class.precision,
            precision_low: interval.precision.map(|interval| interval.low),
            precision_high: interval.precision.map(|interval| interval.high),
            recall: class.recall,
            recall_low: interval.recall.map(|interval| interval.low),
            recall_high: interval.recall.map(|interval| interval.high),
            f1: class.f1,
            f1_low: interval.f1.map(|interval| interval.low),
            f1_high: interval.f1.map(|interval| interval.high),
            support: class.support,
            speakers: figures.sample.speakers().filter(|speaker| speaker.support(index) > 0).count() as u64,
        }
    };
    subject.classes.iter().zip(&figures.scores.classes).enumerate().map(row).collect()
}

fn confusion_rows(subject: &Subject<'_>, group: &Group<'_>, figures: &Figures) -> Vec<ConfusionCell> {
    let classes = &subject.classes;
    let mut rows = Vec::with_capacity(classes.len() * classes.len());
    for (truth, emotion) in classes.iter().enumerate() {
        let all = &figures.sample.all;
        let answers = (0..classes.len()).map(|said| all.count(truth, said));
        for ((predicted, answers), clips) in
            classes.iter().zip(answers.clone()).zip(shared(answers, all.seeds() as u64))
        {
            rows.push(ConfusionCell {
                model: subject.about.model.clone(),
                split: subject.about.split.clone(),
                group: group.name.to_owned(),
                group_value: group.value.clone(),
                emotion: *emotion,
                predicted: *predicted,
                clips,
                share: ratio(answers as f64, all.answered(truth) as f64),
            });
        }
    }
    rows
}

/// For every kind of group with at least two to compare, the one with the lowest UAR; the first of equals.
fn worst_groups(groups: &[Group<'_>], parts: &[Evaluation], params: &Params) -> Vec<WorstGroup> {
    let uar = |part: &Evaluation| {
        let row = part.summary.first()?;
        let of = [&row.model, &row.split, &row.group, &row.group_value].map(String::as_str);
        SummaryMetric::headline(&part.summary, of).cloned()
    };
    let Some(overall) = parts.first().and_then(uar) else { return Vec::new() };
    let mut worst = Vec::new();
    let both: Vec<(&Group<'_>, SummaryMetric)> =
        groups.iter().zip(parts).filter_map(|(group, part)| Some((group, uar(part)?))).collect();
    for kind in both.chunk_by(|(a, _), (b, _)| a.name == b.name) {
        if matches!(kind[0].0.name, "overall" | "fold") {
            continue;
        }
        let fit: Vec<&SummaryMetric> = kind
            .iter()
            .filter(|(group, row)| row.support >= u64::from(params.worst_group_clips) && group.emotions() > 1)
            .map(|(_, row)| row)
            .collect();
        let lowest = fit.iter().copied().min_by(|a, b| a.value.total_cmp(&b.value));
        let Some(lowest) = lowest.filter(|_| fit.len() > 1) else { continue };
        worst.push(WorstGroup {
            model: lowest.model.clone(),
            split: lowest.split.clone(),
            group: lowest.group.clone(),
            group_value: lowest.group_value.clone(),
            metric: lowest.metric.clone(),
            value: lowest.value,
            low: lowest.low,
            high: lowest.high,
            overall: overall.value,
            support: lowest.support,
            compared: fit.len() as u64,
            left_out: (kind.len() - fit.len()) as u64,
        });
    }
    worst
}
