//! The stage: reads the manifest's tables, measures, looks for trouble, writes, and judges by `fail_on`.

use std::path::Path;

use ser_schemas::stage::{StageContext, StageSummary};
use ser_schemas::{
    Association, Balance, ClassBalance, Durations, Finding, NearDuplicate, Provenance, Severity, Shortcut, Table,
};

use crate::dataset::Dataset;
use crate::error::AuditError;
use crate::findings::findings;
use crate::measures::Measures;
use crate::params::Params;

/// The files that an audit writes.
pub const FILES: [&str; 7] = [
    "balance.parquet",
    "class_balance.parquet",
    "durations.parquet",
    "associations.parquet",
    "shortcuts.parquet",
    "near_duplicates.parquet",
    "findings.parquet",
];

/// Audits the dataset of a manifest; writes the tables named in [`FILES`].
///
/// Findings that `fail_on` includes fail the stage, which then keeps all tables as [`StageContext::keep_refused`] says.
pub fn run(params: &Params, manifest_dir: &Path, ctx: &StageContext<'_>) -> Result<StageSummary, AuditError> {
    let dataset = Dataset::read(manifest_dir)?;
    let measures = Measures::of(params, &dataset.clips)?;
    let findings = findings(params, &dataset, &measures);
    write(ctx.out_dir, &measures, &findings, &ctx.provenance)?;

    let refused: Vec<Finding> = findings.iter().filter(|finding| params.fail_on.includes(finding)).cloned().collect();
    if !refused.is_empty() {
        let kept = ctx.keep_refused()?;
        write(kept, &measures, &findings, &ctx.provenance)?;
        return Err(AuditError::Refused { findings: refused, tables: kept.to_owned() });
    }

    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let named = |severity, noun: &str| match count(severity) {
        1 => format!("1 {noun}"),
        several => format!("{several} {noun}s"),
    };
    let told = findings.iter().filter(|finding| finding.severity != Severity::Info);
    Ok(StageSummary {
        rows: measures.balance.len() as u64,
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

fn write(dir: &Path, measures: &Measures, findings: &[Finding], provenance: &Provenance) -> Result<(), AuditError> {
    let [balance, class_balance, durations, associations, shortcuts, near_duplicates, found] =
        FILES.map(|file| dir.join(file));
    Balance::write(&balance, &measures.balance, provenance)?;
    ClassBalance::write(&class_balance, &measures.class_balance, provenance)?;
    Durations::write(&durations, &measures.durations, provenance)?;
    Association::write(&associations, &measures.associations, provenance)?;
    Shortcut::write(&shortcuts, &measures.shortcuts, provenance)?;
    NearDuplicate::write(&near_duplicates, &measures.near_duplicates, provenance)?;
    Finding::write(&found, findings, provenance)?;
    Ok(())
}
