//! Pipeline files: what is accepted, and how mistakes are shown.

use std::fs;
use std::path::Path;

use ser_engine::{Spec, SpecErrors};
use serde_json::json;

use crate::fake::{env, mistakes, parse, registry};

const GOOD: &str = r#"
name = "test"

[stage.a]
kind = "source"
root = "${SER_DATA:-data}/a"

[stage.b]
kind = "source"
root = "${NOT_SET:-data}/b"

[stage.w]
kind = "work"
from = ["b", "a"]
n_mels = 80
protocol = "random"
frames = { length_ms = 25 }
steps = [{ kind = "trim", below_db = -40 }, { kind = "pre-emphasis" }]
codes.x = "random"

[stage.r]
kind = "report"
from = "w"
"#;

/// `GOOD` with one piece replaced.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "`{old}` is not in the file");
    GOOD.replacen(old, new, 1)
}

#[test]
fn a_good_file_becomes_a_pipeline_with_all_defaults_filled_in() {
    let pipeline = parse(GOOD, &[]).unwrap();
    assert_eq!(pipeline.name(), "test");
    assert_eq!(pipeline.seed(), 42);
    let names: Vec<&str> = pipeline.stages().iter().map(|stage| stage.name()).collect();
    assert_eq!(names, ["a", "b", "w", "r"]);
    assert_eq!(pipeline.stage("a").unwrap().params(), &json!({ "root": "elsewhere/a", "add": 0 }));
    assert_eq!(pipeline.stage("b").unwrap().params()["root"], "data/b");
    let work = pipeline.stage("w").unwrap();
    assert_eq!(work.from(), ["b", "a"]);
    assert_eq!(work.params()["n_mels"], 80);
    assert_eq!(work.params()["frames"], json!({ "length_ms": 25.0, "hop_ms": 10.0 }));
    assert_eq!(work.params()["steps"][0], json!({ "kind": "trim", "below_db": -40.0 }));
    assert_eq!(work.params()["codes"], json!({ "x": "random" }));
    let inputs: Vec<&str> = pipeline.inputs_of(work).map(|stage| stage.name()).collect();
    assert_eq!(inputs, ["b", "a"]);
}

#[test]
fn stages_may_stand_before_what_they_read() {
    let text = "name = 't'\n[stage.z]\nkind = 'work'\nfrom = 'a'\n[stage.a]\nkind = 'source'\nroot = 'x'\n";
    let pipeline = parse(text, &[]).unwrap();
    let names: Vec<&str> = pipeline.stages().iter().map(|stage| stage.name()).collect();
    assert_eq!(names, ["a", "z"]);
}

#[test]
fn five_mistakes_are_five_reports() {
    let text = r#"
name = "test"
sead = 7

[stage.a]
kind = "source"
root = "x"

[stage.w]
kind = "work"
from = ["a", "bb"]
n_mel = 80
share = 1.5

[stage.r]
kind = "raport"
from = "w"
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @"");
}

#[test]
fn parameters_are_checked_down_to_the_last_one() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = 5
[stage.w]
kind = "work"
from = "a"
n_mels = 7
limit = 70000
protocol = "randm"
frames = { length_ms = 0, hop = 5 }
steps = [{ kind = "trim" }, { kind = "trin" }, { below_db = -3 }, { kind = "trim", below_db = 3.5 }, { kind = "pre-emphasis", extra = 1 }]
codes = { x = "random", y = 1 }
act = 2026-01-01
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @"");
}

#[test]
fn arrays_of_tables_and_subtables_are_checked_where_they_stand() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
[stage.w]
kind = "work"
from = "a"
[stage.w.frames]
hop_mss = 10
[[stage.w.steps]]
kind = "trim"
[stage.w.n_mels]
x = 1
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @"");
}

#[test]
fn cross_field_rules_point_at_their_key() {
    insta::assert_snapshot!(mistakes(&with("length_ms = 25", "length_ms = 25, hop_ms = 30"), &[]), @"");
}

#[test]
fn links_are_checked() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
from = "w"
[stage.w]
kind = "work"
from = ["w", "a", "a"]
[stage.v]
kind = "work"
from = ["r"]
[stage.r]
kind = "report"
from = [1]
[stage.u]
kind = "work"
[stage.Bad]
kind = "source"
root = "x"
[stage.none]
[stage]
five = 5
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @"");
}

#[test]
fn too_many_inputs_of_a_kind_are_counted() {
    let mut text = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'x'\n".to_owned();
    for name in ["b", "c", "d", "e"] {
        text += &format!("[stage.{name}]\nkind = 'work'\nfrom = 'a'\n");
    }
    text += "[stage.f]\nkind = 'work'\nfrom = ['a', 'b', 'c', 'd', 'e']\n";
    insta::assert_snapshot!(mistakes(&text, &[]), @"");
}

#[test]
fn a_circle_is_named_in_full() {
    let text = r#"
name = "test"
[stage.a]
kind = "source"
root = "x"
[stage.w]
kind = "work"
from = ["a", "v"]
[stage.v]
kind = "work"
from = ["a", "u"]
[stage.u]
kind = "work"
from = ["a", "w"]
"#;
    insta::assert_snapshot!(mistakes(text, &[]), @"");
}

#[test]
fn the_head_is_checked() {
    insta::assert_snapshot!(mistakes("name = ''\nseed = -1\n", &[]), @"");
    insta::assert_snapshot!(mistakes("seed = 1.5\nstage = 3\n[a]\nkind = 'source'\n", &[]), @"");
    assert!(mistakes("", &[]).contains("the pipeline has no `name`"));
}

#[test]
fn variables_that_are_not_set_are_mistakes() {
    insta::assert_snapshot!(mistakes(&with("${NOT_SET:-data}", "${NOT_SET}/${1}"), &[]), @"");
}

#[test]
fn a_stage_declared_twice_is_shown_and_the_rest_still_checked() {
    let text = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'x'\n[stage.a]\nkind = 'source'\nrot = 'y'\n[stage.b]\nkind = 'sauce'\n";
    insta::assert_snapshot!(mistakes(text, &[]), @"");
}

#[test]
fn what_is_no_toml_is_shown_line_by_line() {
    insta::assert_snapshot!(mistakes("name = \n[stage.a\nkind = 'source'\n", &[]), @"");
}

#[test]
fn files_that_cannot_be_read_are_one_clear_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str| -> SpecErrors { Spec::load(&dir.path().join(name), &registry(), &[], &env).unwrap_err() };
    let plain = |errors: SpecErrors| errors.render(false).replace(dir.path().to_str().unwrap(), "DIR");
    fs::write(dir.path().join("latin1.toml"), b"name = \"t\"\n# caf\xe9\n").unwrap();
    fs::write(dir.path().join("big.toml"), vec![b'\n'; (1 << 20) + 1]).unwrap();
    insta::assert_snapshot!(plain(load("missing.toml")), @"");
    insta::assert_snapshot!(plain(load("latin1.toml")), @"");
    insta::assert_snapshot!(plain(load("big.toml")), @"");
    insta::assert_snapshot!(plain(load("")), @"");
}

#[test]
fn overrides_set_values_of_any_depth() {
    let set = [
        "seed=7",
        "w.n_mels=96",
        "w.protocol=random",
        "w.frames.hop_ms = 5",
        "a.root=\"x=y\"",
        "w.share=0.5",
        "w.share=0.25",
    ];
    let pipeline = parse(GOOD, &set).unwrap();
    assert_eq!(pipeline.seed(), 7);
    assert_eq!(pipeline.stage("a").unwrap().params()["root"], "x=y");
    let params = pipeline.stage("w").unwrap().params();
    assert_eq!(params["n_mels"], 96);
    assert_eq!(params["share"], 0.25);
    assert_eq!(params["frames"], json!({ "length_ms": 25.0, "hop_ms": 5.0 }));
    assert_eq!(pipeline.overrides(), set);
    let pipeline = parse(GOOD, &["w.from=[\"a\"]", "w.act=${SER_DATA}"]).unwrap();
    assert_eq!(pipeline.stage("w").unwrap().from(), ["a"]);
    assert_eq!(pipeline.stage("w").unwrap().params()["act"], "elsewhere");
}

#[test]
fn mistakes_in_overrides_point_into_them() {
    let set = [
        "w.n_mel=96",
        "ww.n_mels=96",
        "w.n_mels=many",
        "sed=7",
        "w=3",
        "seed",
        "w.kind=[",
        ".=1",
        "stage.w.n_mels=9",
        "a.root.x=1",
    ];
    insta::assert_snapshot!(mistakes(GOOD, &set), @"");
}

#[test]
fn diagnostics_are_json_too_and_can_be_coloured() {
    let errors = parse("name = 't'\n[stage.a]\nkind = 'sauce'\n", &[]).unwrap_err();
    assert!(errors.render(true).contains('\u{1b}'));
    assert!(!errors.render(false).contains('\u{1b}'));
    insta::assert_snapshot!(serde_json::to_string_pretty(&errors).unwrap(), @"");
}

#[test]
fn hostile_files_neither_panic_nor_hang() {
    let deep_header = format!("name = 't'\n[stage{}]\n", ".a".repeat(100_000));
    let deep_value = format!("name = 't'\n[stage.a]\nkind = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let many: String = (0..50_000).map(|at| format!("[stage.s{at}]\n")).collect();
    for text in [deep_header, deep_value, many, "\u{0}".repeat(1000), "é = 'ü".to_owned(), "=".repeat(10_000)] {
        assert!(parse(&text, &[]).is_err());
    }
}

#[test]
fn the_folder_of_the_file_is_where_paths_start() {
    let load = |path: &str| Spec::parse(Path::new(path), GOOD.to_owned(), &registry(), &[], &env).unwrap();
    assert_eq!(load("pipeline.toml").base_dir(), Path::new("."));
    assert_eq!(load("some/where/p.toml").base_dir(), Path::new("some/where"));
}
