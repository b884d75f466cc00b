//! The list of what is known of every stage, and its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Facts kept about a stage.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) kind: String,
    pub(super) version: u64,
    /// Digest of its parameters, its seed and what it reads outside the pipeline.
    pub(super) given: String,
    pub(super) tables: BTreeMap<String, Table>,
    /// Stages that it reads; not in the list.
    pub(super) inputs: Vec<String>,
}

/// Facts kept about a table.
#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: u64,
    pub(super) exact: String,
    /// Two means per column: of magnitudes, and of values under weights.
    pub(super) means: BTreeMap<String, [f64; 2]>,
}

/// Stages by name.
pub(super) type Stages = BTreeMap<String, Stage>;

/// The list as text, which tells by `rewrite` how it is written.
pub(super) fn written(stages: &Stages, rewrite: &str) -> String {
    let mut text = format!("# Results of the default pipeline on the demo corpora. Written by `{rewrite}`.\n");
    for (name, stage) in stages {
        let Stage { kind, version, given, .. } = stage;
        writeln!(text, "stage {name} {kind} {version} {given}").expect("text");
        for (file, table) in &stage.tables {
            writeln!(text, "table {file} {} {}", table.rows, table.exact).expect("text");
            for (column, [magnitude, weighted]) in &table.means {
                writeln!(text, "  {column} {magnitude:.5e} {weighted:.5e}").expect("text");
            }
        }
    }
    text
}

/// Reads what [`written`] wrote. A line that is not as it writes them shows as a difference.
pub(super) fn read(text: &str) -> Stages {
    let mut stages = Stages::new();
    let (mut stage_name, mut file) = (String::new(), String::new());
    for line in text.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["stage", name, kind, version, given] => {
                name.clone_into(&mut stage_name);
                let (kind, given) = (kind.to_owned(), given.to_owned());
                let version = version.parse().unwrap_or_default();
                stages.insert(stage_name.clone(), Stage { kind, version, given, ..Stage::default() });
            }
            ["table", name, rows, exact] => {
                name.clone_into(&mut file);
                let table =
                    Table { rows: rows.parse().unwrap_or_default(), exact: exact.to_owned(), ..Table::default() };
                stages.entry(stage_name.clone()).or_default().tables.insert(file.clone(), table);
            }
            [column, magnitude, weighted] if line.starts_with("  ") => {
                let means = [magnitude, weighted].map(|mean| mean.parse().unwrap_or(f64::NAN));
                let stage = stages.entry(stage_name.clone()).or_default();
                stage.tables.entry(file.clone()).or_default().means.insert(column.to_owned(), means);
            }
            _ => {}
        }
    }
    stages
}
