//! Protocols side by side: every model under its protocol, next to the published figures.

use serde::Serialize;

use ser_schemas::SummaryMetric;

use crate::Error;
use crate::charts::{Guide, Ink, IntervalRow, Scale, interval_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Protocol, Scoreboard, Scored};
use crate::sections::answer::chance;
use crate::sections::pairs::measured_gap;
use crate::sections::seeds::seeds_cell;
use crate::sections::words::{capitalised, spoken};
use crate::tables::Tables;

/// Figures of Ranjan, Giri, Dixit and Sourabh, "A Hybrid Approach of CNN-LSTM for Speech Emotion Recognition", as
/// printed: a random split of CREMA-D, TESS, RAVDESS and SAVEE, eight emotions, no intervals.
const PAPER: [(&str, f64); 2] = [("accuracy", 0.81), ("macro_f1", 0.80)];
const PAPER_NAME: &str = "Ranjan et al.";

/// Metrics beside UAR.
const METRICS: [(&str, &str); 3] = [("accuracy", "Accuracy"), ("macro_f1", "Macro-F1"), ("weighted_f1", "Weighted F1")];

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Protocols {
    table: Grid,
    figures: Vec<Figure>,
    /// `true` if the published figures are shown.
    paper: bool,
    /// How figures depend on who is in the test, as far as it was measured.
    lede: String,
}

pub(crate) fn protocols(tables: &Tables, board: &Scoreboard, paper: bool) -> Result<Protocols, Error> {
    let figures = if board.models.is_empty() {
        Vec::new()
    } else {
        vec![figure(tables, board, SummaryMetric::UAR, paper)?, figure(tables, board, "accuracy", paper)?]
    };
    Ok(Protocols { table: table(board, paper), figures, paper, lede: lede(tables, board) })
}

fn lede(tables: &Tables, board: &Scoreboard) -> String {
    let gap = board.main().and_then(|main| measured_gap(&tables.comparisons, main, "uar"));
    let told = match gap.map(|gap| (gap, gap.low.zip(gap.high))) {
        Some((gap, Some((low, high)))) if low > 0.0 || high < 0.0 => format!(
            "The same recordings give different figures depending on who is in the test: UAR {} on a random split, {} on speakers never heard.",
            number::metric(gap.value_a),
            number::metric(gap.value_b)
        ),
        Some(_) => {
            "Figures may depend on who is in the test; for the leading model these clips do not show it.".to_owned()
        }
        None => "Figures may depend on who is in the test.".to_owned(),
    };
    let apart = board.models.iter().filter(|scored| scored.protocol.separates_speakers()).count();
    let which = match apart {
        0 => "No row tells how a model does on a voice it has never heard.".to_owned(),
        all if all == board.models.len() => "All rows are of voices that the models have never heard.".to_owned(),
        1 => "Only the first row tells how a model does on a voice it has never heard.".to_owned(),
        some => format!(
            "Of {} models, the first {some} were tested on voices that they have never heard.",
            board.models.len()
        ),
    };
    format!("{told} {which}")
}

fn table(board: &Scoreboard, paper: bool) -> Grid {
    let over_corpora = is_over_corpora(board);
    let pooled = if over_corpora { ", pooled" } else { "" };
    let mut headings = ["?Model", "?Protocol", "Standardisation"].map(str::to_owned).to_vec();
    headings.push(if over_corpora { "#UAR, mean over corpora" } else { "#UAR" }.to_owned());
    headings.extend(over_corpora.then(|| "#UAR, pooled".to_owned()));
    headings.extend(METRICS.iter().map(|(_, name)| format!("#{name}{pooled}")));
    headings.extend(board.has_seeds().then(|| "#Seeds".to_owned()));
    headings.extend(["#Test clips", "#Speakers"].map(str::to_owned));
    let mut grid = Grid::new("Every model under its protocol, with 95 % intervals", &headings);
    for (index, scored) in board.models.iter().enumerate() {
        let mut row = vec![
            model_cell(scored, board.main == Some(index)),
            Cell::from(scored.protocol.name()),
            standardisation_cell(scored),
        ];
        row.push(Cell::estimate(scored.uar()));
        row.extend(over_corpora.then(|| Cell::estimate(scored.metric(SummaryMetric::UAR))));
        row.extend(METRICS.iter().map(|(metric, _)| Cell::estimate(scored.metric(metric))));
        row.extend(board.has_seeds().then(|| seeds_cell(scored)));
        row.extend([Cell::count(scored.support), Cell::count(scored.speakers)]);
        grid.row(row);
    }
    let note = format!("{}. {}{}", meanings(board, paper), interval_note(board), pooled_note(board));
    if paper {
        let mut row = vec![
            Cell::from(PAPER_NAME).note("as printed, not measured here").class("foreign"),
            Cell::from("random split"),
            Cell::from("not stated"),
        ];
        // It prints no UAR.
        row.extend(std::iter::repeat_n(Cell::none(), 1 + usize::from(over_corpora)));
        row.extend(METRICS.iter().map(|(metric, _)| match PAPER.iter().find(|(name, _)| name == metric) {
            Some((_, value)) => Cell::metric(*value).note("no interval"),
            None => Cell::none(),
        }));
        row.extend(board.has_seeds().then(Cell::none));
        row.extend([Cell::none(), Cell::none()]);
        grid.row(row);
        grid.foot(format!(
            "{note} Ranjan, Giri, Dixit and Sourabh, “A Hybrid Approach of CNN-LSTM for Speech Emotion Recognition”: CREMA-D, TESS, RAVDESS and SAVEE together, eight emotions.",
        ));
    } else {
        grid.foot(note);
    }
    grid
}

fn is_over_corpora(board: &Scoreboard) -> bool {
    board.models.iter().any(Scored::is_over_corpora)
}

/// Meaning of what is pooled, where something is.
pub(crate) fn pooled_note(board: &Scoreboard) -> &'static str {
    if is_over_corpora(board) {
        " Quote the mean over corpora: each counts the same. Pooled figures are over all clips together and follow the corpus \
         with the most of them."
    } else {
        ""
    }
}

/// Who was trained on under each protocol of the table: once, as many rows share one.
fn meanings(board: &Scoreboard, paper: bool) -> String {
    let random = Protocol::random();
    let mut protocols: Vec<&Protocol> = Vec::new();
    for protocol in board.models.iter().map(|scored| &scored.protocol).chain(paper.then_some(&random)) {
        if !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    let told: Vec<String> =
        protocols.into_iter().map(|protocol| format!("{}: {}", protocol.name(), protocol.meaning())).collect();
    capitalised(&told.join("; "))
}

/// Meaning of the intervals: that of a random split is no interval over speakers, and none is one over seeds.
pub(crate) fn interval_note(board: &Scoreboard) -> String {
    let over_speakers = "Intervals are over speakers: others of the same corpora could have been recorded.";
    let note = if board.models.iter().any(|scored| scored.knows_speakers) {
        format!(
            "{over_speakers} Where a model was trained on the test speakers, as under a random split, they are over other clips of these speakers: \
             narrower, and they say nothing of new speakers."
        )
    } else {
        over_speakers.to_owned()
    };
    let over_seeds = "Figures of several seeds are means over networks that are alike but for their seed; sd is the standard deviation of their UAR, which no interval covers.";
    if board.has_seeds() { format!("{note} {over_seeds}") } else { note }
}

fn model_cell(scored: &Scored, main: bool) -> Cell {
    let kind = if scored.baseline { "baseline, " } else { "" };
    let cell = Cell::from(scored.model.clone()).note(format!("{kind}split {}", scored.split));
    if main { cell.class("leading") } else { cell }
}

fn standardisation_cell(scored: &Scored) -> Cell {
    let cell = Cell::from(scored.standardisation_name());
    match scored.sharing() {
        Some(sharing) => cell.note(sharing).class("flagged"),
        None => cell,
    }
}

fn figure(tables: &Tables, board: &Scoreboard, metric: &str, paper: bool) -> Result<Figure, Error> {
    let is_uar = metric == SummaryMetric::UAR;
    let title = match (is_uar, is_over_corpora(board)) {
        (true, true) => "Unweighted average recall, mean over corpora",
        (true, false) => "Unweighted average recall",
        (false, true) => "Accuracy, pooled",
        (false, false) => "Accuracy",
    };
    let mut rows = Vec::new();
    let mut grid = Grid::new(format!("{title} of every model"), &["Model", "Protocol", "#Value", "#Low", "#High"]);
    for scored in &board.models {
        let Some(estimate) = (if is_uar { scored.uar() } else { scored.metric(metric) }) else { continue };
        let seeds = scored.seed_sd(metric).map_or_else(String::new, |sd| format!("\n{} seeds, {sd}", scored.seeds));
        let detail = format!(
            "{}, {}\n{}{seeds}",
            scored.protocol.name(),
            number::counted(scored.support, "test clip", "test clips"),
            scored.protocol.meaning()
        );
        let ink = if scored.baseline { Ink::Muted } else { scored.ink() };
        rows.push(IntervalRow {
            hollow: !scored.protocol.separates_speakers() || scored.uses_test_speakers,
            ..IntervalRow::new(&scored.model, estimate, ink, detail)
        });
        grid.row(vec![
            scored.model.clone().into(),
            scored.protocol.name().into(),
            Cell::metric(estimate.value),
            Cell::maybe_metric(estimate.low),
            Cell::maybe_metric(estimate.high),
        ]);
    }
    if let Some((_, value)) = PAPER.iter().find(|(name, _)| paper && *name == metric) {
        let label = format!("{PAPER_NAME}, random split");
        let detail = "as printed, not measured here".to_owned();
        let row = IntervalRow::new(&label, Estimate::exact(*value), Ink::Series(3), detail);
        rows.push(IntervalRow { hollow: true, ..row });
        grid.row(vec![label.into(), "random split".into(), Cell::metric(*value), Cell::none(), Cell::none()]);
    }
    // Guessing scores one in so many classes on recall averaged over classes, whatever their sizes; on accuracy it
    // depends.
    let guessing = board.main().and_then(|main| chance(tables, main)).filter(|_| is_uar);
    let guide = guessing.map(|chance| Guide { at: chance, label: format!("guessing {}", number::fixed(chance, 3)) });
    let label = format!("{title} by model: {}", spoken(&rows));
    let chart = interval_chart(&label, Scale::Share, &rows, guide.as_ref())?;

    let any = |wanted: &dyn Fn(&Scored) -> bool| board.models.iter().any(wanted);
    let mut legend = Vec::new();
    if any(&|scored| !scored.baseline && scored.protocol.separates_speakers()) {
        legend.push(LegendItem::dot(Ink::Accent, "test speakers never trained on"));
    }
    // One mark, one entry.
    let shared = |baseline: bool| {
        let of = |whose| any(&|scored| scored.baseline == baseline && scored.shares_with() == Some(whose));
        match (of("speaker"), of("corpus")) {
            (true, true) => Some("the test speaker or corpus"),
            (true, false) => Some("the test speaker"),
            (false, true) => Some("the test corpus"),
            (false, false) => None,
        }
    };
    if let Some(whose) = shared(false) {
        legend.push(LegendItem::hollow(Ink::Accent, format!("the same, using unlabelled clips of {whose}")));
    }
    if any(&|scored| !scored.baseline && !scored.protocol.separates_speakers()) {
        legend.push(LegendItem::hollow(Ink::Contrast, "random or other split"));
    }
    if any(&|scored| scored.baseline) {
        let outlined = [
            shared(true).map(|whose| format!("using unlabelled clips of {whose}")),
            any(&|scored| scored.baseline && !scored.protocol.separates_speakers())
                .then(|| "random or other split".to_owned()),
        ];
        let outlined: Vec<String> = outlined.into_iter().flatten().collect();
        let told = if outlined.is_empty() { String::new() } else { format!(" (outlined: {})", outlined.join("; ")) };
        legend.push(LegendItem::dot(Ink::Muted, format!("baseline{told}")));
    }
    if PAPER.iter().any(|(name, _)| paper && *name == metric) {
        legend.push(LegendItem::hollow(Ink::Series(3), "published"));
    }
    let caption = if is_uar && is_over_corpora(board) {
        "Dots are the mean over corpora, each of which counts the same; bars the 95 % interval."
    } else {
        "Dots are all test clips together, bars the 95 % interval."
    };
    Ok(Figure::new(title, caption, chart, grid).with_legend(legend))
}
