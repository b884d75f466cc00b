//! What was run: stages, parameters, fingerprints, the checks of the splits, and the pipeline file itself.

use serde::Serialize;
use serde_json::Value;

use ser_schemas::CheckStatus;

use crate::PipelineInfo;
use crate::grid::{Cell, Grid};
use crate::number;
use crate::tables::Tables;

/// So many hexadecimal digits of a fingerprint tell artifacts apart; the tables hold all of them.
const FINGERPRINT_DIGITS: usize = 16;

/// The section.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ProvenanceView {
    pipeline: String,
    seed: String,
    version: String,
    stages: Grid,
    params: Vec<StageParams>,
    checks: Option<Grid>,
    source: String,
}

#[derive(Debug, Clone, Serialize)]
struct StageParams {
    name: String,
    kind: String,
    table: Grid,
}

/// Makes the section.
pub(crate) fn provenance(tables: &Tables, pipeline: &PipelineInfo) -> ProvenanceView {
    ProvenanceView {
        pipeline: pipeline.name.clone(),
        seed: pipeline.seed.to_string(),
        version: pipeline.version.clone(),
        stages: stages(tables, pipeline),
        params: pipeline.stages.iter().filter_map(params).collect(),
        checks: checks(tables),
        source: pipeline.source.clone(),
    }
}

fn stages(tables: &Tables, pipeline: &PipelineInfo) -> Grid {
    let mut grid = Grid::new("Stages of the pipeline", &["Stage", "Kind", "Reads", "Fingerprint"]);
    for stage in &pipeline.stages {
        let fingerprint = tables.fingerprints.get(&stage.name).filter(|fingerprint| !fingerprint.is_empty());
        let short = fingerprint.map_or(number::NONE.to_owned(), |text| text.chars().take(FINGERPRINT_DIGITS).collect());
        grid.row(vec![
            stage.name.clone().into(),
            stage.kind.clone().into(),
            if stage.from.is_empty() { number::NONE.to_owned() } else { stage.from.join(", ") }.into(),
            Cell::from(short).class("path"),
        ]);
    }
    grid.foot("Fingerprints are of the stages whose tables this report draws; each is of parameters, code version and inputs.");
    grid
}

fn params(stage: &crate::StageInfo) -> Option<StageParams> {
    let mut grid = Grid::new(format!("Parameters of {}, defaults filled in", stage.name), &["Parameter", "Value"]);
    flatten("", &stage.params, &mut grid);
    (!grid.is_empty()).then(|| StageParams { name: stage.name.clone(), kind: stage.kind.clone(), table: grid })
}

/// One row per leaf, keys dotted; lists stay on one line.
fn flatten(prefix: &str, value: &Value, grid: &mut Grid) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&path, value, grid);
            }
        }
        _ if prefix.is_empty() => {}
        Value::Null => grid.row(vec![prefix.into(), Cell::from("not set").class("quiet")]),
        Value::String(text) => grid.row(vec![prefix.into(), text.clone().into()]),
        other => grid.row(vec![prefix.into(), other.to_string().into()]),
    }
}

fn checks(tables: &Tables) -> Option<Grid> {
    let mut grid =
        Grid::new("What the splits were checked for", &["Split", "Check", "Result", "Folds", "#Offenders", "Detail"]);
    for (split, checks) in &tables.checks {
        // The same answer in every fold is one row.
        let mut rows: Vec<(&str, CheckStatus, Vec<String>, u64, &str)> = Vec::new();
        for check in checks {
            let fold = check.fold.map_or_else(|| "all".to_owned(), |fold| fold.to_string());
            let same = rows.iter_mut().find(|(name, status, ..)| *name == check.check && *status == check.status);
            match same {
                Some((_, _, folds, offenders, _)) => {
                    folds.push(fold);
                    *offenders += check.offenders;
                }
                None => rows.push((&check.check, check.status, vec![fold], check.offenders, &check.detail)),
            }
        }
        for (name, status, folds, offenders, detail) in rows {
            grid.row(vec![
                split.clone().into(),
                name.replace('_', " ").into(),
                Cell::from(status.as_str()).class(match status {
                    CheckStatus::Passed => "quiet",
                    CheckStatus::Noted => "flagged",
                    CheckStatus::Failed => "alarm",
                }),
                if folds.len() > 8 { format!("{} folds", folds.len()) } else { folds.join(", ") }.into(),
                number::count(offenders).into(),
                detail.into(),
            ]);
        }
    }
    (!grid.is_empty()).then_some(grid)
}
