//! Every model of the leading model's split in one table: how far the leading one is ahead, and what a random split adds.

use std::fmt::Write as _;

use ser_schemas::Comparison;

use super::pairs::{measured_gap, seen_from};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::tables::Tables;

/// Fewer models than this are told apart without a table.
const FEWEST: usize = 3;

/// `None` where there are too few models.
pub(crate) fn standings(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Grid> {
    let models: Vec<&Scored> = board.models.iter().filter(|scored| scored.split == main.split).collect();
    if models.len() < FEWEST {
        return None;
    }
    let rows = &tables.comparisons;
    let ahead = |scored: &Scored| seen_from(rows, main, scored, "uar").map(|(difference, _)| difference);
    let gaps = models.iter().any(|scored| measured_gap(rows, scored, "uar").is_some());
    let over_corpora = models.iter().any(|scored| scored.is_over_corpora());
    let mut headings = vec!["Model".to_owned(), "#UAR".to_owned()];
    headings.extend(over_corpora.then(|| "#Pooled".to_owned()));
    let differs = models.iter().any(|scored| ahead(scored).is_some());
    headings.extend(differs.then(|| "#Lead".to_owned()));
    headings.extend(["#Random", "#Gap"].iter().filter(|_| gaps).map(|text| (*text).to_owned()));
    let over = if over_corpora { ", mean over corpora" } else { "" };
    let mut grid = Grid::new(format!("Every model on split {}, by UAR{over}", main.split), &headings);
    for scored in &models {
        let mut row = vec![name(scored, main), Cell::estimate(scored.uar())];
        row.extend(over_corpora.then(|| Cell::estimate(scored.metric("uar"))));
        if differs {
            row.push(ahead(scored).map_or_else(Cell::none, Cell::difference));
        }
        if gaps {
            let gap = measured_gap(rows, scored, "uar");
            row.push(gap.map_or_else(Cell::none, |gap| Cell::metric(gap.value_a)));
            row.push(gap.map_or_else(Cell::none, |gap| Cell::difference(estimate(gap))));
        }
        grid.row(row);
    }
    let mut foot = String::new();
    if over_corpora {
        foot.push_str("Pooled: UAR over all clips together, which follows the corpus with the most of them. ");
    }
    if differs {
        let _ = write!(
            foot,
            "Lead: UAR of {} less that of the model; where its interval includes zero, the clips do not tell which is better. ",
            main.model
        );
    }
    if gaps {
        foot.push_str(
            "Random: the same model on a random split, where it knows the test speakers; gap: what that adds. ",
        );
    }
    let count = number::count(models.len() as u64);
    let _ = write!(foot, "The highest of {count} figures is a little too high: it was found by looking.");
    grid.foot(foot);
    Some(grid)
}

fn estimate(row: &Comparison) -> Estimate {
    Estimate { value: row.value, low: row.low, high: row.high }
}

fn name(scored: &Scored, main: &Scored) -> Cell {
    let cell = Cell::from(scored.model.clone());
    if scored.owns(&main.model, &main.split) {
        cell.note("leads this report").class("leading")
    } else if scored.uses_test_speakers {
        cell.note("uses the test speaker’s unlabelled clips").class("flagged")
    } else if scored.baseline {
        cell.note("baseline")
    } else {
        cell
    }
}
