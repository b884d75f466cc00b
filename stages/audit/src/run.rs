//! The stage: reads the manifest's tables, counts, looks for trouble, writes.

use std::path::Path;

use ser_schemas::stage::{StageContext, StageSummary};
use ser_schemas::{Balance, Finding, Severity, Table};

use crate::balance::balance;
use crate::dataset::Dataset;
use crate::error::AuditError;
use crate::findings::findings;
use crate::params::Params;

/// Audits the dataset of a manifest; writes `balance` and `findings`. Findings never fail the stage.
pub fn run(params: &Params, manifest_dir: &Path, ctx: &StageContext<'_>) -> Result<StageSummary, AuditError> {
    let dataset = Dataset::read(manifest_dir)?;
    let balance = balance(&dataset.clips)?;
    let findings = findings(params, &dataset);
    Balance::write(&ctx.out_dir.join("balance.parquet"), &balance, &ctx.provenance)?;
    Finding::write(&ctx.out_dir.join("findings.parquet"), &findings, &ctx.provenance)?;

    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let named = |severity, noun: &str| match count(severity) {
        1 => format!("1 {noun}"),
        several => format!("{several} {noun}s"),
    };
    let told = findings.iter().filter(|finding| finding.severity != Severity::Info);
    Ok(StageSummary {
        rows: balance.len() as u64,
        headline: format!(
            "{} clips; {}, {}, {}",
            dataset.clips.len(),
            named(Severity::Error, "error"),
            named(Severity::Warning, "warning"),
            named(Severity::Info, "remark")
        ),
        notes: told
            .map(|finding| format!("{}: {} ({})", finding.severity, finding.message, finding.evidence))
            .collect(),
    })
}
