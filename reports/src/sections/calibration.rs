//! Calibration: whether a model is right as often as it says.

use std::fmt::Write as _;

use serde::Serialize;

use ser_schemas::CalibrationBin;

use crate::Error;
use crate::charts::{Ink, Reliability, reliability};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Scoreboard, Scored};
use crate::sections::coverage;
use crate::tables::Tables;

/// So many diagrams are drawn, the leading model's first; the table has every model.
const MOST_DRAWN: usize = 4;
const METRICS: [(&str, &str); 3] = [("ece", "ECE"), ("brier", "Brier score"), ("log_loss", "Log loss")];

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Calibration {
    /// Summary of the leading model's figures.
    sentence: Option<String>,
    table: Grid,
    /// What a threshold of probability buys the leading model, in a sentence and as a curve; the table has every model.
    threshold: Option<String>,
    coverage: Option<Figure>,
    figures: Vec<Figure>,
}

/// `None` where calibration was not measured.
pub(crate) fn calibration(tables: &Tables, board: &Scoreboard) -> Result<Option<Calibration>, Error> {
    let mut measured: Vec<&Scored> = board.models.iter().filter(|scored| scored.metric("ece").is_some()).collect();
    if measured.is_empty() {
        return Ok(None);
    }
    measured.sort_by_key(|scored| board.main().is_none_or(|main| !main.owns(&scored.model, &scored.split)));
    let figures = measured
        .iter()
        .filter(|scored| !scored.is_constant())
        .filter(|scored| tables.calibration.iter().any(|bin| scored.owns(&bin.model, &bin.split)))
        .take(MOST_DRAWN)
        .map(|scored| figure(tables, scored))
        .collect::<Result<_, _>>()?;
    let coverage = board.main().map(|main| coverage::figure(tables, main)).transpose()?.flatten();
    Ok(Some(Calibration {
        sentence: board.main().and_then(sentence),
        table: table(&measured),
        threshold: board.main().and_then(|main| coverage::sentence(tables, main)),
        coverage,
        figures,
    }))
}

fn sentence(main: &Scored) -> Option<String> {
    let ece = main.metric("ece")?;
    let mut text = format!(
        "On average the probability that {} gives to its answer is {} away from how often such answers are right.",
        main.model,
        number::with_interval(ece.value, ece.low, ece.high)
    );
    if let Some(scaled) = main.metric("ece_scaled") {
        let became = number::with_interval(scaled.value, scaled.low, scaled.high);
        let _ = if scaled.value < ece.value {
            write!(text, " A temperature fitted on the validation clips of each fold makes it {became}.")
        } else {
            write!(
                text,
                " A temperature fitted on the validation clips of each fold does not help on these speakers: it makes it {became}. \
                 ser predict uses it unless told --uncalibrated."
            )
        };
    }
    Some(text)
}

fn table(measured: &[&Scored]) -> Grid {
    let mut grid = Grid::new(
        "Calibration of every model, as trained and after temperature scaling: lower is better",
        &["?Model", "?Split", "Probabilities", "#ECE", "#Brier score", "#Log loss"],
    );
    for scored in measured {
        for (suffix, name) in [("", "as trained"), ("_scaled", "scaled")] {
            let cells: Vec<_> = METRICS.iter().map(|(metric, _)| scored.metric(&format!("{metric}{suffix}"))).collect();
            if cells.iter().all(Option::is_none) {
                continue;
            }
            let mut row = vec![scored.model.clone().into(), scored.split.clone().into(), Cell::from(name)];
            row.extend(cells.into_iter().map(Cell::estimate));
            grid.row(row);
        }
    }
    grid.foot(
        "ECE: expected calibration error; it grows with every chance deviation, so its interval reaches further down than up, \
         and with fewer than four speakers it has none. Brier score: summed over classes, 0 to 2. Log loss: in nats.",
    );
    grid
}

fn figure(tables: &Tables, scored: &Scored) -> Result<Figure, Error> {
    let bins = |scaled: bool| -> Vec<&CalibrationBin> {
        tables.calibration.iter().filter(|bin| bin.scaled == scaled && scored.owns(&bin.model, &bin.split)).collect()
    };
    let mut grid = Grid::new(
        format!("Reliability of {} on {}", scored.model, scored.split),
        &["?Probabilities", "#From", "#To", "#Mean probability", "#Share right", "#Clips"],
    );
    let mut lines = Vec::new();
    let mut legend = Vec::new();
    for (scaled, name, ink) in [(false, "as trained", Ink::Accent), (true, "scaled by temperature", Ink::Contrast)] {
        let bins = bins(scaled);
        if bins.is_empty() {
            continue;
        }
        for bin in &bins {
            grid.row(vec![
                name.into(),
                Cell::metric(bin.confidence_low),
                Cell::metric(bin.confidence_high),
                Cell::metric(bin.confidence),
                Cell::metric(bin.accuracy),
                Cell::count(bin.clips),
            ]);
        }
        lines.push(Reliability { name: name.to_owned(), bins, ink, hollow: scaled });
        legend.push(if scaled { LegendItem::hollow(ink, name) } else { LegendItem::dot(ink, name) });
    }
    let said: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            line.bins.iter().map(move |bin| {
                format!("{} {} right {}", line.name, number::metric(bin.confidence), number::metric(bin.accuracy))
            })
        })
        .collect();
    let label = format!("Reliability diagram of {}. Probability and share right: {}", scored.model, said.join("; "));
    let chart = reliability(&label, &lines)?;
    let caption = "On the dashed line a model is right as often as it says; below it, it is too sure of itself. The larger the dot and the higher the bar, the more clips.";
    let title = format!("Reliability, {} ({})", scored.model, scored.protocol.name());
    Ok(Figure::new(title, caption, chart, grid).with_legend(legend))
}
