//! One model against another on the same clips: differences with their intervals, and tests.

use std::fmt::Write as _;

use serde::Serialize;

use ser_schemas::{Comparison, ComparisonKind, ComparisonTest, SummaryMetric};

use crate::Error;
use crate::charts::{Guide, Ink, IntervalRow, Scale, interval_chart};
use crate::figure::Figure;
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::words::spoken;
use crate::tables::Tables;

/// So many differences are drawn in one chart.
const MOST_DRAWN: usize = 16;
/// Meaning of the bars.
const INTERVALS: &str = "Bars are 95 % intervals of a paired bootstrap over the speakers of each corpus (over the clips of each speaker where both models know the speakers): where one crosses zero, a difference is not shown.";
/// So many rows are shown.
const MOST_ROWS: usize = 400;

/// The section.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Comparisons {
    /// The leading model against each other, then what a random split adds to each.
    figures: Vec<Figure>,
    table: Grid,
}

/// `None` where nothing was compared.
pub(crate) fn comparisons(tables: &Tables, board: &Scoreboard) -> Result<Option<Comparisons>, Error> {
    let Some(main) = board.main().filter(|_| !tables.comparisons.is_empty()) else { return Ok(None) };
    let mut rows: Vec<&Comparison> = tables.comparisons.iter().collect();
    rows.sort_by_key(|row| !concerns(main, row));
    let kinds = [ComparisonKind::Paired, ComparisonKind::ProtocolGap];
    let figures = kinds.into_iter().filter_map(|kind| figure(main, &rows, kind).transpose());
    Ok(Some(Comparisons { figures: figures.collect::<Result<_, _>>()?, table: table(&rows) }))
}

fn concerns(main: &Scored, row: &Comparison) -> bool {
    main.owns(&row.model_a, &row.split_a) || main.owns(&row.model_b, &row.split_b)
}

/// A comparison of two models on one split with the leading model first, when it is one of them.
fn seen_by(main: &Scored, row: &Comparison) -> Comparison {
    let turn = row.kind == ComparisonKind::Paired && main.owns(&row.model_b, &row.split_b);
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

/// The leading model against each other one, the strongest first, or what a random split adds to each model, the most
/// first.
fn figure(main: &Scored, rows: &[&Comparison], kind: ComparisonKind) -> Result<Option<Figure>, Error> {
    let gap = kind == ComparisonKind::ProtocolGap;
    let mut drawn: Vec<IntervalRow> = Vec::new();
    let mut grid = Grid::new("Differences in UAR", &["Pair", "#Difference", "#Low", "#High", "#Clips", "#Speakers"]);
    let mut pairs: Vec<[String; 4]> = Vec::new();
    // Pairs without the leading model are in the table.
    let all: Vec<Comparison> = rows.iter().map(|row| (*row).clone()).filter(|row| row.kind == kind).collect();
    let told = |row: &&&Comparison| row.kind == kind && row.is_headline(&all) && (gap || concerns(main, row));
    let mut told: Vec<Comparison> = rows.iter().filter(told).map(|row| seen_by(main, row)).collect();
    told.sort_by(|one, other| if gap { other.value.total_cmp(&one.value) } else { one.value.total_cmp(&other.value) });
    for row in &told {
        // A pair stands once, whatever it was tested with.
        let pair = [&row.model_a, &row.split_a, &row.model_b, &row.split_b].map(String::clone);
        if pairs.contains(&pair) || drawn.len() == MOST_DRAWN {
            continue;
        }
        pairs.push(pair);
        grid.row(vec![
            format!("{} \u{2212} {}", row.model_a, row.model_b).into(),
            Cell::difference(Estimate { value: row.value, low: None, high: None }),
            Cell::maybe_metric(row.low),
            Cell::maybe_metric(row.high),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ]);
        drawn.push(IntervalRow {
            // The other side of every pair is the leading model, or the same model's other protocol.
            label: row.model_b.clone(),
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
    let over =
        if told.iter().any(|row| row.metric == SummaryMetric::UAR_OVER_CORPORA) { ", mean over corpora," } else { "" };
    let label = format!("Differences in UAR{over} on the same clips: {}", spoken(&drawn));
    let chart = interval_chart(&label, Scale::Difference, &drawn, Some(&guide))?;
    let (title, caption) = if gap {
        (
            "What a random split adds to each model".to_owned(),
            format!("UAR{over} on the random split less that of the same model on speakers it has never heard."),
        )
    } else {
        (
            format!("How far {} is ahead of each model", main.model),
            format!(
                "UAR{over} less that of the other model, clip by clip: to the right of zero, {} is better.",
                main.model
            ),
        )
    };
    let mut caption = format!("{caption} {INTERVALS}");
    if told.len() > drawn.len() && drawn.len() == MOST_DRAWN {
        let _ = write!(caption, " The first {MOST_DRAWN} are drawn; the table of all comparisons has the others.");
    }
    Ok(Some(Figure::new(title, caption, chart, grid)))
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
            match (&row.group, &row.group_value) {
                (Some(group), Some(value)) => Cell::words(row.kind.as_str()).note(format!("{group} {value}")),
                _ => Cell::words(row.kind.as_str()),
            },
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
    let mut foot = "p is two-sided; Holm’s correction is for all comparisons of one kind, split, metric and test, those of single corpora or languages apart. Unheard: the first model was trained on a split that holds out more than speakers.
 McNemar’s test takes clips for independent, which clips of one speaker are not: it promises too much. An interval takes the corpora for given and draws speakers within each; the permutation test exchanges the models’ answers for whole speakers of all corpora at once, so that a few speakers with many clips decide much of it: the two may differ. Where an interval excludes zero and the corrected p does not, believe the corrected p, which reckons with many comparisons.".to_owned();
    if more > 0 {
        let _ = write!(foot, " {} in comparisons.parquet.", number::counted(more as u64, "more row", "more rows"));
    }
    grid.foot(foot);
    grid
}
