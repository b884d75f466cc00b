//! The results of every stage on the demo corpora are those of before, or the version of its kind has risen.
//!
//! A kind whose code changed and whose `VERSION` did not makes old and new results stand side by side as if they were
//! one. So `golden/list.txt` keeps, for every stage of the default pipeline and an ensemble, its version, what it was given, and what
//! came out. `SER_GOLDEN=write` writes the list anew; its diff shows what changed.
//!
//! Text, counts and labels are kept as digests. Numbers with a fraction are not: what passes rustfft (recordings at
//! another rate, pitch, bandwidth, fingerprints) and what is trained differ in their last bits from one processor to
//! another, and so would a digest, of rounded values too, as some always lie next to a border. Of each such column
//! there are two means instead, compared with a tolerance: of the magnitudes, which shows another scale, and of the
//! values under weights that change from row to row, which shows an offset, another order, another draw. Networks may
//! even decide otherwise about a clip, so what a network predicts is held to numbers only, and evaluation and report to
//! what they say of the baselines.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod list;
mod sums;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ser_schemas::part_files;
use serde_json::Value;

use self::list::{Stage, Stages, read, written};
use self::sums::{short, table, text_of};
use crate::util::{Workspace, demo_run, source_root};

const LIST: &str = "tests/it/golden/list.txt";
const REWRITE: &str = "SER_GOLDEN=write cargo test --release -p ser --test it golden";

/// Largest difference of a mean, as a share of the mean magnitude: half of the change that must be noticed.
const TOLERANCE: f64 = 5e-4;
/// The same for what a network of a few steps was trained to, where roundings add up.
const TOLERANCE_OF_NETWORKS: f64 = 5e-3;

#[test]
fn results_are_those_of_before_or_the_version_has_risen() {
    let (workspace, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = run_stages(workspace);
    let path = source_root().join(LIST);
    if std::env::var_os("SER_GOLDEN").is_some_and(|word| word == "write") {
        std::fs::write(&path, written(&found, REWRITE)).expect("the list is written");
        return;
    }
    let known = read(&std::fs::read_to_string(&path).unwrap_or_default());
    let faults = faults(&known, &found);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_constants_to_raise_are_where_the_message_says() {
    let (workspace, _) = demo_run();
    for stage in run_stages(workspace).values() {
        let file = constant(&stage.kind);
        let text = std::fs::read_to_string(source_root().join(&file)).unwrap_or_default();
        assert!(text.contains(&format!("VERSION: u32 = {};", stage.version)), "{file}: version {}", stage.version);
    }
}

/// The file with the `VERSION` of a kind.
fn constant(kind: &str) -> String {
    match kind {
        "features" | "ingest" => format!("stages/{kind}/src/lib.rs"),
        "report" => "reports/src/kind.rs".to_owned(),
        kind => format!("stages/{kind}/src/kind.rs"),
    }
}

/// A sentence for everything in which `found` is not as `known`.
fn faults(known: &Stages, found: &Stages) -> Vec<String> {
    let rewrite = format!("rewrite `{LIST}`: {REWRITE}");
    let mut changed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, now) in found {
        let differences = known.get(name).map_or_else(Vec::new, |before| differences(before, now));
        changed.insert(name, differences);
    }
    let gone = known.keys().filter(|name| !found.contains_key(*name));
    let mut faults: Vec<String> = gone.map(|name| format!("there is no stage `{name}` any more; {rewrite}")).collect();
    let mut followers: Vec<&str> = Vec::new();
    for (name, now) in found {
        let Some(before) = known.get(name) else {
            faults.push(format!("stage `{name}` is not in the list; {rewrite}"));
            continue;
        };
        let (kind, file, version) = (&now.kind, constant(&now.kind), now.version);
        let what = changed[name.as_str()].join("; ");
        let follows = now.inputs.iter().any(|input| changed.get(input.as_str()).is_none_or(|them| !them.is_empty()));
        if before.version != version {
            faults.push(format!(
                "`VERSION` of kind `{kind}` in `{file}` is {version}, and stage `{name}` stands in the list with {}; \
                 {rewrite}",
                before.version
            ));
        } else if before.given != now.given {
            faults.push(format!(
                "stage `{name}` has other parameters, or reads other files, than in the list; {rewrite}"
            ));
        } else if !what.is_empty() && follows {
            followers.push(name);
        } else if !what.is_empty() {
            faults.push(format!(
                "results of stage `{name}` changed: {what}. If that is meant, raise `VERSION` of kind `{kind}` in \
                 `{file}` above {version} and {rewrite}"
            ));
        }
    }
    if !followers.is_empty() {
        faults.push(format!("results of stages that follow from changed ones changed, too: {}", followers.join(", ")));
    }
    faults
}

fn differences(before: &Stage, now: &Stage) -> Vec<String> {
    let tolerance = if now.kind == "train" { TOLERANCE_OF_NETWORKS } else { TOLERANCE };
    let mut found = Vec::new();
    for name in before.tables.keys().chain(now.tables.keys()).collect::<BTreeSet<_>>() {
        let (Some(before), Some(now)) = (before.tables.get(name), now.tables.get(name)) else {
            found.push(format!("`{name}` is only in one of both"));
            continue;
        };
        if before.rows != now.rows {
            found.push(format!("`{name}` has {} rows, not {}", now.rows, before.rows));
        } else if before.exact != now.exact {
            found.push(format!("`{name}` says something else in its text, labels, counts or columns"));
        }
        for column in before.means.keys().chain(now.means.keys()).collect::<BTreeSet<_>>() {
            let (Some(before), Some(now)) = (before.means.get(column), now.means.get(column)) else {
                found.push(format!("column `{column}` of `{name}` is only in one of both"));
                continue;
            };
            let allowed = tolerance * before[0].max(1e-9);
            if before
                .iter()
                .zip(now)
                .any(|(before, now)| (before - now).abs() > allowed || now.is_nan() != before.is_nan())
            {
                found.push(format!(
                    "`{column}` of `{name}` has the means {:.4e} and {:.4e}, not {:.4e} and {:.4e}",
                    now[0], now[1], before[0], before[1]
                ));
            }
        }
    }
    let more = found.len().saturating_sub(5);
    found.truncate(5);
    found.extend((more > 0).then(|| format!("{more} more differences")));
    found
}

/// Stages of the run in `workspace`, with their tables.
fn run_stages(workspace: &Workspace) -> Stages {
    let records = workspace.path("artifacts/.ser/stages");
    let mut identities: BTreeMap<String, Value> = BTreeMap::new();
    for entry in std::fs::read_dir(records).expect("records").map(|entry| entry.expect("entry").path()) {
        let text = std::fs::read_to_string(entry).expect("record");
        let identity = serde_json::from_str::<Value>(&text).expect("JSON")["identity"].take();
        identities.insert(text_of(&identity["stage"]), identity);
    }
    let networks: Vec<&str> =
        identities.iter().filter(|(_, of)| of["kind"] == "train").map(|(name, _)| name.as_str()).collect();
    let stage = |(name, identity): (&String, &Value)| {
        let kind = text_of(&identity["kind"]);
        let given = format!("{} {} {}", identity["params"], identity["seed"], identity["external"]);
        let folder = workspace.path(&format!("artifacts/{name}"));
        let tables = tables(&folder).into_iter().map(|file| {
            let table = table(&folder.join(&file), &kind, &networks);
            (file, table)
        });
        let inputs = identity["inputs"].as_array().expect("inputs").iter().map(|input| text_of(&input["stage"]));
        let stage = Stage {
            version: identity["version"].as_u64().expect("version"),
            given: short(&blake3::hash(given.as_bytes())),
            tables: tables.collect(),
            inputs: inputs.collect(),
            kind,
        };
        (name.clone(), stage)
    };
    identities.iter().map(stage).collect()
}

fn tables(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("artifact").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<String> = files.map(|name| name.into_string().expect("UTF-8")).collect();
    let is_in_parts = |name: &String| folder.join(name).is_dir() && part_files(&folder.join(name)).is_ok();
    names.retain(|name| name.ends_with(".parquet") || is_in_parts(name));
    names.sort();
    names
}

/// A list of `a`, and of `b` that reads it, with one table each.
fn chain(version: u64, of_a: &str, of_b: f64) -> Stages {
    let text = format!(
        "stage a ingest 1 00\ntable t.parquet 1 {of_a}\n\
         stage b features {version} 00\ntable t.parquet 1 00\n  x {of_b} 0"
    );
    let mut stages = read(&text);
    stages.get_mut("b").expect("b").inputs = vec!["a".to_owned()];
    stages
}

#[track_caller]
fn told(found: &Stages, begins: &[&str]) {
    let told = faults(&chain(3, "00", 1.0), found);
    assert_eq!(told.len(), begins.len(), "{told:?}");
    for (told, begins) in told.iter().zip(begins) {
        assert!(told.starts_with(begins), "{told}");
    }
}

#[test]
fn a_change_is_laid_to_the_first_stage_that_has_it_and_a_raised_version_wants_a_new_list() {
    told(&chain(3, "00", 1.0004), &[]);
    told(&chain(3, "00", 1.001), &["results of stage `b` changed: `x` of `t.parquet` has the means 1.0010e0 and 0"]);
    told(&chain(3, "00", f64::NAN), &["results of stage `b` changed"]);
    told(
        &chain(3, "01", 1.001),
        &["results of stage `a` changed", "results of stages that follow from changed ones changed, too: b"],
    );
    told(&chain(4, "00", 1.001), &["`VERSION` of kind `features` in `stages/features/src/lib.rs` is 4"]);
    told(&chain(4, "00", 1.0), &["`VERSION` of kind `features` in `stages/features/src/lib.rs` is 4"]);
}
