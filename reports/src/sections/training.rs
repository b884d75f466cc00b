//! How the trainings went: loss and accuracy over epochs, as Figures 11 and 12 of Ranjan et al.

use std::collections::BTreeMap;

use serde::Serialize;

use ser_schemas::Epoch;

use crate::Error;
use crate::charts::{Curve, Ink, curves};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::tables::Tables;

/// More folds than this are not told apart in one chart, and only weigh.
const MOST_FOLDS_DRAWN: usize = 12;
/// Longer histories are thinned out to so many points per line, and to so many rows of their table.
const MOST_POINTS: usize = 200;
const MOST_ROWS: usize = 300;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Training {
    model: String,
    /// A sentence where clips are longer than the network hears at once.
    long_clips: Option<String>,
    figures: Vec<Figure>,
    /// The kept epoch of each fold.
    folds: Grid,
}

/// One entry per train stage with a history.
pub(crate) fn training(tables: &Tables) -> Result<Vec<Training>, Error> {
    tables
        .history
        .iter()
        .filter(|(_, epochs)| !epochs.is_empty())
        .map(|(model, epochs)| {
            let folds = by_fold(epochs);
            Ok(Training {
                model: model.clone(),
                long_clips: tables
                    .models
                    .iter()
                    .find(|row| row.model == *model)
                    .and_then(|row| row.long_clips.as_ref().map(|told| told.replace('`', ""))),
                figures: vec![loss_figure(model, &folds)?, accuracy_figure(model, &folds)?],
                folds: fold_table(model, &folds),
            })
        })
        .collect()
}

/// A network by its numbers, as tables name it (`0`, or `0, seed 1` where its fold has several), and its epochs.
type Network<'a> = (String, Vec<&'a Epoch>);

/// Every network by fold and seed, with its epochs in order.
fn by_fold(epochs: &[Epoch]) -> Vec<Network<'_>> {
    let mut networks: BTreeMap<(u32, Option<u32>), Vec<&Epoch>> = BTreeMap::new();
    for epoch in epochs {
        networks.entry((epoch.fold, epoch.seed)).or_default().push(epoch);
    }
    let name =
        |fold: u32, seed: Option<u32>| seed.map_or_else(|| fold.to_string(), |seed| format!("{fold}, seed {seed}"));
    networks
        .into_iter()
        .map(|((fold, seed), mut epochs)| {
            epochs.sort_by_key(|epoch| epoch.epoch);
            (name(fold, seed), epochs)
        })
        .collect()
}

fn loss_figure(model: &str, folds: &[Network<'_>]) -> Result<Figure, Error> {
    let lines = lines(folds, |epoch| Some(epoch.train_loss), |epoch| epoch.validation_loss);
    let label = spoken("Loss", model, folds, |epoch| (Some(epoch.train_loss), epoch.validation_loss));
    let chart = curves(&label, "cross-entropy", None, &lines)?;
    let table = epoch_table("Loss by epoch", folds, |epoch| [Some(epoch.train_loss), epoch.validation_loss]);
    Ok(Figure::new("Loss", caption(folds), chart, table).with_legend(legend(&lines)))
}

fn accuracy_figure(model: &str, folds: &[Network<'_>]) -> Result<Figure, Error> {
    let lines = lines(folds, |epoch| Some(epoch.train_accuracy), |epoch| epoch.validation_accuracy);
    let label = spoken("Accuracy", model, folds, |epoch| (Some(epoch.train_accuracy), epoch.validation_accuracy));
    let chart = curves(&label, "accuracy", Some(1.0), &lines)?;
    let table =
        epoch_table("Accuracy by epoch", folds, |epoch| [Some(epoch.train_accuracy), epoch.validation_accuracy]);
    Ok(Figure::new("Accuracy", caption(folds), chart, table).with_legend(legend(&lines)))
}

fn lines(
    folds: &[Network<'_>],
    train: impl Fn(&Epoch) -> Option<f64>,
    validation: impl Fn(&Epoch) -> Option<f64>,
) -> Vec<Curve> {
    let drawn = || folds.iter().take(MOST_FOLDS_DRAWN).map(|(fold, epochs)| (fold, thinned(epochs, MOST_POINTS)));
    let line = |fold: &str, epochs: &[&Epoch], ink: Ink, value: &dyn Fn(&Epoch) -> Option<f64>| {
        let points: Vec<(u32, f64)> =
            epochs.iter().filter_map(|epoch| value(epoch).map(|value| (epoch.epoch, value))).collect();
        let kept = epochs.iter().rev().find(|epoch| epoch.best).map(|epoch| epoch.epoch);
        // Only validation chose the epoch, so only its line carries the mark.
        let marked =
            kept.filter(|_| ink == Ink::Accent).and_then(|kept| points.iter().position(|(epoch, _)| *epoch == kept));
        let what = if ink == Ink::Accent { "validation" } else { "training" };
        let name = if folds.len() == 1 { what.to_owned() } else { format!("fold {fold}, {what}") };
        Curve { name, points, ink, marked }
    };
    let trains = drawn().map(|(fold, epochs)| line(fold, &epochs, Ink::Contrast, &train));
    let validations = drawn().map(|(fold, epochs)| line(fold, &epochs, Ink::Accent, &validation));
    trains.chain(validations).filter(|curve| !curve.points.is_empty()).collect()
}

fn legend(lines: &[Curve]) -> Vec<LegendItem> {
    let mut legend = vec![LegendItem::line(Ink::Contrast, "training")];
    if lines.iter().any(|line| line.ink == Ink::Accent) {
        legend.push(LegendItem::line(Ink::Accent, "validation"));
    }
    if lines.iter().any(|line| line.marked.is_some()) {
        legend.push(LegendItem::dot(Ink::Accent, "epoch kept"));
    }
    legend
}

fn caption(folds: &[Network<'_>]) -> String {
    let seeds = folds.iter().any(|(_, epochs)| epochs.iter().any(|epoch| epoch.seed.is_some()));
    let (line, all) = if seeds { ("fold and seed", "networks") } else { ("fold", "folds") };
    if folds.len() > MOST_FOLDS_DRAWN {
        format!("A line per {line}; the first {MOST_FOLDS_DRAWN} of {} {all} are drawn.", folds.len())
    } else if folds.len() == 1 {
        "One fold.".to_owned()
    } else {
        format!("A line per {line}, {} {all}.", folds.len())
    }
}

fn spoken(
    what: &str,
    model: &str,
    folds: &[Network<'_>],
    values: impl Fn(&Epoch) -> (Option<f64>, Option<f64>),
) -> String {
    let ends: Vec<String> = folds
        .iter()
        .take(MOST_FOLDS_DRAWN)
        .filter_map(|(fold, epochs)| {
            let last = epochs.last()?;
            let (train, validation) = values(last);
            let text = |value: Option<f64>| value.map_or("none".to_owned(), number::metric);
            Some(format!("fold {fold}: training {}, validation {}", text(train), text(validation)))
        })
        .collect();
    format!("{what} of {model} by epoch. At the last epoch, {}", ends.join("; "))
}

fn epoch_table(caption: &str, folds: &[Network<'_>], values: impl Fn(&Epoch) -> [Option<f64>; 2]) -> Grid {
    let mut grid = Grid::new(caption, &["?Fold", "#Epoch", "#Training", "#Validation", "Kept"]);
    let per_fold = (MOST_ROWS / folds.len().max(1)).max(1);
    for (fold, epochs) in folds.iter().take(MOST_ROWS) {
        for epoch in thinned(epochs, per_fold) {
            let mut row = vec![Cell::from(fold.clone()), epoch.epoch.to_string().into()];
            row.extend(values(epoch).map(Cell::maybe_metric));
            row.push(Cell::from(if epoch.best { "kept" } else { "" }));
            grid.row(row);
        }
    }
    if folds.iter().any(|(_, epochs)| epochs.len() > per_fold) || folds.len() > MOST_ROWS {
        grid.foot("Thinned out; history.parquet of the train stage holds every epoch.");
    }
    grid
}

fn fold_table(model: &str, folds: &[Network<'_>]) -> Grid {
    let mut grid = Grid::new(
        format!("The kept epoch of each fold of {model}"),
        &[
            "Fold",
            "#Epochs",
            "#Kept epoch",
            "#Training loss",
            "#Validation loss",
            "#Validation accuracy",
            "#Validation UAR",
            "#Minutes",
        ],
    );
    let metric = Cell::maybe_metric;
    for (fold, epochs) in folds {
        let kept = epochs.iter().rev().find(|epoch| epoch.best);
        let minutes =
            epochs.iter().map(|epoch| epoch.seconds).filter(|seconds| seconds.is_finite()).sum::<f64>() / 60.0;
        grid.row(vec![
            fold.clone().into(),
            epochs.len().to_string().into(),
            kept.map_or(number::NONE.to_owned(), |kept| kept.epoch.to_string()).into(),
            metric(kept.map(|kept| kept.train_loss)),
            metric(kept.and_then(|kept| kept.validation_loss)),
            metric(kept.and_then(|kept| kept.validation_accuracy)),
            metric(kept.and_then(|kept| kept.validation_uar)),
            Cell::fixed(minutes, 1),
        ]);
    }
    grid
}

/// At most about `most` epochs, evenly spread, with the kept and the last one among them.
fn thinned<'a>(epochs: &[&'a Epoch], most: usize) -> Vec<&'a Epoch> {
    let step = epochs.len().div_ceil(most.max(1)).max(1);
    let last = epochs.len().saturating_sub(1);
    epochs
        .iter()
        .enumerate()
        .filter(|(place, epoch)| place % step == 0 || *place == last || epoch.best)
        .map(|(_, epoch)| *epoch)
        .collect()
}
