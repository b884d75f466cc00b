//! From predictions to the rows of `classes`, `summary` and `confusion`. No files here.

use std::collections::BTreeMap;

use ser_schemas::{ClassMetrics, ConfusionCell, Emotion, Prediction, SummaryMetric};

use crate::bootstrap::{Interval, Intervals, speaker_intervals};
use crate::confusion::Confusion;
use crate::groups::{Group, Scored, UNKNOWN_GENDER, classes, groups};
use crate::metrics::{Scores, ratio};

/// The rows of the three tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// Figures of each class.
    pub classes: Vec<ClassMetrics>,
    /// Figures of each model and group.
    pub summary: Vec<SummaryMetric>,
    /// What was taken for what.
    pub confusion: Vec<ConfusionCell>,
}

/// Who is scored: a model on a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Subject<'a> {
    model: &'a str,
    split: &'a str,
}

/// Scores all predictions, each model on each split for itself; folds are pooled, so every clip counts once.
///
/// `genders` tells the gender of a clip's speaker by clip id; clips that it lacks are of `unknown` gender. All models
/// are resampled with the same draws of speakers in the same group, so that their resampled figures can be paired.
pub fn evaluate(
    predictions: &[Prediction],
    genders: &BTreeMap<&str, &str>,
    resamples: u32,
    seed: u64,
    mut done: impl FnMut(),
) -> Evaluation {
    let mut subjects: BTreeMap<Subject<'_>, Vec<Scored<'_>>> = BTreeMap::new();
    for prediction in predictions {
        let gender = genders.get(prediction.clip_id.as_str()).copied().unwrap_or(UNKNOWN_GENDER);
        let subject = Subject { model: &prediction.model, split: &prediction.split };
        subjects.entry(subject).or_default().push(Scored { prediction, gender });
    }
    let mut evaluation = Evaluation::default();
    for (subject, clips) in subjects {
        let classes = classes(&clips);
        for group in groups(&clips) {
            score(&mut evaluation, subject, &group, &classes, resamples, seed);
            done();
        }
    }
    evaluation
}

fn score(
    evaluation: &mut Evaluation,
    subject: Subject<'_>,
    group: &Group<'_>,
    classes: &[Emotion],
    resamples: u32,
    seed: u64,
) {
    let mut speakers: BTreeMap<&str, Confusion> = BTreeMap::new();
    for clip in &group.clips {
        let pair = (position(classes, clip.prediction.emotion), position(classes, clip.prediction.predicted));
        let speaker = speakers.entry(&clip.prediction.speaker).or_insert_with(|| Confusion::new(classes.len()));
        speaker.add(pair.0, pair.1);
    }
    let mut confusion = Confusion::new(classes.len());
    for speaker in speakers.values() {
        confusion.add_matrix(speaker, 1);
    }
    let scores = Scores::of(&confusion);
    let speakers: Vec<Confusion> = speakers.into_values().collect();
    let intervals = speaker_intervals(&speakers, resamples, group_seed(seed, group.name, &group.value));

    evaluation.summary.extend(summary_rows(subject, group, speakers.len(), &scores, intervals.as_ref()));
    evaluation.classes.extend(class_rows(subject, group, classes, &speakers, &scores, intervals.as_ref()));
    evaluation.confusion.extend(confusion_rows(subject, group, classes, &confusion));
}

fn summary_rows(
    subject: Subject<'_>,
    group: &Group<'_>,
    speakers: usize,
    scores: &Scores,
    intervals: Option<&Intervals>,
) -> [SummaryMetric; 4] {
    let row = |metric: &str, value: f64, interval: Option<Interval>| SummaryMetric {
        model: subject.model.to_owned(),
        split: subject.split.to_owned(),
        group: group.name.to_owned(),
        group_value: group.value.clone(),
        metric: metric.to_owned(),
        value,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        support: group.clips.len() as u64,
        speakers: speakers as u64,
    };
    [
        row("accuracy", scores.accuracy, intervals.map(|intervals| intervals.accuracy)),
        row("uar", scores.uar, intervals.map(|intervals| intervals.uar)),
        row("macro_f1", scores.macro_f1, intervals.map(|intervals| intervals.macro_f1)),
        row("weighted_f1", scores.weighted_f1, intervals.map(|intervals| intervals.weighted_f1)),
    ]
}

fn class_rows(
    subject: Subject<'_>,
    group: &Group<'_>,
    classes: &[Emotion],
    speakers: &[Confusion],
    scores: &Scores,
    intervals: Option<&Intervals>,
) -> Vec<ClassMetrics> {
    let row = |(index, (emotion, class)): (usize, (&Emotion, &crate::metrics::ClassScores))| {
        let interval = intervals.and_then(|intervals| intervals.classes.get(index).copied().flatten());
        ClassMetrics {
            model: subject.model.to_owned(),
            split: subject.split.to_owned(),
            group: group.name.to_owned(),
            group_value: group.value.clone(),
            emotion: *emotion,
            precision: class.precision,
            precision_low: interval.map(|interval| interval.precision.low),
            precision_high: interval.map(|interval| interval.precision.high),
            recall: class.recall,
            recall_low: interval.map(|interval| interval.recall.low),
            recall_high: interval.map(|interval| interval.recall.high),
            f1: class.f1,
            f1_low: interval.map(|interval| interval.f1.low),
            f1_high: interval.map(|interval| interval.f1.high),
            support: class.support,
            speakers: speakers.iter().filter(|speaker| speaker.support(index) > 0).count() as u64,
        }
    };
    classes.iter().zip(&scores.classes).enumerate().map(row).collect()
}

fn confusion_rows(
    subject: Subject<'_>,
    group: &Group<'_>,
    classes: &[Emotion],
    confusion: &Confusion,
) -> Vec<ConfusionCell> {
    let mut rows = Vec::with_capacity(classes.len() * classes.len());
    for (truth, emotion) in classes.iter().enumerate() {
        for (said, predicted) in classes.iter().enumerate() {
            let clips = confusion.count(truth, said);
            rows.push(ConfusionCell {
                model: subject.model.to_owned(),
                split: subject.split.to_owned(),
                group: group.name.to_owned(),
                group_value: group.value.clone(),
                emotion: *emotion,
                predicted: *predicted,
                clips,
                share: ratio(clips as f64, confusion.support(truth) as f64),
            });
        }
    }
    rows
}

/// Index of an emotion; the classes hold every emotion of the clips, and a matrix leaves out what is beyond its last.
fn position(classes: &[Emotion], emotion: Emotion) -> usize {
    classes.iter().position(|class| *class == emotion).unwrap_or(usize::MAX)
}

/// The seed of a group: the same for every model, another for every group (FNV-1a over its name).
fn group_seed(seed: u64, name: &str, value: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes()).chain([0]).chain(value.bytes());
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
