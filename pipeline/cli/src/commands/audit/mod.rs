//! `ser audit`: what the dataset is and what to beware of, from the tables of the last audit.
//!
//! An audit that `fail_on` stopped has no artifact; its tables are kept aside, and shown all the same.

mod long_clips;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use ser_audit::{Dataset, Overview};
use ser_engine::{Stage, Store};
use ser_schemas::{Association, ClassBalance, Durations, Finding, NearDuplicate, Shortcut, Table as _};
use ser_text::printable;
use serde_json::{Value, json};

use self::long_clips::LongClips;
use crate::output::{self, Status};
use crate::project::{Project, artifact, first_of};
use crate::text_table;

/// How many pairs of clips are listed; the table has them all.
const MAX_PAIRS: usize = 20;
/// How many characters are shown of a finding's evidence.
const MAX_EVIDENCE: usize = 240;

pub(crate) fn run(project: &Project<'_>, json: bool) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let stage = first_of(&pipeline, "audit")?;
    let manifest = first_of(&pipeline, "manifest")?;
    let (folder, refused) = tables_of(&store, stage)?;
    let dataset = Dataset::read(&artifact(&store, manifest)?)?;
    let audit = Audit::read(folder, refused, &dataset, long_clips::of(&pipeline, &dataset.clips))?;
    if json {
        output::print_json(&audit.to_json())?;
    } else {
        output::print(audit.describe().trim_end())?;
    }
    Ok(Status::Done)
}

/// Where the tables of the last audit are, and whether it was stopped.
fn tables_of(store: &Store, stage: &Stage) -> anyhow::Result<(PathBuf, bool)> {
    let refused = store.refused_dir(stage.name());
    if refused.is_dir() {
        return Ok((refused, true));
    }
    Ok((artifact(store, stage)?, false))
}

/// All that is shown.
struct Audit {
    folder: PathBuf,
    refused: bool,
    overview: Overview,
    class_balance: Vec<ClassBalance>,
    durations: Vec<Durations>,
    long_clips: Vec<LongClips>,
    associations: Vec<Association>,
    shortcuts: Vec<Shortcut>,
    near_duplicates: Vec<NearDuplicate>,
    findings: Vec<Finding>,
}

impl Audit {
    fn read(folder: PathBuf, refused: bool, dataset: &Dataset, long_clips: Vec<LongClips>) -> anyhow::Result<Self> {
        Ok(Self {
            overview: ser_audit::overview(dataset),
            class_balance: ClassBalance::read_in(&folder)?,
            durations: Durations::read_in(&folder)?,
            long_clips,
            associations: Association::read_in(&folder)?,
            shortcuts: Shortcut::read_in(&folder)?,
            near_duplicates: NearDuplicate::read_in(&folder)?,
            findings: Finding::read_in(&folder)?,
            folder,
            refused,
        })
    }

    fn to_json(&self) -> Value {
        json!({
            "tables": self.folder.display().to_string(),
            "stopped": self.refused,
            "overview": self.overview,
            "class_balance": self.class_balance,
            "durations": self.durations,
            "long_clips": self.long_clips,
            "associations": self.associations,
            "shortcuts": self.shortcuts,
            "near_duplicates": self.near_duplicates,
            "findings": self.findings,
        })
    }

    fn describe(&self) -> String {
        let mut text = emotions(&self.overview);
        let parts = [
            ("", corpora(&self.overview)),
            ("How evenly the emotions are covered", class_balance(&self.class_balance)),
            ("Durations in seconds", durations(&self.durations) + &long_clips::describe(&self.long_clips)),
            ("What goes together (0 independent, 1 fully dependent)", associations(&self.associations)),
            ("What one number of the recording predicts (balanced accuracy; chance)", shortcuts(&self.shortcuts)),
            ("Clips with the same take", near_duplicates(&self.near_duplicates)),
            ("Findings", findings(&self.findings)),
        ];
        for (title, part) in parts.iter().filter(|(_, part)| !part.is_empty()) {
            // Writing to a string cannot fail.
            let _ = if title.is_empty() { write!(text, "\n{part}") } else { write!(text, "\n{title}\n{part}") };
        }
        if self.refused {
            let _ = write!(
                text,
                "\nThe last audit was stopped by `fail_on`; its tables are in {}\n",
                self.folder.display()
            );
        }
        text
    }
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

fn class_balance(rows: &[ClassBalance]) -> String {
    let head = ["corpus", "clips", "classes", "effective", "commonest", "", "rarest", "", "ratio"];
    table(
        &head,
        rows.iter().map(|row| {
            vec![
                all(row.corpus.as_deref()),
                row.clips.to_string(),
                row.classes.to_string(),
                format!("{:.2}", row.effective_classes),
                row.commonest.to_string(),
                row.commonest_clips.to_string(),
                row.rarest.to_string(),
                row.rarest_clips.to_string(),
                format!("{:.1}", row.imbalance_ratio),
            ]
        }),
    )
}

/// By emotion over all corpora, and by corpus over all emotions; the table has each emotion of each corpus.
fn durations(rows: &[Durations]) -> String {
    let told = rows.iter().filter(|row| row.corpus.is_none() || row.emotion.is_none());
    let head = ["", "clips", "shortest", "5 %", "25 %", "median", "75 %", "95 %", "longest"];
    table(
        &head,
        told.map(|row| {
            let emotion = row.emotion.map(|emotion| emotion.to_string());
            let seconds = [row.min_s, row.p05_s, row.p25_s, row.median_s, row.p75_s, row.p95_s, row.max_s];
            let mut cells = vec![all(emotion.as_deref().or(row.corpus.as_deref())), row.clips.to_string()];
            cells.extend(seconds.map(|seconds| format!("{seconds:.2}")));
            cells
        }),
    )
}

fn associations(rows: &[Association]) -> String {
    let measure = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
    table(
        &["", "", "Cramér's V", "mutual information", "clips"],
        rows.iter().map(|row| {
            vec![
                row.property_a.replace('_', " "),
                row.property_b.replace('_', " "),
                measure(row.cramers_v),
                measure(row.normalised_mutual_information),
                row.clips.to_string(),
            ]
        }),
    )
}

/// Measurements down, what is predicted across.
fn shortcuts(rows: &[Shortcut]) -> String {
    let column = |row: &Shortcut| match &row.corpus {
        None => row.target.clone(),
        Some(corpus) => format!("{} in {corpus}", row.target),
    };
    let mut columns: Vec<String> = Vec::new();
    let mut measurements: Vec<&str> = Vec::new();
    let mut cells: BTreeMap<(&str, String), String> = BTreeMap::new();
    for row in rows {
        if !columns.contains(&column(row)) {
            columns.push(column(row));
        }
        if !measurements.contains(&row.measurement.as_str()) {
            measurements.push(&row.measurement);
        }
        let score = format!("{:.2}; {:.2}", row.balanced_accuracy, row.chance);
        cells.insert((&row.measurement, column(row)), score);
    }
    let mut head = vec![""];
    head.extend(columns.iter().map(String::as_str));
    table(
        &head,
        measurements.iter().map(|measurement| {
            let mut line = vec![(*measurement).to_owned()];
            line.extend(columns.iter().map(|column| cells.remove(&(*measurement, column.clone())).unwrap_or_default()));
            line
        }),
    )
}

fn near_duplicates(rows: &[NearDuplicate]) -> String {
    let mut text = table(
        &["", "", "similarity", "correlation", "offset s"],
        rows.iter().take(MAX_PAIRS).map(|row| {
            let correlation = row.correlation.map_or(String::new(), |value| format!("{value:.2}"));
            let scores = [format!("{:.2}", row.similarity), correlation, format!("{:+.2}", row.offset_s)];
            [row.clip_a.clone(), row.clip_b.clone()].into_iter().chain(scores).collect()
        }),
    );
    if rows.len() > MAX_PAIRS {
        let _ = writeln!(text, "and {} more", rows.len() - MAX_PAIRS);
    }
    text
}

fn findings(rows: &[Finding]) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, "{:<8} {} [{}]", row.severity, printable(&row.message), row.code);
        if !row.evidence.is_empty() {
            let _ = writeln!(text, "         {}", printable(&beginning(&row.evidence)));
        }
    }
    text
}

/// As much of a list as one reads; the table and the report have it whole.
fn beginning(list: &str) -> String {
    let end = list.char_indices().nth(MAX_EVIDENCE).map_or(list.len(), |(end, _)| end);
    if end == list.len() {
        return list.to_owned();
    }
    let end = list[..end].rfind(", ").unwrap_or(end);
    format!("{}, ... (`findings.parquet` has all)", &list[..end])
}

/// A table; nothing without rows.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() { String::new() } else { text_table::render(head, &rows) }
}

fn all(name: Option<&str>) -> String {
    name.unwrap_or("all").to_owned()
}
