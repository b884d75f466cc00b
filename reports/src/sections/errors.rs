//! Where each model errs: confusion (Figure 9 of Ranjan et al.), classification report (Figure 10), recall by corpus
//! and gender.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use ser_schemas::{ClassMetrics, Emotion};

use crate::Error;
use crate::charts::{Axes, IntervalRow, MatrixCell, Scale, interval_chart, matrix};
use crate::figure::Figure;
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::words::{distinct, spoken};
use crate::tables::Tables;

/// Groups whose recall is shown by emotion: few values each.
const BY_EMOTION: [&str; 4] = ["corpus", "gender", "intensity", "language"];
/// Wider tables help nobody.
const MOST_VALUES: usize = 12;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelErrors {
    /// Anchor in the page.
    id: String,
    model: String,
    protocol: String,
    split: String,
    /// `true` if the report leads with this model.
    main: bool,
    /// Shown with the name: standardisation per speaker or corpus.
    label: Option<String>,
    confusion: Option<Figure>,
    recall: Option<Figure>,
    report: Grid,
    /// Recall by emotion and group.
    groups: Vec<Grid>,
}

/// One entry per evaluated model that does not answer the same to every clip, in the order of the scoreboard.
pub(crate) fn errors(tables: &Tables, board: &Scoreboard) -> Result<Vec<ModelErrors>, Error> {
    board
        .models
        .iter()
        .enumerate()
        .filter(|(index, scored)| !scored.is_constant() || board.main == Some(*index))
        .map(|(index, scored)| {
            Ok(ModelErrors {
                id: format!("model-{}", index + 1),
                model: scored.model.clone(),
                protocol: scored.protocol.name().to_owned(),
                split: scored.split.clone(),
                main: board.main == Some(index),
                label: scored.sharing(),
                confusion: confusion(tables, scored)?,
                recall: recall(tables, scored)?,
                report: report(tables, scored),
                groups: BY_EMOTION.iter().filter_map(|group| recall_by_group(tables, scored, group)).collect(),
            })
        })
        .collect()
}

fn class_rows<'a>(tables: &'a Tables, scored: &'a Scored, group: &'a str) -> impl Iterator<Item = &'a ClassMetrics> {
    tables.classes.iter().filter(move |row| row.group == group && scored.owns(&row.model, &row.split))
}

fn confusion(tables: &Tables, scored: &Scored) -> Result<Option<Figure>, Error> {
    let cells: BTreeMap<(Emotion, Emotion), (u64, f64)> = tables
        .confusion
        .iter()
        .filter(|cell| cell.group == "overall" && scored.owns(&cell.model, &cell.split))
        .map(|cell| ((cell.emotion, cell.predicted), (cell.clips, cell.share)))
        .collect();
    let classes: BTreeSet<Emotion> = cells.keys().flat_map(|(emotion, predicted)| [*emotion, *predicted]).collect();
    let classes: Vec<Emotion> = classes.into_iter().collect();
    if classes.is_empty() {
        return Ok(None);
    }
    let cell = |emotion, predicted| cells.get(&(emotion, predicted)).copied().unwrap_or((0, 0.0));

    let mut grid = Grid::new("Clips of each emotion (rows) by predicted emotion (columns)", &["Emotion"]);
    for class in &classes {
        grid.numeric_column(class.as_str());
    }
    let mut said = Vec::new();
    for emotion in &classes {
        let mut row = vec![Cell::from(emotion.as_str())];
        for predicted in &classes {
            row.push(Cell::count(cell(*emotion, *predicted).0));
        }
        grid.row(row);
        let mistaken = classes
            .iter()
            .filter(|predicted| *predicted != emotion)
            .max_by_key(|predicted| cell(*emotion, **predicted).0);
        if let Some(mistaken) = mistaken.filter(|mistaken| cell(*emotion, **mistaken).0 > 0) {
            said.push(format!(
                "{emotion} {} right, most often taken for {mistaken} ({})",
                number::metric(cell(*emotion, *emotion).1),
                number::metric(cell(*emotion, *mistaken).1)
            ));
        }
    }
    let label = format!("Confusion matrix of {}. Shares of each emotion: {}", scored.model, said.join("; "));
    let names: Vec<String> = classes.iter().map(|class| class.as_str().to_owned()).collect();
    let axes = Axes {
        rows_title: "emotion",
        columns_title: "predicted as, percent of the row",
        rows: names.clone(),
        columns: names,
    };
    let chart = matrix(&label, &axes, |row, column| {
        let (emotion, predicted) = (classes[row], classes[column]);
        let (clips, share) = cell(emotion, predicted);
        let all: u64 = classes.iter().map(|predicted| cell(emotion, *predicted).0).sum();
        MatrixCell {
            text: if clips == 0 { "·".to_owned() } else { number::percent_figure(share) },
            share: (clips > 0).then_some(share),
            spoken: format!(
                "{emotion} predicted as {predicted}: {} of {} ({})",
                number::count(clips),
                number::counted(all, "clip", "clips"),
                number::percent(share)
            ),
            framed: row == column,
        }
    })?;
    let caption = "Rows are the emotions of the clips, and add up to 100 %; framed: right. The table counts clips.";
    Ok(Some(Figure::new("Confusion", caption, chart, grid)))
}

fn recall(tables: &Tables, scored: &Scored) -> Result<Option<Figure>, Error> {
    let tested: Vec<&ClassMetrics> = class_rows(tables, scored, "overall").filter(|row| row.support > 0).collect();
    if tested.is_empty() {
        return Ok(None);
    }
    let mut grid = Grid::new(
        format!("Recall of each emotion, {}", scored.model),
        &["Emotion", "#Recall", "#Low", "#High", "#Clips"],
    );
    let mut rows = Vec::new();
    for row in tested {
        grid.row(vec![
            row.emotion.as_str().into(),
            Cell::metric(row.recall),
            Cell::maybe_metric(row.recall_low),
            Cell::maybe_metric(row.recall_high),
            Cell::count(row.support),
        ]);
        let detail = format!(
            "{} of {}\nprecision {}, F1 {}",
            number::counted(row.support, "clip", "clips"),
            number::counted(row.speakers, "speaker", "speakers"),
            number::metric(row.precision),
            number::metric(row.f1)
        );
        let recall = Estimate { value: row.recall, low: row.recall_low, high: row.recall_high };
        rows.push(IntervalRow::new(row.emotion.as_str(), recall, scored.ink(), detail));
    }
    let label = format!("Recall of {} by emotion: {}", scored.model, spoken(&rows));
    let chart = interval_chart(&label, Scale::Share, &rows, None)?;
    let interval =
        if rows.iter().any(|row| row.low.is_some() && row.high.is_some()) { ", with the 95 % interval" } else { "" };
    let caption = format!("Share of each emotion’s clips that were recognised{interval}. Their mean is the UAR.");
    Ok(Some(Figure::new("Recall by emotion", caption, chart, grid)))
}

fn report(tables: &Tables, scored: &Scored) -> Grid {
    let mut grid = Grid::new(
        format!("Classification report of {}", scored.model),
        &["Emotion", "#Precision", "#Recall", "#F1", "#Clips", "#Speakers"],
    );
    let mut untested = false;
    for row in class_rows(tables, scored, "overall") {
        let cell = |value, low, high| Cell::estimate(Some(Estimate { value, low, high }));
        let mut cells = vec![
            Cell::from(row.emotion.as_str()),
            cell(row.precision, row.precision_low, row.precision_high),
            cell(row.recall, row.recall_low, row.recall_high),
            cell(row.f1, row.f1_low, row.f1_high),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ];
        if row.support == 0 {
            untested = true;
            cells = cells.into_iter().map(|cell| cell.class("quiet")).collect();
        }
        grid.row(cells);
    }
    if untested {
        grid.foot("An emotion with 0 clips was not tested: its zeros are a convention, not a measurement.");
    }
    grid
}

fn recall_by_group(tables: &Tables, scored: &Scored, group: &str) -> Option<Grid> {
    let rows: Vec<&ClassMetrics> = class_rows(tables, scored, group).collect();
    let values = distinct(rows.iter().map(|row| row.group_value.as_str()));
    // A single value is the classification report again.
    if values.len() < 2 || values.len() > MOST_VALUES {
        return None;
    }
    let mut grid = Grid::new(format!("Recall of {} by emotion and {group}", scored.model), &["Emotion"]);
    for value in &values {
        grid.numeric_column(*value);
    }
    for emotion in rows.iter().map(|row| row.emotion).collect::<BTreeSet<_>>() {
        let mut cells = vec![Cell::from(emotion.as_str())];
        for value in &values {
            let row = rows.iter().find(|row| row.emotion == emotion && row.group_value == *value && row.support > 0);
            cells.push(match row {
                Some(row) => {
                    Cell::estimate(Some(Estimate { value: row.recall, low: row.recall_low, high: row.recall_high }))
                }
                None => Cell::missing("no clips"),
            });
        }
        grid.row(cells);
    }
    Some(grid)
}
