//! Labels in doubt: clips whose label the model disputes, to be listened to, and what listeners heard against what was
//! meant.

use std::collections::BTreeSet;

use serde::Serialize;

use ser_schemas::{Emotion, LabelError, Perceived};

use crate::Error;
use crate::charts::{Axes, MatrixCell, matrix};
use crate::figure::Figure;
use crate::grid::{Cell, Grid};
use crate::listen::Recordings;
use crate::number;
use crate::scored::Scoreboard;
use crate::sections::words::distinct;
use crate::tables::Tables;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Labels {
    disputed: Option<Disputed>,
    perceived: Vec<Figure>,
}

#[derive(Debug, Clone, Serialize)]
struct Disputed {
    model: String,
    total: String,
    table: Grid,
}

/// `None` where neither is known; at most `rows` clips are listed.
pub(crate) fn labels(
    tables: &Tables,
    board: &Scoreboard,
    recordings: &mut Recordings<'_>,
    rows: usize,
) -> Result<Option<Labels>, Error> {
    let perceived = distinct(tables.perceived.iter().map(|row| row.corpus.as_str()));
    let perceived = perceived.into_iter().map(|corpus| figure(tables, corpus)).collect::<Result<Vec<_>, _>>()?;
    let disputed = disputed(tables, board, recordings, rows);
    Ok((disputed.is_some() || !perceived.is_empty()).then_some(Labels { disputed, perceived }))
}

/// The leading model's; those of the best model that has any where the leading one has none.
fn disputed(tables: &Tables, board: &Scoreboard, recordings: &mut Recordings<'_>, rows: usize) -> Option<Disputed> {
    let model = board
        .main()
        .into_iter()
        .chain(&board.models)
        .find(|scored| tables.label_errors.iter().any(|row| scored.owns(&row.model, &row.split)))?;
    let mut errors: Vec<&LabelError> =
        tables.label_errors.iter().filter(|row| model.owns(&row.model, &row.split)).collect();
    errors.sort_by_key(|row| row.rank);
    let mut grid = Grid::new(
        format!("Likely label errors by {}, those most worth listening to first", model.model),
        &["#Rank", "Clip", "?Labelled", "?Suggested", "#p(label)", "#p(suggested)", "?Listeners heard", "Speaker"],
    );
    for row in errors.iter().take(rows) {
        grid.row(vec![
            Cell::count(u64::from(row.rank)),
            Cell::from(row.clip_id.clone()).class("path").listen(recordings.carry(&row.clip_id)),
            row.emotion.as_str().into(),
            row.suggested.as_str().into(),
            Cell::metric(row.probability_given),
            Cell::metric(row.probability_suggested),
            row.perceived_emotion.map_or_else(Cell::none, |heard| Cell::from(heard.as_str())),
            row.speaker.clone().into(),
        ]);
    }
    let more = errors.len().saturating_sub(rows);
    if more > 0 {
        grid.foot(format!("{} in label_errors.parquet.", number::counted(more as u64, "more clip", "more clips")));
    }
    Some(Disputed {
        model: model.model.clone(),
        total: number::counted(errors.len() as u64, "clip", "clips"),
        table: grid,
    })
}

fn figure(tables: &Tables, corpus: &str) -> Result<Figure, Error> {
    let rows: Vec<&Perceived> = tables.perceived.iter().filter(|row| row.corpus == corpus).collect();
    let meant: BTreeSet<Emotion> = rows.iter().map(|row| row.emotion).collect();
    let meant: Vec<Emotion> = meant.into_iter().collect();
    let heard = rows.iter().filter_map(|row| row.perceived_emotion).chain(meant.iter().copied());
    let mut heard: Vec<Option<Emotion>> = heard.collect::<BTreeSet<_>>().into_iter().map(Some).collect();
    // Listeners who agree on nothing come last.
    if rows.iter().any(|row| row.perceived_emotion.is_none()) {
        heard.push(None);
    }
    let name = |heard: Option<Emotion>| heard.map_or("no majority", |emotion| emotion.as_str());
    let find = |meant: Emotion, heard: Option<Emotion>| {
        rows.iter().find(|row| row.emotion == meant && row.perceived_emotion == heard)
    };

    let mut grid = Grid::new(
        format!("Intended and perceived emotion in {corpus}"),
        &["?Intended", "?Perceived", "#Clips", "#Share of intended", "#Agreement of listeners"],
    );
    let mut spoken = Vec::new();
    for emotion in &meant {
        for heard in &heard {
            if let Some(row) = find(*emotion, *heard) {
                grid.row(vec![
                    emotion.as_str().into(),
                    name(*heard).into(),
                    Cell::count(row.clips),
                    Cell::metric(row.share),
                    Cell::maybe_metric(row.agreement),
                ]);
            }
        }
        let understood = find(*emotion, Some(*emotion)).map_or(0.0, |row| row.share);
        spoken.push(format!("{emotion} heard as meant {}", number::percent(understood)));
    }
    let axes = Axes {
        rows_title: "intended",
        columns_title: "heard by most listeners (–: no majority), percent of the row",
        rows: meant.iter().map(|emotion| emotion.as_str().to_owned()).collect(),
        columns: heard.iter().map(|heard| heard.map_or("–", |emotion| emotion.as_str()).to_owned()).collect(),
    };
    let label = format!("Intended and perceived emotion in {corpus}: {}", spoken.join(", "));
    let chart = matrix(&label, &axes, |row, column| {
        let (meant, heard) = (meant[row], heard[column]);
        let cell = find(meant, heard);
        let clips = cell.map_or("no clips".to_owned(), |cell| {
            format!("{} ({})", number::percent(cell.share), number::counted(cell.clips, "clip", "clips"))
        });
        MatrixCell {
            text: cell.map_or("·".to_owned(), |cell| number::percent_figure(cell.share)),
            share: cell.map(|cell| cell.share),
            spoken: format!("meant {meant}, heard {}: {clips}", name(heard)),
            framed: heard == Some(meant),
        }
    })?;
    let caption =
        "Where most listeners heard something else than the actor meant, a model cannot be expected to do better.";
    Ok(Figure::new(format!("Intended and perceived, {corpus}"), caption, chart, grid))
}
