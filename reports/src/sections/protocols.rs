//! Protocols side by side: every model under its protocol, next to the published figures.

use serde::Serialize;

use crate::Error;
use crate::charts::{Guide, Ink, IntervalRow, interval_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Protocol, Scoreboard, Scored};
use crate::sections::answer::classes_tested;
use crate::tables::Tables;

/// Figures of Ranjan, Giri, Dixit and Sourabh, "A Hybrid Approach of CNN-LSTM for Speech Emotion Recognition", as printed:
/// a random split of CREMA-D, TESS, RAVDESS and SAVEE, eight emotions, no intervals.
const PAPER: [(&str, f64); 2] = [("accuracy", 0.81), ("macro_f1", 0.80)];
const PAPER_NAME: &str = "Ranjan et al.";

const METRICS: [(&str, &str); 4] =
    [("uar", "UAR"), ("accuracy", "Accuracy"), ("macro_f1", "Macro-F1"), ("weighted_f1", "Weighted F1")];

/// The section.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Protocols {
    table: Grid,
    figures: Vec<Figure>,
    /// Whether the published figures are shown.
    paper: bool,
}

/// Makes the section.
pub(crate) fn protocols(tables: &Tables, board: &Scoreboard, paper: bool) -> Result<Protocols, Error> {
    let figures = if board.models.is_empty() {
        Vec::new()
    } else {
        vec![
            figure(tables, board, "uar", "Unweighted average recall", false)?,
            figure(tables, board, "accuracy", "Accuracy", paper)?,
        ]
    };
    Ok(Protocols { table: table(board, paper), figures, paper })
}

fn table(board: &Scoreboard, paper: bool) -> Grid {
    let mut headings = vec!["Model", "Protocol", "Standardisation"];
    let metrics: Vec<String> = METRICS.iter().map(|(_, name)| format!("#{name}")).collect();
    headings.extend(metrics.iter().map(String::as_str));
    headings.push("#Test clips");
    let mut grid =
        Grid::new("Every model under its protocol, with 95 % intervals from a bootstrap over speakers", &headings);
    for (index, scored) in board.models.iter().enumerate() {
        let mut row = vec![
            model_cell(scored, board.main == Some(index)),
            Cell::from(scored.protocol.name()).note(scored.protocol.meaning()),
            standardisation_cell(scored),
        ];
        row.extend(METRICS.iter().map(|(metric, _)| estimate_cell(scored.metric(metric))));
        row.push(Cell::from(number::count(scored.support)));
        grid.row(row);
    }
    if paper {
        let mut row = vec![
            Cell::from(PAPER_NAME).note("as printed, not measured here").class("foreign"),
            Cell::from("random split").note(Protocol::Random.meaning()),
            Cell::from("not stated"),
        ];
        row.extend(METRICS.iter().map(|(metric, _)| match PAPER.iter().find(|(name, _)| name == metric) {
            Some((_, value)) => Cell::from(number::metric(*value)).note("no interval"),
            None => Cell::from(number::NONE),
        }));
        row.push(Cell::from(number::NONE));
        grid.row(row);
        grid.foot(
            "Ranjan, Giri, Dixit and Sourabh, “A Hybrid Approach of CNN-LSTM for Speech Emotion Recognition”: CREMA-D, TESS, RAVDESS and SAVEE together, eight emotions.",
        );
    }
    grid
}

fn model_cell(scored: &Scored, main: bool) -> Cell {
    let cell = Cell::from(scored.model.clone()).note(format!("split {}", scored.split));
    if main { cell.class("leading") } else { cell }
}

fn standardisation_cell(scored: &Scored) -> Cell {
    let cell = Cell::from(scored.standardisation.name());
    if scored.standardisation.uses_test_speakers() {
        cell.note("uses the test speaker’s unlabelled clips").class("flagged")
    } else {
        cell
    }
}

/// A metric with its interval below.
pub(crate) fn estimate_cell(estimate: Option<Estimate>) -> Cell {
    let Some(estimate) = estimate else { return Cell::from(number::NONE) };
    let cell = Cell::from(number::metric(estimate.value));
    match number::interval(estimate.low, estimate.high) {
        Some(interval) => cell.note(interval),
        None => cell,
    }
}

fn figure(tables: &Tables, board: &Scoreboard, metric: &str, title: &str, paper: bool) -> Result<Figure, Error> {
    let mut rows = Vec::new();
    let mut grid = Grid::new(format!("{title} of every model"), &["Model", "Protocol", "#Value", "#Low", "#High"]);
    for scored in &board.models {
        let Some(estimate) = scored.metric(metric) else { continue };
        rows.push(IntervalRow {
            label: scored.model.clone(),
            value: estimate.value,
            low: estimate.low,
            high: estimate.high,
            ink: ink(scored),
            hollow: scored.standardisation.uses_test_speakers(),
        });
        grid.row(vec![
            scored.model.clone().into(),
            scored.protocol.name().into(),
            number::metric(estimate.value).into(),
            estimate.low.map_or(number::NONE.to_owned(), number::metric).into(),
            estimate.high.map_or(number::NONE.to_owned(), number::metric).into(),
        ]);
    }
    if let Some((_, value)) = PAPER.iter().find(|(name, _)| paper && *name == metric) {
        let label = format!("{PAPER_NAME}, random split");
        rows.push(IntervalRow {
            label: label.clone(),
            value: *value,
            low: None,
            high: None,
            ink: Ink::Muted,
            hollow: false,
        });
        grid.row(vec![
            label.into(),
            "random split".into(),
            number::metric(*value).into(),
            number::NONE.into(),
            number::NONE.into(),
        ]);
    }
    // Guessing scores one in so many classes on recall averaged over classes, whatever their sizes; on accuracy it depends.
    let classes = board.main().map_or(0, |main| classes_tested(tables, main));
    let guide = (metric == "uar" && classes > 0).then(|| Guide {
        at: 1.0 / classes as f64,
        label: format!("guessing {}", number::fixed(1.0 / classes as f64, 3)),
    });
    let spoken: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.label, number::with_interval(row.value, row.low, row.high)))
        .collect();
    let chart = interval_chart(&format!("{title} by model: {}", spoken.join("; ")), &rows, guide.as_ref())?;

    let any = |wanted: &dyn Fn(&Scored) -> bool| board.models.iter().any(wanted);
    let mut legend = Vec::new();
    if any(&|scored| scored.protocol.separates_speakers()) {
        legend.push(LegendItem::dot(Ink::Accent, "test speakers never trained on"));
    }
    if any(&|scored| scored.standardisation.uses_test_speakers()) {
        legend.push(LegendItem::hollow(Ink::Accent, "the same, standardised per speaker"));
    }
    if any(&|scored| !scored.protocol.separates_speakers()) {
        legend.push(LegendItem::dot(Ink::Contrast, "random or other split"));
    }
    if paper {
        legend.push(LegendItem::dot(Ink::Muted, "published"));
    }
    let caption = "Dots are all test clips together, bars the 95 % interval.";
    Ok(Figure::new(title, caption, chart, grid).with_legend(legend))
}

fn ink(scored: &Scored) -> Ink {
    if scored.protocol.separates_speakers() { Ink::Accent } else { Ink::Contrast }
}
