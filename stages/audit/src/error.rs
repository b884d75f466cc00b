//! What keeps a dataset from being audited.

use std::path::PathBuf;

use ser_schemas::{Finding, TableError};

/// Why an audit was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A clip of the manifest has no emotion; the manifest promises one.
    #[error("clip `{clip_id}` has no emotion, though it is in the manifest: make the manifest again")]
    NoEmotion {
        /// The clip.
        clip_id: String,
    },
    /// Findings that `fail_on` names.
    #[error(
        "{} that `fail_on` asks to stop at:\n{}\nThe tables of this audit are in `{}`; `ser audit` shows them",
        ser_text::counted(findings.len(), "finding"),
        told(findings),
        tables.display()
    )]
    Refused {
        /// The findings, the gravest first.
        findings: Vec<Finding>,
        /// Where all tables of the audit lie.
        tables: PathBuf,
    },
    /// Polars refused to count.
    #[error("cannot count the clips")]
    Polars(#[from] polars::error::PolarsError),
    /// What came back from counting is not what went in.
    #[error("counting the clips gave `{found}` as an emotion")]
    Counting {
        /// What was found.
        found: String,
    },
}

/// One line for each finding.
fn told(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings
        .iter()
        .map(|found| format!("  {} {}: {} ({})", found.severity, found.code, found.message, found.evidence))
        .collect();
    lines.join("\n")
}
