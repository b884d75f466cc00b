//! The seeds of a model as a cell of a table.

use crate::grid::Cell;
use crate::scored::Scored;

/// How many seeds `scored` has, and how far its UAR differs between them.
pub(crate) fn seeds_cell(scored: &Scored) -> Cell {
    let cell = Cell::count(scored.seeds);
    match scored.uar_seed_sd() {
        Some(sd) => cell.note(sd),
        None => cell,
    }
}
