//! Mistakes in the pipeline file and on the command line.

use crate::util::Workspace;

const SIX_MISTAKES: &str = r#"name = "mistakes"
sed = 7

[stage.tess]
kind = "ingest"
corpus = "tess"
root = "tess"
mode = "fast"

[stage.manifest]
kind = "manifest"
from = ["tes"]
sample_rate_hz = 100

[stage.split]
kind = "splitt"
from = "manifest"

[stage.features]
kind = "features"
from = "manifest"
hop_s = "ten"
"#;

#[test]
fn six_mistakes_are_reported_at_once_with_place_and_advice() {
    let workspace = Workspace::with_pipeline(SIX_MISTAKES);
    let ran = workspace.ser(&["run"]).exits(2);
    for (place, name) in [
        ("pipeline.toml:2:1", "sed"),
        ("pipeline.toml:8:1", "mode"),
        ("pipeline.toml:12:9", "tes"),
        ("pipeline.toml:13:18", "sample_rate_hz"),
        ("pipeline.toml:16:8", "splitt"),
        ("pipeline.toml:22:9", "hop_s"),
    ] {
        assert!(ran.stderr.contains(place), "no mistake at {place} ({name}):\n{}", ran.stderr);
    }
    assert!(ran.stderr.contains("6 mistakes in `pipeline.toml`"), "{}", ran.stderr);
    for advice in ["seed", "`tess`", "`split`"] {
        assert!(ran.stderr.contains(advice), "{advice} is not suggested:\n{}", ran.stderr);
    }
    assert!(ran.stdout.is_empty(), "mistakes are no result");
    assert!(!workspace.path("artifacts").exists(), "a file with mistakes runs nothing");
}

#[test]
fn a_missing_pipeline_file_is_a_usage_error() {
    let workspace = Workspace::with_default_pipeline();
    workspace
        .ser(&["run", "--file", "other.toml"])
        .exits(2)
        .tells("there is no pipeline file `other.toml`")
        .tells("--file");
}

#[test]
fn a_misspelt_override_names_the_nearest_parameter() {
    let workspace = Workspace::with_default_pipeline();
    workspace.ser(&["status", "-S", "cnn_lstm.epoch=5"]).exits(2).tells("epochs");
    workspace.ser(&["status", "-S", "cnn_lsm.epochs=5"]).exits(2).tells("cnn_lstm");
    workspace.ser(&["status", "-S", "cnn_lstm.epochs=-5"]).exits(2).tells("epochs");
}

#[test]
fn an_unknown_stage_is_a_usage_error_that_suggests_the_nearest() {
    let workspace = Workspace::with_default_pipeline();
    workspace.ser(&["run", "manifst"]).exits(2).tells("there is no stage `manifst`").tells("manifest");
    assert!(!workspace.path("artifacts").exists());
}

#[test]
fn unknown_flags_exit_with_2() {
    Workspace::with_default_pipeline().ser(&["run", "--fast"]).exits(2).tells("--fast");
}

#[test]
fn the_graph_is_drawn_three_ways() {
    let workspace = Workspace::with_default_pipeline();
    workspace.ser(&["graph"]).exits(0).says("speaker_independent").says("<- manifest");
    workspace.ser(&["graph", "--mermaid"]).exits(0).says("flowchart LR");
    let graph = workspace.ser(&["graph", "--json"]).exits(0).json();
    let stages = graph["stages"].as_array().expect("stages");
    assert!(stages.iter().any(|stage| stage["stage"] == "manifest" && stage["params"]["sample_rate_hz"] == 16000));
}

#[test]
fn spellings_of_before_name_those_of_now() {
    let workspace = Workspace::with_default_pipeline();
    let status = |set: &str| workspace.ser(&["status", "-S", set]).exits(2);
    status("cnn_lstm.conv=[]").tells("`model.conv` now");
    status("cnn_lstm.functionals_dropout=0.1").tells("`model.functionals_dropout` now");
    status("cnn_lstm.device=flex").tells("`\"cpu\"` now");
    status("cnn_lstm.device=flex-layers").tells("`kernels = \"burn\"` now");
    status("cnn_lstm.model.convs=[]").tells("conv");
}

#[test]
fn a_device_that_was_not_compiled_in_names_its_cargo_feature() {
    if cfg!(feature = "cuda") {
        return;
    }
    let workspace = Workspace::with_default_pipeline();
    workspace.ser(&["status", "-S", "cnn_lstm.device=cuda"]).exits(2).tells("--features cuda");
}
