//! Every measurement, to search: each model on each group of clips.

use std::collections::HashMap;

use ser_schemas::SummaryMetric;

use crate::grid::{Cell, Grid};
use crate::scored::{Estimate, Scoreboard};
use crate::tables::Tables;

/// Of kinds with many groups, such as speakers, so many are shown per model: those with the lowest UAR.
const MOST_VALUES: usize = 30;
/// So many rows are shown in all.
const MOST_ROWS: usize = 1500;
/// Metrics and their headings.
const METRICS: [(&str, &str); 5] = [
    ("uar", "#UAR"),
    (SummaryMetric::UAR_OVER_CORPORA, "#UAR, mean over corpora"),
    ("accuracy", "#Accuracy"),
    ("macro_f1", "#Macro-F1"),
    ("weighted_f1", "#Weighted F1"),
];

/// One row per model, split and group.
pub(crate) fn measurements(tables: &Tables, board: &Scoreboard) -> Grid {
    // With one corpus there is no mean over several.
    let has = |metric: &str| tables.summary.iter().any(|row| row.metric == metric);
    let shown = METRICS.map(|(metric, _)| metric != SummaryMetric::UAR_OVER_CORPORA || has(metric));
    let mut headings = vec!["?Model", "?Split", "?Grouped by", "Group"];
    headings.extend(METRICS.iter().zip(shown).filter(|(_, shown)| *shown).map(|((_, heading), _)| *heading));
    headings.extend(["#Clips", "#Speakers"]);
    let mut grid = Grid::new("Every model on every group of test clips", &headings);
    let mut by_subject: HashMap<(&str, &str), Vec<&SummaryMetric>> = HashMap::new();
    for row in &tables.summary {
        by_subject.entry((&row.model, &row.split)).or_default().push(row);
    }
    let mut left = 0;
    for scored in &board.models {
        let rows = by_subject.remove(&(scored.model.as_str(), scored.split.as_str())).unwrap_or_default();
        for (group, mut values) in grouped(rows) {
            if values.len() > MOST_VALUES {
                values.sort_by(|one, other| one.uar().total_cmp(&other.uar()));
                left += values.len() - MOST_VALUES;
                values.truncate(MOST_VALUES);
            }
            for value in values {
                if grid.rows.len() == MOST_ROWS {
                    left += 1;
                    continue;
                }
                let mut cells = vec![
                    scored.model.clone().into(),
                    scored.split.clone().into(),
                    Cell::from(group),
                    Cell::from(value.name),
                ];
                let estimates = value.estimates.into_iter().zip(shown).filter(|(_, shown)| *shown);
                cells.extend(estimates.map(|(estimate, _)| Cell::estimate(estimate)));
                cells.extend([Cell::count(value.support), Cell::count(value.speakers)]);
                grid.row(cells);
            }
        }
    }
    if left > 0 {
        grid.foot(format!(
            "Of kinds with more than {MOST_VALUES} groups, the {MOST_VALUES} with the lowest UAR; {left} more in summary.parquet."
        ));
    }
    grid
}

/// One group of clips.
struct Value<'a> {
    name: &'a str,
    estimates: [Option<Estimate>; METRICS.len()],
    support: u64,
    speakers: u64,
}

impl Value<'_> {
    fn uar(&self) -> f64 {
        self.estimates[0].map_or(f64::INFINITY, |uar| uar.value)
    }
}

/// Kinds of groups and their values, in the order of the table.
fn grouped(rows: Vec<&SummaryMetric>) -> Vec<(&str, Vec<Value<'_>>)> {
    let mut kinds: Vec<(&str, Vec<Value<'_>>)> = Vec::new();
    let mut places: HashMap<(&str, &str), (usize, usize)> = HashMap::new();
    for row in rows {
        let Some(metric) = METRICS.iter().position(|(metric, _)| *metric == row.metric) else { continue };
        let (kind, value) = *places.entry((&row.group, &row.group_value)).or_insert_with(|| {
            let kind = kinds.iter().position(|(group, _)| *group == row.group).unwrap_or_else(|| {
                kinds.push((&row.group, Vec::new()));
                kinds.len() - 1
            });
            let values = &mut kinds[kind].1;
            values.push(Value { name: &row.group_value, estimates: [None; METRICS.len()], support: 0, speakers: 0 });
            (kind, values.len() - 1)
        });
        let value = &mut kinds[kind].1[value];
        value.estimates[metric] = Some(row.into());
        value.support = value.support.max(row.support);
        value.speakers = value.speakers.max(row.speakers);
    }
    kinds
}
