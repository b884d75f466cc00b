//! What the audit found, the gravest first.

use ser_schemas::Severity;

use crate::grid::{Cell, Grid};
use crate::tables::Tables;

/// The findings; `None` without an audit.
pub(crate) fn findings(tables: &Tables) -> Option<Grid> {
    let mut findings: Vec<_> = tables.findings.as_ref()?.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut grid = Grid::new("Findings of the audit", &["Severity", "Finding", "Evidence", "Code"]);
    for finding in findings {
        let severity = Cell::from(finding.severity.as_str()).class(match finding.severity {
            Severity::Error => "alarm",
            Severity::Warning => "flagged",
            Severity::Info => "quiet",
        });
        grid.row(vec![
            severity,
            finding.message.clone().into(),
            finding.evidence.clone().into(),
            Cell::from(finding.code.clone()).class("path"),
        ]);
    }
    Some(grid)
}
