//! What a few labelled clips of a speaker add to a model that has never heard the speaker.

use serde::Serialize;

use ser_schemas::Adaptation;

use crate::Error;
use crate::charts::{Ink, Level, Step, band_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::answer::classes_tested;
use crate::sections::words::listed;
use crate::tables::Tables;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Labelled {
    /// What it adds to the leading model.
    sentence: Option<String>,
    figure: Option<Figure>,
    table: Grid,
}

/// `None` where no model was adapted.
pub(crate) fn labelled(tables: &Tables, board: &Scoreboard) -> Result<Option<Labelled>, Error> {
    let Some(table) = table(tables, board) else { return Ok(None) };
    let main = board.main();
    let figure = main.map(|main| figure(tables, main)).transpose()?.flatten();
    Ok(Some(Labelled { sentence: main.and_then(|main| sentence(tables, main)), figure, table }))
}

/// The rows of one model, the fewest labelled clips first.
fn rows<'a>(tables: &'a Tables, scored: &Scored) -> Vec<&'a Adaptation> {
    let mut rows: Vec<&Adaptation> =
        tables.adaptation.iter().filter(|row| scored.owns(&row.model, &row.split)).collect();
    rows.sort_by_key(|row| row.clips);
    rows
}

fn adapted(row: &Adaptation) -> Estimate {
    Estimate { value: row.uar, low: row.uar_low, high: row.uar_high }
}

fn unadapted(row: &Adaptation) -> Estimate {
    Estimate { value: row.unadapted_uar, low: row.unadapted_uar_low, high: row.unadapted_uar_high }
}

/// What labelled clips add to `scored`; `None` where that was not measured.
pub(crate) fn sentence(tables: &Tables, scored: &Scored) -> Option<String> {
    let rows = rows(tables, scored);
    let most = rows.last()?;
    let of_each: Vec<String> = rows.iter().map(|row| row.clips.to_string()).collect();
    let of_speaker: Vec<String> = rows.iter().map(|row| number::fixed(row.labelled, 0)).collect();
    let gain = |row: &&Adaptation| {
        let interval = number::interval(row.uar_gain_low, row.uar_gain_high);
        number::difference(row.uar_gain) + &interval.map_or_else(String::new, |interval| format!(" {interval}"))
    };
    let gains: Vec<String> = rows.iter().map(gain).collect();
    let told = |Estimate { value, low, high }| number::with_interval(value, low, high);
    let is_one = rows.len() == 1 && most.clips == 1;
    Some(format!(
        "With {} labelled {} of each emotion of a speaker ({} in all), the UAR of {} on the speaker’s other clips changes by {}; \
         with the most of them it is {}, against {} without.",
        listed(&of_each),
        if is_one { "clip" } else { "clips" },
        listed(&of_speaker),
        scored.model,
        listed(&gains),
        told(adapted(most)),
        told(unadapted(most)),
    ))
}

/// UAR of `scored` by the number of labelled clips; `None` where that was not measured.
fn figure(tables: &Tables, scored: &Scored) -> Result<Option<Figure>, Error> {
    let rows = rows(tables, scored);
    let Some(first) = rows.first() else { return Ok(None) };
    let model = &scored.model;
    let mut grid = Grid::new(
        format!("UAR of {model} by the labelled clips of each emotion of a speaker"),
        &["Labelled", "#UAR", "#Low", "#High"],
    );
    let without = number::counted(first.support, "clip", "clips");
    let mut steps = vec![Step { label: "none".to_owned(), estimate: unadapted(first), detail: without }];
    steps.extend(rows.iter().map(|row| Step {
        label: row.clips.to_string(),
        estimate: adapted(row),
        detail: format!(
            "{} of {}, {}",
            number::counted(row.support, "clip", "clips"),
            number::counted(row.speakers, "speaker", "speakers"),
            number::counted(row.repetitions.into(), "draw", "draws")
        ),
    }));
    for step in &steps {
        let Estimate { value, low, high } = step.estimate;
        let cells = [Cell::metric(value), Cell::maybe_metric(low), Cell::maybe_metric(high)];
        grid.row([Cell::from(step.label.clone())].into_iter().chain(cells).collect());
    }
    let mut levels = vec![Level { label: "without labels".to_owned(), value: first.unadapted_uar, ink: Ink::Contrast }];
    let classes = classes_tested(tables, scored);
    if classes > 0 {
        levels.push(Level { label: "guessing".to_owned(), value: 1.0 / classes as f64, ink: Ink::Muted });
    }
    let said: Vec<String> = steps
        .iter()
        .map(|step| {
            let Estimate { value, low, high } = step.estimate;
            format!("{} {}", step.label, number::with_interval(value, low, high))
        })
        .collect();
    let label = format!("UAR of {model} by labelled clips of each emotion of a speaker: {}", said.join("; "));
    let chart = band_chart(&label, ["labelled clips of each emotion of the speaker", "UAR"], &steps, &levels)?;
    let has_interval = steps.iter().any(|step| number::interval(step.estimate.low, step.estimate.high).is_some());
    let interval = if has_interval { ", with the 95 % interval" } else { "" };
    let mut legend = vec![LegendItem::line(Ink::Accent, format!("{model}{interval}"))];
    let level = |level: &Level| LegendItem::line(level.ink, format!("{} {}", level.label, number::metric(level.value)));
    legend.extend(levels.iter().map(level));
    let caption = "The labelled clips are drawn, and the speaker’s other clips scored. How far adaptation helps is told by the \
                   difference on the same clips, in the table: it is surer than either end.";
    Ok(Some(Figure::new(format!("{model}, adapted to each speaker"), caption, chart, grid).with_legend(legend)))
}

/// Every model that was adapted, in the order of the other sections.
fn table(tables: &Tables, board: &Scoreboard) -> Option<Grid> {
    let mut grid = Grid::new(
        "Every model, adapted to each test speaker by labelled clips",
        &[
            "?Model",
            "#Labelled of each emotion",
            "#Labelled of a speaker",
            "#UAR, adapted",
            "#UAR, unadapted",
            "#Difference",
            "#Accuracy, adapted",
            "#Accuracy, unadapted",
            "#Difference of accuracies",
            "#Clips",
            "#Speakers",
        ],
    );
    for row in board.models.iter().flat_map(|scored| rows(tables, scored)) {
        let estimate = |value, low, high| Cell::estimate(Some(Estimate { value, low, high }));
        let difference = |value, low, high| Cell::difference(Estimate { value, low, high });
        grid.row(vec![
            Cell::from(row.model.clone()).note(format!("split {}", row.split)),
            Cell::count(row.clips.into()),
            Cell::fixed(row.labelled, 1),
            Cell::estimate(Some(adapted(row))),
            Cell::estimate(Some(unadapted(row))),
            difference(row.uar_gain, row.uar_gain_low, row.uar_gain_high),
            estimate(row.accuracy, row.accuracy_low, row.accuracy_high),
            estimate(row.unadapted_accuracy, row.unadapted_accuracy_low, row.unadapted_accuracy_high),
            difference(row.accuracy_gain, row.accuracy_gain_low, row.accuracy_gain_high),
            Cell::count(row.support),
            Cell::count(row.speakers),
        ]);
    }
    grid.foot(
        "Of several corpora, UAR and accuracy are means over them. Both answers are to the same clips, none of them labelled, \
         and differences have intervals over the same speakers. Of an emotion with few clips of a speaker, three quarters are labelled at most.",
    );
    (!grid.is_empty()).then_some(grid)
}
