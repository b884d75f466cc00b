//! `ser audit`: the balance of the dataset and what is notable about it, from the tables of the last run.

use std::fmt::Write as _;

use ser_audit::{Dataset, Overview};
use ser_schemas::{Finding, Table as _};
use serde_json::json;

use crate::output::{self, Status};
use crate::project::{Project, artifact, first_of};
use crate::text_table;

pub(crate) fn run(project: &Project<'_>, json: bool) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let stage = first_of(&pipeline, "audit")?;
    let findings = Finding::read(&artifact(&store, stage)?.join("findings.parquet"))?;
    let manifest = first_of(&pipeline, "manifest")?;
    let dataset = Dataset::read(&artifact(&store, manifest)?)?;
    let overview = ser_audit::overview(&dataset);
    if json {
        let told = json!({ "overview": overview, "findings": findings.iter().map(finding).collect::<Vec<_>>() });
        output::print(serde_json::to_string_pretty(&told)?)?;
    } else {
        output::print(describe(&overview, &findings).trim_end())?;
    }
    Ok(Status::Done)
}

fn finding(finding: &Finding) -> serde_json::Value {
    json!({
        "severity": finding.severity.as_str(),
        "code": finding.code,
        "message": finding.message,
        "evidence": finding.evidence,
    })
}

fn describe(overview: &Overview, findings: &[Finding]) -> String {
    let mut text = format!("{}\n{}", emotions(overview), corpora(overview));
    if !findings.is_empty() {
        text.push('\n');
    }
    for finding in findings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<8} {}", finding.severity, finding.message);
        if !finding.evidence.is_empty() {
            let _ = writeln!(text, "         {}", finding.evidence);
        }
    }
    text
}

fn emotions(overview: &Overview) -> String {
    let mut head = vec!["emotion"];
    head.extend(overview.corpora.iter().map(String::as_str));
    head.extend(["total", "share", "minutes", "speakers"]);
    let rows: Vec<Vec<String>> = overview
        .emotions
        .iter()
        .map(|row| {
            let mut cells = vec![row.emotion.map_or_else(|| "all".to_owned(), |emotion| emotion.to_string())];
            cells.extend(row.clips.iter().map(ToString::to_string));
            cells.extend([
                row.total.to_string(),
                format!("{:.1} %", 100.0 * row.share),
                format!("{:.1}", row.minutes),
                row.speakers.to_string(),
            ]);
            cells
        })
        .collect();
    text_table::render(&head, &rows)
}

fn corpora(overview: &Overview) -> String {
    let rows: Vec<Vec<String>> = overview
        .by_corpus
        .iter()
        .map(|row| {
            let genders: Vec<String> =
                row.genders.iter().map(|(gender, speakers)| format!("{speakers} {gender}")).collect();
            let synthetic = if row.synthetic { " (SYNTHETIC)" } else { "" };
            vec![
                row.corpus.clone(),
                format!("{}{synthetic}", row.status.replace('_', " ")),
                row.clips.to_string(),
                row.excluded.to_string(),
                format!("{:.1}", row.minutes),
                row.speakers.to_string(),
                genders.join(", "),
            ]
        })
        .collect();
    text_table::render(&["corpus", "", "clips", "excluded", "minutes", "speakers", ""], &rows)
}
