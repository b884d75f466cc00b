//! Where each model errs: confusion (Figure 9 of the paper), classification report (Figure 10), corpora, genders, folds.

use std::collections::BTreeMap;

use serde::Serialize;

use ser_schemas::{ClassMetrics, Emotion};

use crate::Error;
use crate::charts::{Ink, IntervalRow, confusion_matrix, interval_chart};
use crate::figure::Figure;
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::protocols::estimate_cell;
use crate::tables::Tables;

const METRICS: [(&str, &str); 4] =
    [("uar", "#UAR"), ("accuracy", "#Accuracy"), ("macro_f1", "#Macro-F1"), ("weighted_f1", "#Weighted F1")];

/// Groups whose recall by emotion is shown beside the totals: few values each.
const BY_EMOTION: [&str; 2] = ["corpus", "gender"];

/// Errors of one model.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelErrors {
    /// Anchor in the page.
    id: String,
    model: String,
    protocol: String,
    split: String,
    /// Whether the report leads with this model.
    main: bool,
    /// Shown with the name: standardisation per speaker.
    label: Option<&'static str>,
    confusion: Option<Figure>,
    recall: Option<Figure>,
    report: Grid,
    groups: Vec<Group>,
}

/// One way to group the test clips.
#[derive(Debug, Clone, Serialize)]
struct Group {
    title: String,
    totals: Grid,
    recall: Option<Grid>,
}

/// One entry per evaluated model, in the order of the scoreboard.
pub(crate) fn errors(tables: &Tables, board: &Scoreboard) -> Result<Vec<ModelErrors>, Error> {
    board
        .models
        .iter()
        .enumerate()
        .map(|(index, scored)| {
            Ok(ModelErrors {
                id: format!("model-{}", index + 1),
                model: scored.model.clone(),
                protocol: scored.protocol.name().to_owned(),
                split: scored.split.clone(),
                main: board.main == Some(index),
                label: scored
                    .standardisation
                    .uses_test_speakers()
                    .then_some("uses the test speaker’s unlabelled clips"),
                confusion: confusion(tables, scored)?,
                recall: recall(tables, scored)?,
                report: report(tables, scored),
                groups: groups(tables, scored),
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
    let classes: Vec<Emotion> = Emotion::ALL
        .into_iter()
        .filter(|emotion| cells.keys().any(|(one, other)| one == emotion || other == emotion))
        .collect();
    if classes.is_empty() {
        return Ok(None);
    }
    let cell = |emotion, predicted| cells.get(&(emotion, predicted)).copied().unwrap_or((0, 0.0));

    let mut headings = vec!["Emotion".to_owned()];
    headings.extend(classes.iter().map(|class| format!("#{class}")));
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut grid =
        Grid::new("Clips of each emotion (rows) by predicted emotion (columns), with the share of the row", &headings);
    let mut spoken = Vec::new();
    for emotion in &classes {
        let mut row = vec![Cell::from(emotion.as_str())];
        for predicted in &classes {
            let (clips, share) = cell(*emotion, *predicted);
            row.push(Cell::from(number::count(clips)).note(number::metric(share)));
        }
        grid.row(row);
        let mistaken = classes
            .iter()
            .filter(|predicted| *predicted != emotion)
            .max_by_key(|predicted| cell(*emotion, **predicted).0);
        if let Some(mistaken) = mistaken.filter(|mistaken| cell(*emotion, **mistaken).0 > 0) {
            spoken.push(format!(
                "{emotion} {} right, most often taken for {mistaken} ({})",
                number::metric(cell(*emotion, *emotion).1),
                number::metric(cell(*emotion, *mistaken).1)
            ));
        }
    }
    let label = format!("Confusion matrix of {}. Shares of each emotion: {}", scored.model, spoken.join("; "));
    let chart = confusion_matrix(&label, &classes, cell)?;
    let caption = "Rows are the emotions of the clips. Figures count clips; the stronger the colour, the larger the share of the row.";
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
        let end = |end: Option<f64>| Cell::from(end.map_or(number::NONE.to_owned(), number::metric));
        grid.row(vec![
            row.emotion.as_str().into(),
            number::metric(row.recall).into(),
            end(row.recall_low),
            end(row.recall_high),
            number::count(row.support).into(),
        ]);
        rows.push(IntervalRow {
            label: format!("{} ({})", row.emotion, number::counted(row.support, "clip", "clips")),
            value: row.recall,
            low: row.recall_low,
            high: row.recall_high,
            ink: if scored.protocol.separates_speakers() { Ink::Accent } else { Ink::Contrast },
            hollow: false,
        });
    }
    let spoken: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.label, number::with_interval(row.value, row.low, row.high)))
        .collect();
    let chart = interval_chart(&format!("Recall of {} by emotion: {}", scored.model, spoken.join("; ")), &rows, None)?;
    let caption = "Share of each emotion’s clips that were recognised, with the 95 % interval. Their mean is the UAR.";
    Ok(Some(Figure::new("Recall by emotion", caption, chart, grid)))
}

fn report(tables: &Tables, scored: &Scored) -> Grid {
    let mut grid = Grid::new(
        format!("Classification report of {}", scored.model),
        &["Emotion", "#Precision", "#Recall", "#F1", "#Support"],
    );
    let mut untested = false;
    for row in class_rows(tables, scored, "overall") {
        let cell = |value, low, high| estimate_cell(Some(Estimate { value, low, high }));
        let mut cells = vec![
            Cell::from(row.emotion.as_str()),
            cell(row.precision, row.precision_low, row.precision_high),
            cell(row.recall, row.recall_low, row.recall_high),
            cell(row.f1, row.f1_low, row.f1_high),
            number::count(row.support).into(),
        ];
        if row.support == 0 {
            untested = true;
            cells = cells.into_iter().map(|cell| cell.class("quiet")).collect();
        }
        grid.row(cells);
    }
    if untested {
        grid.foot("An emotion with support 0 has no test clips: its zeros are a convention, not a measurement.");
    }
    grid
}

/// `corpus`, `gender` and `fold` first, then any other, each with all metrics.
fn groups(tables: &Tables, scored: &Scored) -> Vec<Group> {
    let mut names: Vec<&str> = vec!["corpus", "gender", "fold"];
    for row in tables.summary.iter().filter(|row| row.group != "overall" && scored.owns(&row.model, &row.split)) {
        if !names.contains(&row.group.as_str()) {
            names.push(&row.group);
        }
    }
    names
        .into_iter()
        .filter_map(|group| {
            let totals = totals(tables, scored, group);
            (!totals.is_empty()).then(|| Group {
                title: format!("By {group}"),
                totals,
                recall: BY_EMOTION.contains(&group).then(|| recall_by_group(tables, scored, group)).flatten(),
            })
        })
        .collect()
}

fn totals(tables: &Tables, scored: &Scored, group: &str) -> Grid {
    let mut headings = vec![group_heading(group)];
    headings.extend(METRICS.iter().map(|(_, heading)| (*heading).to_owned()));
    headings.push("#Test clips".to_owned());
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut grid = Grid::new(format!("{} by {group}", scored.model), &headings);
    let rows: Vec<_> =
        tables.summary.iter().filter(|row| row.group == group && scored.owns(&row.model, &row.split)).collect();
    for value in distinct(rows.iter().map(|row| row.group_value.as_str())) {
        let of_value = || rows.iter().filter(|row| row.group_value == value);
        let mut cells = vec![Cell::from(value)];
        cells.extend(METRICS.iter().map(|(metric, _)| {
            estimate_cell(of_value().find(|row| row.metric == *metric).map(|row| Estimate::from(*row)))
        }));
        cells.push(number::count(of_value().map(|row| row.support).max().unwrap_or(0)).into());
        grid.row(cells);
    }
    grid
}

fn recall_by_group(tables: &Tables, scored: &Scored, group: &str) -> Option<Grid> {
    let rows: Vec<&ClassMetrics> = class_rows(tables, scored, group).collect();
    let values = distinct(rows.iter().map(|row| row.group_value.as_str()));
    if values.is_empty() {
        return None;
    }
    let mut headings = vec!["Emotion".to_owned()];
    headings.extend(values.iter().map(|value| format!("#{value}")));
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut grid = Grid::new(format!("Recall of {} by emotion and {group}", scored.model), &headings);
    for emotion in Emotion::ALL.into_iter().filter(|emotion| rows.iter().any(|row| row.emotion == *emotion)) {
        let mut cells = vec![Cell::from(emotion.as_str())];
        for value in &values {
            let row = rows.iter().find(|row| row.emotion == emotion && row.group_value == *value && row.support > 0);
            cells.push(match row {
                Some(row) => {
                    let interval = number::interval(row.recall_low, row.recall_high).unwrap_or_default();
                    Cell::from(number::metric(row.recall))
                        .note(format!("{interval} of {}", number::count(row.support)).trim().to_owned())
                }
                None => Cell::from("no clips").class("quiet"),
            });
        }
        grid.row(cells);
    }
    Some(grid)
}

fn group_heading(group: &str) -> String {
    let mut characters = group.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Different values in the order of their first appearance.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}
