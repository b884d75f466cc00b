//! The stage: reads the manifest's tables, measures, looks for trouble, writes, and judges by `fail_on`.

use std::path::Path;

use ser_schemas::{
    Association, Balance, ClassBalance, Durations, Finding, NearDuplicate, Provenance, Severity, Shortcut, Table,
    TableError,
};
use ser_stage::{Context, Outcome};

use ser_text::counted;

use crate::dataset::Dataset;
use crate::error::AuditError;
use crate::findings::findings;
use crate::measures::Measures;
use crate::params::Params;

/// Audits the dataset of a manifest; writes the tables of [`Audit`](crate::Audit).
///
/// Findings that `fail_on` includes fail the stage, which then keeps all tables as [`Context::keep_refused`] says.
pub fn run(params: &Params, manifest_dir: &Path, ctx: &Context<'_>) -> Result<Outcome, AuditError> {
    let dataset = Dataset::read(manifest_dir)?;
    let measures = Measures::of(params, &dataset.clips)?;
    let findings = findings(params, &dataset, &measures);
    write(ctx.out_dir, &measures, &findings, &ctx.provenance)?;

    let refused: Vec<Finding> = findings.iter().filter(|finding| params.fail_on.includes(finding)).cloned().collect();
    if !refused.is_empty() {
        let kept = ctx.keep_refused().map_err(TableError::io("create", ctx.refused_dir))?;
        write(kept, &measures, &findings, &ctx.provenance)?;
        return Err(AuditError::Refused { findings: refused, tables: kept.to_owned() });
    }

    let named =
        |severity, noun: &str| counted(findings.iter().filter(|finding| finding.severity == severity).count(), noun);
    let grave = findings.iter().filter(|finding| finding.severity != Severity::Info);
    let mut notes: Vec<String> = grave.map(|finding| format!("{}: {}", finding.severity, finding.message)).collect();
    if !notes.is_empty() {
        notes.push("`ser audit` shows the clips and figures behind these, and all tables".to_owned());
    }
    Ok(Outcome {
        rows: measures.balance.len() as u64,
        headline: format!(
            "{} clips; {}, {}, {}",
            dataset.clips.len(),
            named(Severity::Error, "error"),
            named(Severity::Warning, "warning"),
            named(Severity::Info, "remark")
        ),
        notes,
        ..Outcome::default()
    })
}

fn write(dir: &Path, measures: &Measures, findings: &[Finding], provenance: &Provenance) -> Result<(), AuditError> {
    Balance::write_in(dir, &measures.balance, provenance)?;
    ClassBalance::write_in(dir, &measures.class_balance, provenance)?;
    Durations::write_in(dir, &measures.durations, provenance)?;
    Association::write_in(dir, &measures.associations, provenance)?;
    Shortcut::write_in(dir, &measures.shortcuts, provenance)?;
    NearDuplicate::write_in(dir, &measures.near_duplicates, provenance)?;
    Finding::write_in(dir, findings, provenance)?;
    Ok(())
}
