//! One model against another on the same clips: differences with their intervals, and tests.

use std::fmt::Write as _;

use serde::Serialize;

use ser_schemas::{Comparison, ComparisonKind, ComparisonTest};

use crate::Error;
use crate::charts::{Guide, Ink, IntervalRow, Scale, interval_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::words::spoken;
use crate::tables::Tables;

/// So many differences are drawn, the leading model's first.
const MOST_DRAWN: usize = 10;
/// So many rows are shown.
const MOST_ROWS: usize = 400;

/// The section.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Comparisons {
    figure: Option<Figure>,
    table: Grid,
}

/// `None` where nothing was compared.
pub(crate) fn comparisons(tables: &Tables, board: &Scoreboard) -> Result<Option<Comparisons>, Error> {
    if tables.comparisons.is_empty() {
        return Ok(None);
    }
    let leading = |row: &Comparison| {
        board.main().is_some_and(|main| main.owns(&row.model_a, &row.split_a) || main.owns(&row.model_b, &row.split_b))
    };
    let mut rows: Vec<&Comparison> = tables.comparisons.iter().collect();
    rows.sort_by_key(|row| !leading(row));
    Ok(Some(Comparisons { figure: figure(board.main(), &rows)?, table: table(&rows) }))
}

/// A comparison of two models on one split with the leading model first, when it is one of them.
fn seen_by(main: Option<&Scored>, row: &Comparison) -> Comparison {
    let turn = row.kind == ComparisonKind::Paired && main.is_some_and(|main| main.owns(&row.model_b, &row.split_b));
    let row = row.clone();
    if !turn {
        return row;
    }
    Comparison {
        model_a: row.model_b,
        split_a: row.split_b,
        model_b: row.model_a,
        split_b: row.split_a,
        value_a: row.value_b,
        value_b: row.value_a,
        value: -row.value,
        low: row.high.map(|end| -end),
        high: row.low.map(|end| -end),
        ..row
    }
}

fn figure(main: Option<&Scored>, rows: &[&Comparison]) -> Result<Option<Figure>, Error> {
    let mut drawn: Vec<IntervalRow> = Vec::new();
    let mut grid = Grid::new("Differences in UAR", &["Pair", "#Difference", "#Low", "#High", "#Clips", "#Speakers"]);
    let mut pairs: Vec<[String; 4]> = Vec::new();
    // Pairs without the leading model are in the table.
    let told = |row: &&&Comparison| {
        row.metric == "uar"
            && (row.kind == ComparisonKind::ProtocolGap
                || main
                    .is_none_or(|main| main.owns(&row.model_a, &row.split_a) || main.owns(&row.model_b, &row.split_b)))
    };
    for row in rows.iter().filter(told).map(|row| seen_by(main, row)) {
        // A pair stands once, whatever it was tested with.
        let pair = [&row.model_a, &row.split_a, &row.model_b, &row.split_b].map(String::clone);
        if pairs.contains(&pair) || drawn.len() == MOST_DRAWN {
            continue;
        }
        pairs.push(pair);
        let gap = row.kind == ComparisonKind::ProtocolGap;
        let label = format!("{} \u{2212} {}", row.model_a, row.model_b);
        grid.row(vec![
            label.clone().into(),
            Cell::difference(Estimate { value: row.value, low: None, high: None }),
            Cell::maybe_metric(row.low),
            Cell::maybe_metric(row.high),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ]);
        drawn.push(IntervalRow {
            label,
            value: row.value,
            low: row.low,
            high: row.high,
            ink: if gap { Ink::Contrast } else { Ink::Accent },
            hollow: gap,
            detail: format!(
                "{} {} against {} {}\n{} of {}",
                row.model_a,
                number::metric(row.value_a),
                row.model_b,
                number::metric(row.value_b),
                number::counted(row.support, "clip", "clips"),
                number::counted(row.speakers, "speaker", "speakers")
            ),
        });
    }
    if drawn.is_empty() {
        return Ok(None);
    }
    let guide = Guide { at: 0.0, label: "no difference".to_owned() };
    let label = format!("Differences in UAR between models on the same clips: {}", spoken(&drawn));
    let chart = interval_chart(&label, Scale::Difference, &drawn, Some(&guide))?;
    let mut legend = Vec::new();
    if drawn.iter().any(|row| !row.hollow) {
        legend.push(LegendItem::dot(Ink::Accent, "two models, one split"));
    }
    if drawn.iter().any(|row| row.hollow) {
        legend.push(LegendItem::hollow(Ink::Contrast, "one model, random minus speaker-independent"));
    }
    let caption = "To the right of zero the first of the two is better. Bars are 95 % intervals of a paired bootstrap over the speakers of each corpus (over the clips of each speaker where both models know the speakers): where one crosses zero, a difference is not shown.";
    Ok(Some(Figure::new("Who is better, clip by clip", caption, chart, grid).with_legend(legend)))
}

fn table(rows: &[&Comparison]) -> Grid {
    let mut grid = Grid::new(
        "Every comparison of two models on the same clips",
        &[
            "First model",
            "Second model",
            "?Kind",
            "?Metric",
            "#First",
            "#Second",
            "#Difference",
            "?Test",
            "#p",
            "#p, Holm",
            "#Clips",
            "#Speakers",
        ],
    );
    let p_value = |p_value: Option<f64>| p_value.map_or_else(Cell::none, |value| Cell::from(number::p_value(value)));
    for row in rows.iter().take(MOST_ROWS) {
        grid.row(vec![
            Cell::from(row.model_a.clone()).note(format!("split {}", row.split_a)),
            Cell::from(row.model_b.clone()).note(format!("split {}", row.split_b)),
            Cell::words(row.kind.as_str()),
            Cell::words(&row.metric),
            Cell::metric(row.value_a),
            Cell::metric(row.value_b),
            Cell::difference(Estimate { value: row.value, low: row.low, high: row.high }),
            Cell::from(match row.test {
                ComparisonTest::SpeakerPermutation => "permutation of speakers",
                ComparisonTest::McnemarMidP => "McNemar, mid-p",
            }),
            p_value(row.p_value),
            p_value(row.p_adjusted),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ]);
    }
    let more = rows.len().saturating_sub(MOST_ROWS);
    let mut foot = "p is two-sided; Holm’s correction is for all comparisons of one kind, split, metric and test. McNemar’s test takes clips for independent, which clips of one speaker are not: it promises too much.".to_owned();
    if more > 0 {
        let _ = write!(foot, " {} in comparisons.parquet.", number::counted(more as u64, "more row", "more rows"));
    }
    grid.foot(foot);
    grid
}
