//! `ser runs`: the runs that are kept, newest first.

use ser_engine::{RunRecord, RunStatus, StageRun, StageStatus};
use serde_json::{Value, json};

use crate::output::{self, Status};
use crate::project::Project;
use crate::words::duration;
use crate::{diff, text_table};

pub(crate) fn run(project: &Project<'_>, json: bool) -> anyhow::Result<Status> {
    let mut runs = project.store(&project.pipeline()?).runs();
    runs.reverse();
    if json {
        let told: Vec<Value> = runs.iter().map(summary).collect();
        output::print_json(&told)?;
    } else if runs.is_empty() {
        output::tell("no run is kept yet: one is when it had something to do");
    } else {
        let rows: Vec<Vec<String>> = runs
            .iter()
            .map(|run| {
                let mut row = row(run).to_vec();
                row.push(headline(run));
                row
            })
            .collect();
        output::print(text_table::render(&["run", "started", "", "time", "ran", "headline figure"], &rows).trim_end())?;
    }
    Ok(Status::Done)
}

/// Id, start, status, time and what ran.
pub(crate) fn row(run: &RunRecord) -> [String; 5] {
    let ran: Vec<&str> = ran(run).collect();
    let ran = match ran[..] {
        [stage] => stage.to_owned(),
        _ => format!("{} of {} stages", ran.len(), run.stages.len()),
    };
    [run.id.clone(), run.started.clone(), status(run.status).to_owned(), duration(run.seconds), ran]
}

/// A run without what only a comparison needs.
pub(crate) fn summary(run: &RunRecord) -> Value {
    let metrics: Vec<Value> = run
        .stages
        .iter()
        .flat_map(|stage| stage.metrics.iter().map(move |metric| (stage, metric)))
        .map(|(stage, metric)| {
            json!({
                "stage": stage.stage, "name": metric.name, "of": metric.of,
                "value": metric.value, "low": metric.low, "high": metric.high,
            })
        })
        .collect();
    let stages: Vec<Value> = run
        .stages
        .iter()
        .map(|stage| {
            json!({
                "stage": stage.stage, "kind": stage.kind, "status": stage.status, "seconds": stage.seconds,
                "rows": stage.rows, "fingerprint": stage.fingerprint, "reasons": stage.reasons, "error": stage.error,
            })
        })
        .collect();
    json!({
        "id": run.id,
        "pipeline": run.pipeline,
        "started": run.started,
        "finished": run.finished,
        "seconds": run.seconds,
        "status": run.status,
        "targets": run.targets,
        "overrides": run.overrides,
        "ran": ran(run).collect::<Vec<_>>(),
        "stages": stages,
        "metrics": metrics,
    })
}

fn ran(run: &RunRecord) -> impl Iterator<Item = &str> {
    let worked = |stage: &&StageRun| matches!(stage.status, StageStatus::Done | StageStatus::Failed);
    run.stages.iter().filter(worked).map(|stage| stage.stage.as_str())
}

/// The most telling figure of the run, for example `UAR 0.571 [0.520, 0.622] cnn_lstm on random`.
pub(crate) fn headline(run: &RunRecord) -> String {
    let first = run.stages.iter().find_map(|stage| stage.metrics.first());
    first.map_or_else(String::new, |metric| format!("{} {} {}", metric.name, diff::figure(&metric.into()), metric.of))
}

fn status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "not finished",
        RunStatus::Done => "done",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "stopped",
    }
}
