//! Across corpora: what a model does on recordings from a studio that it never heard.

use ser_schemas::{CrossCorpus, Grouping, Role};

use crate::Error;
use crate::charts::{Axes, MatrixCell, matrix};
use crate::figure::Figure;
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::words::distinct;
use crate::tables::Tables;

/// So many matrices are drawn, in the order of the table.
const MOST_DRAWN: usize = 6;

/// One figure per model that was trained without each corpus in turn.
pub(crate) fn cross_corpus(tables: &Tables, board: &Scoreboard) -> Result<Vec<Figure>, Error> {
    let mut models: Vec<(&str, &str)> = Vec::new();
    for row in tables.cross_corpus.iter().filter(|row| is_of_corpora(row)) {
        if !models.contains(&(&row.model, &row.split)) {
            models.push((&row.model, &row.split));
        }
    }
    models.truncate(MOST_DRAWN);
    let scored = |model: &str, split: &str| board.models.iter().find(|scored| scored.owns(model, split));
    models.into_iter().map(|(model, split)| figure(tables, model, split, scored(model, split))).collect()
}

fn is_of_corpora(row: &CrossCorpus) -> bool {
    row.held_out.as_deref().is_none_or(|column| column == Grouping::Corpus.as_str())
}

fn figure(tables: &Tables, model: &str, split: &str, scored: Option<&Scored>) -> Result<Figure, Error> {
    let rows: Vec<&CrossCorpus> = tables
        .cross_corpus
        .iter()
        .filter(|row| is_of_corpora(row) && row.model == model && row.split == split)
        .collect();
    let without = distinct(rows.iter().map(|row| row.trained_without.as_str()));
    let tested = distinct(rows.iter().map(|row| row.tested_on.as_str()));
    let find = |row: usize, column: usize| {
        rows.iter().find(|cell| {
            cell.metric == "uar" && cell.trained_without == without[row] && cell.tested_on == tested[column]
        })
    };

    let mut grid = Grid::new(
        format!("{model} trained without one corpus at a time"),
        &["?Trained without", "?Tested on", "?Metric", "#Value", "Tested on what", "#Clips", "#Speakers"],
    );
    for row in &rows {
        grid.row(vec![
            row.trained_without.clone().into(),
            row.tested_on.clone().into(),
            Cell::words(&row.metric),
            Cell::estimate(Some(Estimate { value: row.value, low: row.low, high: row.high })),
            Cell::from(if row.role == Role::Test {
                "a corpus never heard"
            } else {
                "unheard speakers of a known corpus"
            }),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ]);
    }
    let unheard: Vec<String> = rows
        .iter()
        .filter(|row| row.role == Role::Test && row.metric == "uar")
        .map(|row| format!("{} {}", row.tested_on, number::with_interval(row.value, row.low, row.high)))
        .collect();
    let label = format!(
        "UAR of {model} on each corpus, trained without one of them. On the corpus left out: {}",
        unheard.join("; ")
    );
    let axes = Axes {
        rows_title: "without",
        columns_title: "tested on",
        rows: without.iter().map(|name| (*name).to_owned()).collect(),
        columns: tested.iter().map(|name| (*name).to_owned()).collect(),
    };
    let chart = matrix(&label, &axes, |row, column| {
        let cell = find(row, column);
        let scored = cell.map_or("not scored".to_owned(), |cell| {
            format!(
                "UAR {}\n{}",
                number::with_interval(cell.value, cell.low, cell.high),
                number::counted(cell.support, "clip", "clips")
            )
        });
        MatrixCell {
            text: cell.map_or(number::NONE.to_owned(), |cell| number::metric(cell.value)),
            share: cell.map(|cell| cell.value),
            spoken: format!("trained without {}, tested on {}: {scored}", without[row], tested[column]),
            framed: cell.is_some_and(|cell| cell.role == Role::Test),
        }
    })?;
    let sharing = scored.and_then(Scored::sharing);
    let mark = sharing.map_or_else(String::new, |sharing| format!(" The model {sharing}."));
    if !mark.is_empty() {
        grid.foot(mark.trim_start());
    }
    let caption = format!(
        "UAR. Framed: the corpus that training never heard.{mark} The others: speakers of known corpora who were held out \
         to choose epoch or regularisation, so those figures are somewhat high."
    );
    Ok(Figure::new(format!("Corpus by corpus, {model}"), caption, chart, grid))
}
