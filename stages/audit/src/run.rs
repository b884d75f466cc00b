//! The stage: reads the manifest's tables, measures, looks for trouble, writes, and judges by `fail_on`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ser_schemas::stage::{StageContext, StageSummary};
use ser_schemas::{
    Association, Balance, ClassBalance, Durations, Finding, NearDuplicate, Provenance, Severity, Shortcut, Table,
};

use crate::dataset::Dataset;
use crate::error::AuditError;
use crate::findings::findings;
use crate::measures::Measures;
use crate::params::Params;

/// Below the stage's state folder: the tables of an audit that `fail_on` stopped.
const REFUSED_FOLDER: &str = "refused";

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
/// Findings that `fail_on` includes fail the stage. A failed stage has no artifact, so the tables are then kept
/// where [`refused_dir`] says, until an audit passes.
pub fn run(params: &Params, manifest_dir: &Path, ctx: &StageContext<'_>) -> Result<StageSummary, AuditError> {
    let dataset = Dataset::read(manifest_dir)?;
    let measures = Measures::of(params, &dataset.clips)?;
    let findings = findings(params, &dataset, &measures);
    write(ctx.out_dir, &measures, &findings, &ctx.provenance)?;

    let kept = refused_dir(ctx.state_dir);
    remove(&kept)?;
    let refused: Vec<Finding> = findings.iter().filter(|finding| params.fail_on.includes(finding)).cloned().collect();
    if !refused.is_empty() {
        fs::create_dir_all(&kept).map_err(failed("create", &kept))?;
        write(&kept, &measures, &findings, &ctx.provenance)?;
        return Err(AuditError::Refused { findings: refused, tables: kept });
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

/// Where the tables of an audit that was stopped by `fail_on` are kept; it does not exist when the last one passed.
pub fn refused_dir(state_dir: &Path) -> PathBuf {
    state_dir.join(REFUSED_FOLDER)
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

fn remove(dir: &Path) -> Result<(), AuditError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", dir)(error)),
        _ => Ok(()),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AuditError {
    let path = path.to_owned();
    move |source| AuditError::Io { action, path, source }
}
