//! Languages, and people and texts, that a model has never heard: from descriptors to the report.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{
    Assignment, Check, CheckStatus, Clip, Comparison, ComparisonKind, CrossCorpus, Grouping, Role, SummaryMetric, Table,
};

use crate::util::{Workspace, source_root};

/// English by two corpora, and TESS as if it were Italian.
const PIPELINE: &str = r#"
name = "languages"

[stage.ravdess]
kind = "ingest"
corpus = "ravdess"
root = "demo/ravdess"

[stage.savee]
kind = "ingest"
corpus = "savee.toml"
root = "demo/savee"

[stage.tess]
kind = "ingest"
corpus = "tess.toml"
root = "demo/tess"

[stage.manifest]
kind = "manifest"
from = ["ravdess", "savee", "tess"]

[stage.features]
kind = "features"
from = "manifest"

[stage.apart]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2

[stage.across]
kind = "split"
from = "manifest"
protocol = "leave-one-out"
column = "language"

[stage.texts]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2
also_held_out = "sentence"

[stage.linear]
kind = "baseline"
from = ["manifest", "features", "apart"]
l2 = [100]
max_iterations = 5

[stage.linear_across]
kind = "baseline"
from = ["manifest", "features", "across"]
l2 = [100]
max_iterations = 5

[stage.linear_texts]
kind = "baseline"
from = ["manifest", "features", "texts"]
l2 = [100]
max_iterations = 5

[stage.evaluation]
kind = "evaluate"
from = ["manifest", "apart", "across", "texts", "linear", "linear_across", "linear_texts"]

[stage.report]
kind = "report"
from = [
    "manifest", "features", "apart", "across", "texts", "linear", "linear_across", "linear_texts", "evaluation",
]
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::with_pipeline(PIPELINE);
    workspace.ser(&["demo", "demo"]).exits(0);
    for (name, language) in [("savee", "en-GB"), ("tess", "it")] {
        workspace.write(&format!("{name}.toml"), descriptor(name, &format!("language = \"{language}\"")));
    }
    workspace
}

/// A descriptor that ships, with another line about its language.
fn descriptor(name: &str, language: &str) -> String {
    let path = source_root().join(format!("stages/ingest/corpora/{name}.toml"));
    let text = std::fs::read_to_string(path).expect("it ships");
    let lines = text.lines().map(|line| if line.starts_with("language = ") { language } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn rows<T: Table>(workspace: &Workspace, stage: &str) -> Vec<T> {
    T::read_in(workspace.path(&format!("artifacts/{stage}"))).expect("the stage was run")
}

#[test]
fn what_was_never_heard_is_measured_and_told() {
    let workspace = workspace();
    let ran = workspace.ser(&["run"]).exits(0);
    ran.says("UAR [95 %], mean over corpora").says("UAR, pooled").tells("2 folds, leave-one-out by language");

    let clips: Vec<Clip> = rows(&workspace, "manifest");
    let by_id: BTreeMap<&str, &Clip> = clips.iter().map(|clip| (clip.clip_id.as_str(), clip)).collect();
    for (split, columns, folds) in
        [("across", &[Grouping::Language][..], 2), ("texts", &[Grouping::Speaker, Grouping::Sentence], 4)]
    {
        let assignments: Vec<Assignment> = rows(&workspace, split);
        let mut tested: BTreeMap<u32, Vec<&Assignment>> = BTreeMap::new();
        for row in assignments.iter().filter(|row| row.role == Role::Test) {
            tested.entry(row.fold).or_default().push(row);
        }
        assert_eq!(tested.len(), folds, "{split}");
        assert_eq!(tested.values().map(Vec::len).sum::<usize>(), clips.len(), "{split}: every clip once");
        for (fold, test) in tested {
            for column in columns {
                let values = |rows: &mut dyn Iterator<Item = &Assignment>| -> BTreeSet<Option<String>> {
                    rows.map(|row| column.of(by_id[row.clip_id.as_str()])).collect()
                };
                let test = values(&mut test.iter().copied());
                let shown = values(&mut assignments.iter().filter(|row| row.fold == fold && row.role != Role::Test));
                assert!(test.is_disjoint(&shown) && !shown.contains(&None), "{split}, fold {fold}, {column:?}");
            }
        }
        let checks: Vec<Check> = rows(&workspace, split);
        for column in columns {
            let name = format!("{}_disjoint", column.as_str());
            let of = || checks.iter().filter(|check| check.check == name);
            assert!(of().count() == folds && of().all(|check| check.status == CheckStatus::Passed), "{split}: {name}");
        }
    }

    let summary: Vec<SummaryMetric> = rows(&workspace, "evaluation");
    let value = |group: &str, group_value: &str, metric: &str| {
        let of = |row: &&SummaryMetric| {
            row.model == "linear_across" && row.group == group && row.group_value == group_value && row.metric == metric
        };
        summary.iter().find(of).map_or_else(|| panic!("no {metric} of {group_value}"), |row| row.value)
    };
    let [ravdess, savee, tess] = ["ravdess", "savee", "tess"].map(|corpus| value("corpus", corpus, "uar"));
    let english = f64::midpoint(ravdess, savee);
    let over = |metric: &str| value("overall", "all", metric);
    assert!((over("uar_over_corpora") - (ravdess + savee + tess) / 3.0).abs() < 1e-12);
    assert!((value("language", "en", "uar_over_corpora") - english).abs() < 1e-12);
    assert!((over("uar_over_languages") - f64::midpoint(english, tess)).abs() < 1e-12);

    let cross: Vec<CrossCorpus> = rows(&workspace, "evaluation");
    let tested: BTreeSet<(&str, &str)> = cross
        .iter()
        .filter(|row| row.role == Role::Test)
        .map(|row| (row.held_out.as_deref().unwrap_or_default(), row.trained_without.as_str()))
        .collect();
    assert_eq!(tested, BTreeSet::from([("language", "en"), ("language", "it")]));
    // Calm is RAVDESS's alone.
    let english = cross.iter().find(|row| row.trained_without == "en" && row.role == Role::Test).expect("scored");
    assert_eq!(english.untrained.as_deref(), Some("calm"));
    let comparisons: Vec<Comparison> = rows(&workspace, "evaluation");
    let unheard: BTreeSet<(&str, Option<&str>)> = comparisons
        .iter()
        .filter(|row| row.kind == ComparisonKind::Unheard && row.model_b == "linear")
        .map(|row| (row.model_a.as_str(), row.group_value.as_deref()))
        .collect();
    let expected =
        [("linear_across", None), ("linear_across", Some("en")), ("linear_across", Some("it")), ("linear_texts", None)];
    assert_eq!(unheard, BTreeSet::from(expected));

    let page = std::fs::read_to_string(workspace.path("artifacts/report/index.html")).expect("the report");
    for told in [
        "In a language it has never heard",
        "Italian (it)",
        "ravdess and savee",
        "Mean over languages",
        "speaker-independent and sentence-independent",
        "Unweighted average recall (UAR), mean over corpora",
    ] {
        assert!(page.contains(told), "the report lacks {told}");
    }
    let card = std::fs::read_to_string(workspace.path("artifacts/report/model_card.md")).expect("the card");
    assert!(card.contains("UAR, mean over corpora") && card.contains("any language but English and Italian"), "{card}");
}

#[test]
fn a_corpus_that_does_not_state_its_language_takes_no_part_and_is_counted() {
    let workspace = workspace();
    workspace.write("savee.toml", descriptor("savee", ""));
    let ran = workspace.ser(&["run", "across"]).exits(0);
    let clips: Vec<Clip> = rows(&workspace, "manifest");
    let savee = clips.iter().filter(|clip| clip.corpus == "savee").count();
    ran.tells(&format!(
        "{savee} of {} clips take no part in this split, as their `language` is not known: savee {savee}; a corpus's \
         descriptor states it",
        clips.len()
    ));
    let assignments: Vec<Assignment> = rows(&workspace, "across");
    assert!(assignments.iter().all(|row| !row.clip_id.starts_with("savee/")));
    // With TESS silent too there is one language, and nothing to hold out.
    workspace.write("tess.toml", descriptor("tess", ""));
    workspace
        .ser(&["run", "across"])
        .exits(1)
        .tells("needs at least 2 languages, the manifest has 1: en;")
        .tells("tess");
    workspace.ser(&["run", "across", "-S", "across.required=false"]).exits(0).tells("no folds are made");
    workspace.write("tess.toml", descriptor("tess", "language = \"Italian\""));
    workspace.ser(&["run", "across"]).exits(1).tells("`language`: expected the code of a language").tells("write `it`");
}

#[test]
fn earlier_spellings_name_the_new_ones() {
    let workspace = Workspace::with_pipeline(PIPELINE);
    for (was, now) in [
        ("leave-one-corpus-out", "it is `\"leave-one-out\"` with `column = \"corpus\"` now"),
        ("leave-one-speaker-out", "it is `\"leave-one-out\"` with `column = \"speaker\"` now"),
        ("column", "it is `\"leave-one-out\"`, or `\"file\"` beside a `file`, now"),
    ] {
        workspace.ser(&["graph", "-S", &format!("across.protocol={was}")]).exits(2).tells(now);
    }
    workspace.ser(&["graph", "-S", "across.column=langauge"]).exits(2).tells("did you mean `language`?");
    let also = ["graph", "-S", "texts.also_held_out=speaker"];
    workspace.ser(&also).exits(2).tells("`speaker` is held out already");
}
