//! Files that were found and left out, and why: nothing disappears without a row here.

use std::collections::BTreeMap;

use serde::Serialize;

use ser_schemas::Reason;

use crate::grid::{Cell, Grid};
use crate::number;
use crate::tables::Tables;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct LeftOut {
    total: String,
    /// By reason and corpus.
    counts: Option<Grid>,
    /// File by file, up to the declared number of rows.
    details: Option<Grid>,
}

/// Makes the section; at most `rows` files are listed.
pub(crate) fn left_out(tables: &Tables, rows: usize) -> LeftOut {
    let total = tables.exclusions.len();
    LeftOut {
        total: number::counted(total as u64, "file was left out", "files were left out"),
        counts: (total > 0).then(|| counts(tables)),
        details: (total > 0 && rows > 0).then(|| details(tables, rows)),
    }
}

fn counts(tables: &Tables) -> Grid {
    let mut counted: BTreeMap<(Reason, &str), u64> = BTreeMap::new();
    for exclusion in &tables.exclusions {
        *counted.entry((exclusion.reason, exclusion.corpus.as_str())).or_default() += 1;
    }
    let mut grid =
        Grid::new("Files left out, by reason and corpus", &["?Reason", "?Corpus", "#Files", "What it means"]);
    for ((reason, corpus), files) in counted {
        grid.row(vec![Cell::words(reason.as_str()), corpus.into(), Cell::count(files), reason.meaning().into()]);
    }
    grid
}

fn details(tables: &Tables, rows: usize) -> Grid {
    let mut grid = Grid::new("Files left out, one by one", &["File", "?Corpus", "?Reason", "What was found"]);
    for exclusion in tables.exclusions.iter().take(rows) {
        grid.row(vec![
            Cell::from(exclusion.path.clone()).class("path"),
            exclusion.corpus.clone().into(),
            Cell::words(exclusion.reason.as_str()),
            exclusion.detail.clone().into(),
        ]);
    }
    let more = tables.exclusions.len().saturating_sub(rows);
    if more > 0 {
        grid.foot(format!(
            "{} in exclusions.parquet of the manifest stage.",
            number::counted(more as u64, "more file", "more files")
        ));
    }
    grid
}
