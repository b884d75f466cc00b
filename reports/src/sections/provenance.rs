//! Provenance of the results: stages, parameters, fingerprints, the checks of the splits, and the pipeline file itself.

use serde::Serialize;
use serde_json::Value;

use ser_schemas::CheckStatus;

use crate::PipelineInfo;
use crate::grid::{Cell, Grid};
use crate::number;
use crate::tables::Tables;

/// So many hexadecimal digits of a fingerprint tell artifacts apart; the tables hold all of them.
const FINGERPRINT_DIGITS: usize = 16;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ProvenanceView {
    pipeline: String,
    seed: String,
    version: String,
    stages: Grid,
    params: Vec<StageParams>,
    checks: Option<Grid>,
    model_checks: Option<Grid>,
    source: String,
}

#[derive(Debug, Clone, Serialize)]
struct StageParams {
    name: String,
    kind: String,
    table: Grid,
}

pub(crate) fn provenance(tables: &Tables, pipeline: &PipelineInfo) -> ProvenanceView {
    ProvenanceView {
        pipeline: pipeline.name.clone(),
        seed: pipeline.seed.to_string(),
        version: pipeline.version.clone(),
        stages: stages(tables, pipeline),
        params: pipeline.stages.iter().filter_map(params).collect(),
        checks: checks(tables),
        model_checks: model_checks(tables),
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
    let each = tables.checks.iter().flat_map(|(split, checks)| checks.iter().map(move |check| (split, check)));
    let each = each.map(|(split, check)| Checked {
        subject: split,
        check: &check.check,
        status: check.status,
        folds: vec![check.fold],
        offenders: check.offenders,
        detail: &check.detail,
    });
    checked("What the splits were checked for", "?Split", each)
}

fn model_checks(tables: &Tables) -> Option<Grid> {
    let each = tables.model_checks.iter().map(|check| Checked {
        subject: &check.model,
        check: &check.check,
        status: check.status,
        folds: vec![check.fold],
        offenders: check.offenders,
        detail: &check.detail,
    });
    checked("What the figures of each model were checked for before they were believed", "?Model", each)
}

fn checked<'a>(caption: &str, subject: &str, checks: impl Iterator<Item = Checked<'a>>) -> Option<Grid> {
    let mut grid = Grid::new(caption, &[subject, "?Check", "?Result", "Folds", "#Offenders", "Detail"]);
    for row in merged(checks) {
        grid.row(row.cells().into());
    }
    (!grid.is_empty()).then_some(grid)
}

/// One outcome of one check, in as many folds as had it.
struct Checked<'a> {
    subject: &'a str,
    check: &'a str,
    status: CheckStatus,
    folds: Vec<Option<u32>>,
    offenders: u64,
    detail: &'a str,
}

impl Checked<'_> {
    fn cells(&self) -> [Cell; 6] {
        let numbers: Vec<u32> = self.folds.iter().copied().flatten().collect();
        let run = numbers.len() > 2
            && numbers.len() == self.folds.len()
            && numbers.windows(2).all(|two| two[0] + 1 == two[1]);
        let folds: Vec<String> =
            self.folds.iter().map(|fold| fold.map_or_else(|| "all".to_owned(), |fold| fold.to_string())).collect();
        [
            self.subject.into(),
            Cell::words(self.check),
            Cell::from(self.status.as_str()).class(match self.status {
                CheckStatus::Passed => "quiet",
                CheckStatus::Noted => "flagged",
                CheckStatus::Failed => "alarm",
            }),
            if let (true, Some(first), Some(last)) = (run, numbers.first(), numbers.last()) {
                format!("{first} to {last}")
            } else if folds.len() > 8 {
                format!("{} folds", folds.len())
            } else {
                folds.join(", ")
            }
            .into(),
            Cell::count(self.offenders),
            self.detail.into(),
        ]
    }
}

/// The same answer in every fold is one row.
fn merged<'a>(checks: impl Iterator<Item = Checked<'a>>) -> Vec<Checked<'a>> {
    let mut rows: Vec<Checked<'a>> = Vec::new();
    for check in checks {
        let same = rows
            .iter_mut()
            .find(|row| row.subject == check.subject && row.check == check.check && row.status == check.status);
        match same {
            Some(row) => {
                row.folds.extend(check.folds);
                row.offenders += check.offenders;
            }
            None => rows.push(check),
        }
    }
    rows
}
