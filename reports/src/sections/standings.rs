//! Every model of the leading model's split in one table: how far the leading one is ahead, and what a random split
//! adds.

use std::fmt::Write as _;

use ser_schemas::Comparison;

use super::pairs::{measured_gap, seen_from};
use super::rivals::survives;
use super::seeds::seeds_cell;
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
    let ahead = |scored: &Scored| seen_from(rows, main, scored, "uar");
    let gaps = models.iter().any(|scored| measured_gap(rows, scored, "uar").is_some());
    let over_corpora = models.iter().any(|scored| scored.is_over_corpora());
    let mut headings = vec!["Model".to_owned(), "#UAR".to_owned()];
    let seeds = models.iter().any(|scored| scored.seeds > 1);
    headings.extend(seeds.then(|| "#Seeds".to_owned()));
    let differs = models.iter().any(|scored| ahead(scored).is_some());
    // On a phone, what comes last is beyond the edge.
    headings.extend(["#Random", "#Gap"].iter().filter(|_| gaps).map(|text| (*text).to_owned()));
    headings.extend(differs.then(|| "#Lead".to_owned()));
    headings.extend(over_corpora.then(|| "#Pooled".to_owned()));
    let over = if over_corpora { ", mean over corpora" } else { "" };
    let mut grid = Grid::new(format!("Every model on split {}, by UAR{over}", main.split), &headings);
    for scored in &models {
        let mut row = vec![name(scored, main), Cell::estimate(scored.uar())];
        row.extend(seeds.then(|| seeds_cell(scored)));
        if gaps {
            let gap = measured_gap(rows, scored, "uar");
            row.push(gap.map_or_else(Cell::none, |gap| Cell::metric(gap.value_a)));
            row.push(gap.map_or_else(Cell::none, |gap| Cell::difference(estimate(gap))));
        }
        if differs {
            row.push(ahead(scored).map_or_else(Cell::none, lead));
        }
        row.extend(over_corpora.then(|| Cell::estimate(scored.metric("uar"))));
        grid.row(row);
    }
    let mut foot = String::new();
    if over_corpora {
        foot.push_str("Pooled: UAR over all clips together, which follows the corpus with the most of them. ");
    }
    if seeds {
        foot.push_str(
            "Seeds: networks in each fold, alike but for their seed; UAR is their mean, sd its standard deviation. ",
        );
    }
    if differs {
        let _ = write!(
            foot,
            "Lead: UAR of {} less that of the model; where its interval includes zero, the clips do not tell which is better. \
             With an asterisk: its p-value is below 0.05 after Holm’s correction for all comparisons of the split. Where an \
             interval excludes zero and there is no asterisk, believe the p-value: of many comparisons, some intervals exclude \
             zero by chance. ",
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

/// A lead, marked where it stands after the correction for all comparisons.
fn lead((difference, p_adjusted): (Estimate, Option<f64>)) -> Cell {
    let mut cell = Cell::difference(difference);
    if survives(p_adjusted) {
        cell.text.push('*');
    }
    cell
}

fn estimate(row: &Comparison) -> Estimate {
    Estimate { value: row.value, low: row.low, high: row.high }
}

fn name(scored: &Scored, main: &Scored) -> Cell {
    let cell = Cell::from(scored.model.clone());
    if scored.owns(&main.model, &main.split) {
        cell.note("leads this report").class("leading")
    } else if let Some(sharing) = scored.sharing() {
        cell.note(sharing).class("flagged")
    } else if scored.baseline {
        cell.note("baseline")
    } else {
        cell
    }
}
