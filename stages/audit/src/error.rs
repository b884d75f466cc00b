//! What keeps a dataset from being audited.

use std::path::PathBuf;

use ser_schemas::{Finding, TableError};

/// Why an audit was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum AuditError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A clip of the manifest has no emotion; the manifest promises one.
    #[error("clip `{clip_id}` has no emotion, though it is in the manifest: make the manifest again")]
    NoEmotion { clip_id: String },
    /// Findings that `fail_on` names.
    #[error(
        "{} that `fail_on` asks to stop at:\n{}\nThe tables of this audit are in `{}`; `ser audit` shows them",
        ser_text::counted(findings.len(), "finding"),
        told(findings),
        tables.display()
    )]
    Refused { findings: Vec<Finding>, tables: PathBuf },
    /// Polars refused to count.
    #[error("cannot count the clips")]
    Polars(#[from] polars::error::PolarsError),
}

/// One line for each finding.
fn told(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|found| format!("  {} {}: {} ({})", found.severity, found.code, found.message, found.evidence))
        .collect();
    lines.join("\n")
}
