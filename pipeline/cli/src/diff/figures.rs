//! The figures of two evaluations compared, from their tables: every group, every class.

use std::collections::HashMap;

use ser_engine::Figure;
use ser_schemas::{ClassMetrics, SummaryMetric};
use serde::Serialize;

/// A figure in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FigureChange {
    /// The evaluate stage.
    pub(crate) stage: String,
    #[serde(flatten)]
    pub(crate) of: Key,
    /// In the first run.
    pub(crate) old: Figure,
    /// In the second run.
    pub(crate) new: Figure,
    /// Second minus first.
    pub(crate) delta: f64,
    /// `true` if each run's value lies in the other's interval; `None` where one has no interval.
    pub(crate) within_intervals: Option<bool>,
}

/// Which figure it is, in the words of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Key {
    /// Name of the train stage.
    pub(crate) model: String,
    /// Name of the split stage.
    pub(crate) split: String,
    /// Property that the test clips are grouped by: `overall`, `fold`, `corpus`, `gender`.
    pub(crate) group: String,
    /// Which group; `all` for `overall`.
    pub(crate) group_value: String,
    /// The class; `None` for figures over all classes.
    pub(crate) emotion: Option<String>,
    /// Code of the metric: `uar`, `recall`.
    pub(crate) metric: String,
}

/// The figures of two `summary` tables of evaluate stage `stage`.
pub(crate) fn of_summary(stage: &str, old: &[SummaryMetric], new: &[SummaryMetric]) -> Vec<FigureChange> {
    let figure = |row: &SummaryMetric| {
        let key = Key {
            model: row.model.clone(),
            split: row.split.clone(),
            group: row.group.clone(),
            group_value: row.group_value.clone(),
            emotion: None,
            metric: row.metric.clone(),
        };
        (key, Figure { value: row.value, low: row.low, high: row.high })
    };
    compare(stage, old.iter().map(figure), new.iter().map(figure))
}

/// The figures of two `classes` tables of evaluate stage `stage`. A class without test clips in either run is left out:
/// its zeros say nothing.
pub(crate) fn of_classes(stage: &str, old: &[ClassMetrics], new: &[ClassMetrics]) -> Vec<FigureChange> {
    let figures = |row: &ClassMetrics| {
        let key = |metric: &str| Key {
            model: row.model.clone(),
            split: row.split.clone(),
            group: row.group.clone(),
            group_value: row.group_value.clone(),
            emotion: Some(row.emotion.to_string()),
            metric: metric.to_owned(),
        };
        [
            (key("recall"), Figure { value: row.recall, low: row.recall_low, high: row.recall_high }),
            (key("precision"), Figure { value: row.precision, low: row.precision_low, high: row.precision_high }),
            (key("f1"), Figure { value: row.f1, low: row.f1_low, high: row.f1_high }),
        ]
    };
    let tested = |row: &&ClassMetrics| row.support > 0;
    compare(stage, old.iter().filter(tested).flat_map(figures), new.iter().filter(tested).flat_map(figures))
}

fn compare(
    stage: &str,
    old: impl Iterator<Item = (Key, Figure)>,
    new: impl Iterator<Item = (Key, Figure)>,
) -> Vec<FigureChange> {
    let known: HashMap<Key, Figure> = old.collect();
    new.filter_map(|(key, figure)| {
        let before = *known.get(&key)?;
        let (delta, within_intervals) = before.moved_to(&figure);
        Some(FigureChange { stage: stage.to_owned(), of: key, old: before, new: figure, delta, within_intervals })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use ser_schemas::Emotion;

    use super::*;

    fn summary(group_value: &str, value: f64) -> SummaryMetric {
        SummaryMetric {
            model: "m".to_owned(),
            split: "s".to_owned(),
            group: "corpus".to_owned(),
            group_value: group_value.to_owned(),
            metric: "uar".to_owned(),
            value,
            low: Some(value - 0.1),
            high: Some(value + 0.1),
            support: 9,
            speakers: 4,
            ..SummaryMetric::default()
        }
    }

    fn class(emotion: Emotion, recall: f64, support: u64) -> ClassMetrics {
        ClassMetrics {
            model: "m".to_owned(),
            split: "s".to_owned(),
            group: "overall".to_owned(),
            group_value: "all".to_owned(),
            emotion,
            precision: 0.5,
            precision_low: None,
            precision_high: None,
            recall,
            recall_low: Some(recall - 0.1),
            recall_high: Some(recall + 0.1),
            f1: 0.5,
            f1_low: None,
            f1_high: None,
            support,
            speakers: 2,
        }
    }

    #[test]
    fn figures_are_paired_by_what_they_are_of() {
        let changes = of_summary("e", &[summary("tess", 0.5), summary("savee", 0.6)], &[summary("savee", 0.9)]);
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].of.group_value.as_str(), changes[0].old.value), ("savee", 0.6));
        assert!((changes[0].delta - 0.3).abs() < 1e-12);
        assert_eq!(changes[0].within_intervals, Some(false));
    }

    #[test]
    fn a_class_without_clips_has_no_figures() {
        let old = [class(Emotion::SAD, 0.4, 5), class(Emotion::CALM, 0.0, 0)];
        let new = [class(Emotion::SAD, 0.45, 5), class(Emotion::CALM, 0.5, 2)];
        let changes = of_classes("e", &old, &new);
        let metrics: Vec<&str> = changes.iter().map(|change| change.of.metric.as_str()).collect();
        assert_eq!(metrics, ["recall", "precision", "f1"]);
        assert!(changes.iter().all(|change| change.of.emotion.as_deref() == Some("sad")));
        assert_eq!(changes[0].within_intervals, Some(true));
    }
}
