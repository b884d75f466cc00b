//! What a stage says of its result.

use crate::{External, Metric};

/// What a stage did, in a form fit for one line of terminal and for the run's record.
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
    /// What was really read from outside the pipeline; `None`: what [`Kind::external`](crate::Kind::external) told.
    pub external: Option<External>,
}
