//! Account that a stage gives of its result.

use crate::{External, Metric};

/// Account of one execution of a stage, fit for one line of terminal and for the run's record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Rows of the main table.
    pub rows: u64,
    /// One line, for example `1199 clips, 2 excluded (2 duplicate)`.
    pub headline: String,
    /// Further lines for the user, each complete in itself.
    pub notes: Vec<String>,
    /// Figures by which runs are compared, the most telling one first.
    pub metrics: Vec<Metric>,
    /// Data really read from outside the pipeline; `None`: as [`Kind::external`](crate::Kind::external) told.
    pub external: Option<External>,
}
