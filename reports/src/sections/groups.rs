//! For whom, and on what: the leading model by group of clips, with the worst group named.

use serde::Serialize;

use ser_schemas::SummaryMetric;

use crate::Error;
use crate::charts::{Dot, Guide, Ink, IntervalRow, Scale, interval_chart, strip};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::words::spoken;
use crate::tables::Tables;

/// Groups of at most so many values are drawn with their intervals.
const MOST_VALUES: usize = 14;
/// So many speakers are drawn, and listed.
const MOST_SPEAKERS: usize = 400;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Groups {
    model: String,
    /// The worst group of each kind; `None` where worst groups were not sought.
    worst: Option<Grid>,
    /// The same of the other models.
    others: Option<Grid>,
    figures: Vec<Figure>,
}

/// `None` where the leading model has no groups.
pub(crate) fn groups(tables: &Tables, board: &Scoreboard) -> Result<Option<Groups>, Error> {
    let Some(main) = board.main() else { return Ok(None) };
    let mut figures = Vec::new();
    for (group, what) in [
        ("corpus", "corpus"),
        ("gender", "gender of the speaker"),
        ("intensity", "intensity of the portrayal"),
        ("language", "language"),
        ("agreement", "agreement of the listeners"),
    ] {
        figures.extend(few(tables, main, group, what)?);
    }
    figures.extend(speakers(tables, main)?);
    let caption = format!("The group on which {} does worst, of each kind of group", main.model);
    let own = worst(tables, caption, &[main]);
    let rest: Vec<&Scored> =
        board.models.iter().filter(|scored| !scored.is_constant() && !scored.owns(&main.model, &main.split)).collect();
    let others =
        worst(tables, "The group on which each other model does worst, of each kind of group".to_owned(), &rest);
    Ok((own.is_some() || !figures.is_empty()).then(|| Groups {
        model: main.model.clone(),
        worst: own,
        others,
        figures,
    }))
}

fn of_group<'a>(tables: &'a Tables, main: &Scored, group: &str) -> Vec<&'a SummaryMetric> {
    let rows = tables.summary.iter().filter(|row| row.metric == SummaryMetric::UAR && row.group == group);
    rows.filter(|row| main.owns(&row.model, &row.split))
        .filter_map(|row| SummaryMetric::headline(&tables.summary, [&row.model, &row.split, group, &row.group_value]))
        .collect()
}

/// `true` if `row` is the worst of its group, as the evaluation named it.
fn is_worst(tables: &Tables, main: &Scored, row: &SummaryMetric) -> bool {
    tables.worst_groups.iter().any(|worst| {
        main.owns(&worst.model, &worst.split) && worst.group == row.group && worst.group_value == row.group_value
    })
}

/// Groups of a few values.
fn few(tables: &Tables, main: &Scored, group: &str, what: &str) -> Result<Option<Figure>, Error> {
    let rows = of_group(tables, main, group);
    // A single value is the whole again.
    if rows.len() < 2 || rows.len() > MOST_VALUES {
        return Ok(None);
    }
    let mut grid = Grid::new(
        format!("UAR of {} by {what}", main.model),
        &["Group", "#UAR", "#Low", "#High", "#Test clips", "#Speakers"],
    );
    let mut drawn = Vec::new();
    for row in rows {
        let worst = is_worst(tables, main, row);
        grid.row(vec![
            row.group_value.clone().into(),
            Cell::metric(row.value),
            Cell::maybe_metric(row.low),
            Cell::maybe_metric(row.high),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ]);
        let label = format!("{}{}", row.group_value, if worst { " (worst)" } else { "" });
        let detail = format!(
            "{} of {}",
            number::counted(row.support, "test clip", "test clips"),
            number::counted(row.speakers, "speaker", "speakers")
        );
        drawn.push(IntervalRow::new(label, row.into(), if worst { Ink::Contrast } else { Ink::Accent }, detail));
    }
    let all = if main.is_over_corpora() { "mean over corpora" } else { "all clips" };
    let guide = main.uar().map(|uar| Guide { at: uar.value, label: format!("{all} {}", number::metric(uar.value)) });
    let label = format!("UAR of {} by {what}: {}", main.model, spoken(&drawn));
    let chart = interval_chart(&label, Scale::Share, &drawn, guide.as_ref())?;
    let over = if main.is_over_corpora() && group != "corpus" { ", in the mean over its corpora" } else { "" };
    let caption = format!(
        "Each group’s mean recall over the emotions it has{over}, with the 95 % interval where speakers are enough for one."
    );
    Ok(Some(Figure::new(format!("By {what}"), caption, chart, grid)))
}

fn speakers(tables: &Tables, main: &Scored) -> Result<Option<Figure>, Error> {
    let mut rows = of_group(tables, main, "speaker");
    if rows.len() < 2 {
        return Ok(None);
    }
    rows.sort_by(|one, other| one.value.total_cmp(&other.value).then_with(|| one.group_value.cmp(&other.group_value)));
    let all = rows.len();
    rows.truncate(MOST_SPEAKERS);
    let corpora = tables.corpora_with_clips();
    // Speakers are named `<corpus>:<id>`.
    let corpus = |speaker: &str| corpora.iter().position(|name| speaker.split(':').next() == Some(*name)).unwrap_or(6);
    let mut grid =
        Grid::new(format!("UAR of {} by speaker, the lowest first", main.model), &["Speaker", "#UAR", "#Test clips"]);
    for row in &rows {
        grid.row(vec![row.group_value.clone().into(), Cell::metric(row.value), Cell::count(row.support)]);
    }
    if all > rows.len() {
        grid.foot(format!(
            "The lowest {} of {} speakers; summary.parquet has all.",
            rows.len(),
            number::count(all as u64)
        ));
    }
    let (first, last) = (rows[0], rows[rows.len() - 1]);
    let label = format!(
        "UAR of {} for each of {}, from {} ({}) to {} ({})",
        main.model,
        number::counted(rows.len() as u64, "speaker", "speakers"),
        number::metric(first.value),
        first.group_value,
        number::metric(last.value),
        last.group_value
    );
    let mut dots: Vec<(usize, Dot)> = rows
        .iter()
        .map(|row| {
            let place = corpus(&row.group_value);
            let clips = number::counted(row.support, "test clip", "test clips");
            let spoken = format!("{}: {}\n{clips}", row.group_value, number::metric(row.value));
            (place, Dot { value: row.value, spoken, ink: Ink::Series(place) })
        })
        .collect();
    dots.sort_by_key(|(place, _)| *place);
    let legend = corpora
        .iter()
        .enumerate()
        .filter(|(place, _)| dots.iter().any(|(of, _)| of == place))
        .map(|(place, name)| LegendItem::dot(Ink::Series(place), *name))
        .collect();
    let dots: Vec<Dot> = dots.into_iter().map(|(_, dot)| dot).collect();
    let chart = strip(&label, "UAR", &dots)?;
    let caption = format!(
        "A dot per speaker, from {} at {} to {} at {}. A speaker has few clips, so part of the spread is chance.",
        first.group_value,
        number::metric(first.value),
        last.group_value,
        number::metric(last.value)
    );
    Ok(Some(Figure::new("By speaker", caption, chart, grid).with_legend(legend)))
}

fn worst(tables: &Tables, caption: String, models: &[&Scored]) -> Option<Grid> {
    let mut grid = Grid::new(
        caption,
        &[
            "?Model",
            "?Grouped by",
            "Worst group",
            "#UAR there",
            "#UAR of all",
            "#Test clips",
            "#Groups compared",
            "#Left out",
        ],
    );
    for scored in models {
        for row in tables.worst_groups.iter().filter(|row| scored.owns(&row.model, &row.split)) {
            grid.row(vec![
                Cell::from(row.model.clone()).note(format!("split {}", row.split)),
                Cell::words(&row.group),
                row.group_value.clone().into(),
                Cell::estimate(Some(Estimate { value: row.value, low: row.low, high: row.high })),
                Cell::metric(row.overall),
                Cell::count(row.support),
                Cell::count(row.compared),
                Cell::count(row.left_out),
            ]);
        }
    }
    grid.foot("The worst of many groups is partly the unluckiest. Left out: groups with too few clips, or of a single emotion.");
    (!grid.is_empty()).then_some(grid)
}
