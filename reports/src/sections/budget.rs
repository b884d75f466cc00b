//! What each model was trained with: models of unlike budgets are compared for what they are, not for their design.

use ser_schemas::{Epoch, Model};

use crate::grid::{Cell, Grid};
use crate::scored::{Scoreboard, Scored};
use crate::tables::Tables;

/// The models of `main`'s split with their epochs, fitted values and minutes; `None` where none was trained by epochs.
pub(crate) fn budget(tables: &Tables, board: &Scoreboard, main: &Scored) -> Option<Grid> {
    let models: Vec<&Scored> = board.models.iter().filter(|scored| scored.split == main.split).collect();
    let mut headings = vec!["Model", "#Epochs", "#Fitted values", "#Minutes"];
    headings.extend(board.has_seeds().then_some("#Seeds"));
    let mut grid = Grid::new(format!("Training of every model on split {}, all folds together", main.split), &headings);
    let mut trained = 0;
    for scored in models {
        let about = tables.models.iter().find(|row| scored.owns(&row.model, &row.split));
        let own = of_history(tables, &scored.model);
        trained += usize::from(own.is_some());
        let most = own.and_then(|epochs| epochs.iter().map(|epoch| epoch.epoch).max());
        let mut row = vec![
            Cell::from(scored.model.clone()),
            most.map_or_else(Cell::none, |most| Cell::count(u64::from(most))),
            about.and_then(|about| about.parameter_count).map_or_else(Cell::none, Cell::count),
            minutes(tables, about).map_or_else(Cell::none, |minutes| Cell::fixed(minutes, 1)),
        ];
        row.extend(board.has_seeds().then(|| own.map_or_else(Cell::none, |_| Cell::count(scored.seeds))));
        grid.row(row);
    }
    grid.foot(
        "Epochs: the most of any fold. Fitted values: in one fold; of an ensemble, those of its members. Minutes: as \
         measured, on the machine and beside the work of that day; of an ensemble, those of its members.",
    );
    (trained > 0).then_some(grid)
}

/// Whether the model was given validation clips in its training, or one of those that it is made of; `None` where no
/// history tells.
pub(crate) fn is_validated(tables: &Tables, scored: &Scored) -> Option<bool> {
    let about = tables.models.iter().find(|row| scored.owns(&row.model, &row.split))?;
    let told = about.parts().into_iter().filter_map(|(model, _)| of_history(tables, model));
    told.map(|epochs| epochs.iter().any(|epoch| epoch.validation_loss.is_some())).reduce(|one, other| one || other)
}

fn of_history<'a>(tables: &'a Tables, model: &str) -> Option<&'a [Epoch]> {
    tables.history.iter().find(|(name, epochs)| name == model && !epochs.is_empty()).map(|(_, epochs)| &epochs[..])
}

/// Minutes of computing of a model, or of those that it is made of, as far as histories tell.
fn minutes(tables: &Tables, about: Option<&Model>) -> Option<f64> {
    let parts = about?.parts().into_iter().filter_map(|(model, _)| of_history(tables, model));
    let seconds = |epochs: &[Epoch]| -> f64 {
        epochs.iter().map(|epoch| epoch.seconds).filter(|seconds| seconds.is_finite()).sum()
    };
    parts.map(seconds).reduce(|one, other| one + other).map(|seconds| seconds / 60.0)
}
