//! Coverage: for how many clips a model answers, and how often it is right, where it may say that it does not know.

use ser_schemas::Coverage;

use crate::Error;
use crate::charts::{Ink, Level, Step, band_chart};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scored};
use crate::tables::Tables;

/// Thresholds that are multiples of this are shown; the table beside the page has all.
const STEP: f64 = 0.1;
/// The sentence is about the lowest threshold at which errors are no more than this share of those without one.
const FEWER_ERRORS: f64 = 0.5;

/// The thresholds of one model that are shown: those below which every clip is answered are one.
fn rows<'a>(tables: &'a Tables, scored: &Scored) -> Vec<&'a Coverage> {
    let is_shown = |row: &&Coverage| {
        let steps = row.threshold / STEP;
        scored.owns(&row.model, &row.split) && (steps - steps.round()).abs() < 1e-6
    };
    let rows: Vec<&Coverage> = tables.coverage.iter().filter(is_shown).collect();
    let first = rows.iter().rposition(|row| row.coverage >= 1.0).unwrap_or(0);
    rows.into_iter().skip(first).collect()
}

/// Thresholds of `scored`, what is answered and how well; `None` where that was not measured.
pub(crate) fn table(tables: &Tables, scored: &Scored) -> Option<Grid> {
    let rows = rows(tables, scored);
    let first = rows.first()?;
    let mut grid = Grid::new(
        format!("{} on {}, answering only where it is sure enough", scored.model, scored.split),
        &["#Least probability", "#Share answered", "#Accuracy", "#UAR", "#Clips", "#Speakers"],
    );
    for row in &rows {
        let estimate = |value: Option<f64>, low, high| Cell::estimate(value.map(|value| Estimate { value, low, high }));
        grid.row(vec![
            Cell::fixed(row.threshold, 1),
            estimate(Some(row.coverage), row.coverage_low, row.coverage_high),
            estimate(row.accuracy, row.accuracy_low, row.accuracy_high),
            estimate(row.uar, row.uar_low, row.uar_high),
            Cell::count(row.clips),
            Cell::count(row.speakers),
        ]);
    }
    let of = if first.scaled {
        "Probabilities are at the temperature of each fold’s validation clips, as those of ser predict are."
    } else {
        "Probabilities are as trained: there is no temperature, since a fold has no validation clips or scaling is off."
    };
    grid.foot(format!(
        "{of} The least probability is the --min-confidence of ser predict. Accuracy and UAR are over all answered clips together, UAR over the emotions that these have: it jumps where one \
         runs out. Where clips are too few there is no interval. coverage.parquet of the evaluation has steps of 0.05, \
         for every model."
    ));
    Some(grid)
}

/// The curve of `scored` over its table; `None` where it was not measured.
pub(crate) fn figure(tables: &Tables, scored: &Scored) -> Result<Option<Figure>, Error> {
    let Some(grid) = table(tables, scored) else { return Ok(None) };
    let model = &scored.model;
    let step = |row: &&Coverage| {
        let (value, low, high) = (row.accuracy?, row.accuracy_low, row.accuracy_high);
        let detail = format!("{} answered", number::percent(row.coverage));
        Some(Step { label: number::fixed(row.threshold, 1), estimate: Estimate { value, low, high }, detail })
    };
    let rows = rows(tables, scored);
    let steps: Vec<Step> = rows.iter().filter_map(step).collect();
    let all = tables.coverage.iter().find(|row| scored.owns(&row.model, &row.split) && row.coverage >= 1.0);
    let level = |value: f64| Level { label: "all clips answered".to_owned(), value, ink: Ink::Contrast };
    let levels: Vec<Level> = all.and_then(|row| row.accuracy).into_iter().map(level).collect();
    let told = |step: &Step| {
        let Estimate { value, low, high } = step.estimate;
        format!("{} {}, {}", step.label, number::with_interval(value, low, high), step.detail)
    };
    let said: Vec<String> = steps.iter().map(told).collect();
    let label = format!("Share right of {model} by the least probability of an answer: {}", said.join("; "));
    let chart = band_chart(&label, ["least probability of an answer", "share right"], &steps, &levels)?;
    let mut legend = vec![LegendItem::line(Ink::Accent, format!("{model}, of the clips that it answers"))];
    legend.extend(
        levels
            .iter()
            .map(|level| LegendItem::line(level.ink, format!("{} {}", level.label, number::metric(level.value)))),
    );
    let share = |row: &&Coverage| format!("{} at {}", number::percent(row.coverage), number::fixed(row.threshold, 1));
    let shares: Vec<String> = rows.iter().map(share).collect();
    let caption = format!(
        "What is not probable enough is not answered; answered are {}. The band is the 95 % interval, over the speakers who have \
         answered clips. ser predict averages the folds, is less sure than each, and answers for fewer.",
        shares.join(", ")
    );
    let title = format!("{model} where it only answers when it is sure ({})", scored.protocol.name());
    Ok(Some(Figure::new(title, caption, chart, grid).with_legend(legend)))
}

/// What a threshold buys, in a sentence; `None` where that was not measured.
pub(crate) fn sentence(tables: &Tables, scored: &Scored) -> Option<String> {
    let rows = rows(tables, scored);
    let all = rows.first().filter(|row| row.coverage >= 1.0)?;
    let errors = 1.0 - all.accuracy?;
    let is_better = |row: &&&Coverage| row.accuracy.is_some_and(|accuracy| 1.0 - accuracy <= FEWER_ERRORS * errors);
    let Some(row) = rows.iter().skip(1).find(is_better).filter(|_| errors > 0.0) else {
        return Some(format!("No threshold that was tried halves the errors of {}.", scored.model));
    };
    Some(format!(
        "The lowest threshold that halves the errors of {}: where it has to give its answer a probability of {} or more, it \
         answers for {} of the clips and is right in {} of these, against {} of all. It was found on these clips.",
        scored.model,
        number::fixed(row.threshold, 1),
        number::percent(row.coverage),
        number::with_interval(row.accuracy?, row.accuracy_low, row.accuracy_high),
        number::with_interval(all.accuracy?, all.accuracy_low, all.accuracy_high),
    ))
}
