//! Earlier runs, the differences between two of them, and the removal of what none needs.

use std::fs;

use serde_json::{Value, json};

use crate::util::{Workspace, demo_run, wav};

const PIPELINE: &str = "name = \"history\"\n\
    [stage.savee]\nkind = \"ingest\"\ncorpus = \"savee\"\nroot = \"corpus\"\n\
    [stage.manifest]\nkind = \"manifest\"\nfrom = \"savee\"\n";

/// A SAVEE of five clips; what differs between clips is the pitch.
fn corpus() -> Workspace {
    let workspace = Workspace::with_pipeline(PIPELINE);
    for (name, hz) in [("a01", 200.0), ("d01", 210.0), ("f01", 220.0), ("h01", 230.0), ("n01", 240.0)] {
        workspace.write(&format!("corpus/DC/{name}.wav"), wav(16_000, 1.0, hz, 0.5));
    }
    workspace
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|item| item["clip_id"].as_str()).collect()
}

fn names(workspace: &Workspace, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(workspace.path(folder)).expect("folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_diff_tells_what_happened_to_the_clips_and_the_parameters() {
    let workspace = corpus();
    workspace.ser(&["run"]).exits(0);
    workspace.write("corpus/DC/sa01.wav", wav(16_000, 1.0, 250.0, 0.5));
    fs::remove_file(workspace.path("corpus/DC/a01.wav")).expect("removed");
    workspace.write("corpus/DC/d01.wav", &wav(16_000, 1.0, 210.0, 0.5)[..9_000]);
    workspace.write("corpus/DC/f01.wav", wav(16_000, 1.5, 300.0, 0.5));
    fs::rename(workspace.path("corpus/DC/n01.wav"), workspace.path("corpus/DC/n02.wav")).expect("renamed");
    let text = format!("{PIPELINE}max_duration_s = 20.0\nlabels = {{ happiness = \"surprise\" }}\n");
    workspace.write("pipeline.toml", text);
    workspace.ser(&["run"]).exits(0);

    let diff = workspace.ser(&["diff", "--json"]).exits(0).json();
    let clips = &diff["clips"][0];
    assert_eq!(clips["before"], json!({ "clips": 5, "excluded": 0 }));
    assert_eq!(clips["after"], json!({ "clips": 4, "excluded": 1 }));
    assert_eq!(ids(&clips["added"]), ["savee/DC/sa01"]);
    assert_eq!(ids(&clips["removed"]), ["savee/DC/a01"]);
    assert_eq!(clips["relabelled"], json!([{ "clip_id": "savee/DC/h01", "old": "happy", "new": "surprise" }]));
    assert_eq!(clips["re_recorded"], json!([{ "clip_id": "savee/DC/f01", "old": 1.0, "new": 1.5 }]));
    assert_eq!(clips["renamed"][0]["old"]["clip_id"], "savee/DC/n01");
    assert_eq!(clips["renamed"][0]["new"]["clip_id"], "savee/DC/n02");
    assert_eq!(ids(&clips["newly_excluded"]), ["savee/DC/d01"]);
    assert_eq!(clips["newly_excluded"][0]["reason"], "truncated");
    assert_eq!(clips["newly_excluded"][0]["otherwise"], "clip");
    let keys: Vec<&str> =
        diff["parameters"].as_array().expect("list").iter().filter_map(|p| p["key"].as_str()).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.contains(&"manifest.max_duration_s") && keys.contains(&"manifest.labels.happiness"), "{keys:?}");

    let told = workspace.ser(&["diff", "previous", "last"]).exits(0);
    for line in [
        "Clips of `manifest`: 5 → 4, left out: 0 → 1",
        "  1  newly excluded",
        "corpus/DC/d01.wav  truncated",
        "  savee/DC/h01  happy → surprise",
        "  savee/DC/f01  1.00 s → 1.50 s",
        "manifest.labels.happiness  not set → surprise",
    ] {
        assert!(told.stdout.contains(line), "{line:?} is missing in\n{}", told.stdout);
    }

    // The other way round, by ids; and a run compared with itself.
    let runs = workspace.ser(&["runs", "--json"]).exits(0).json();
    let (last, first) = (runs[0]["id"].as_str().expect("id"), runs[1]["id"].as_str().expect("id"));
    let back = workspace.ser(&["diff", last, first, "--json"]).exits(0).json();
    assert_eq!(ids(&back["clips"][0]["no_longer_excluded"]), ["savee/DC/d01"]);
    assert_eq!(ids(&back["clips"][0]["added"]), ["savee/DC/a01"]);
    workspace.ser(&["diff", first, first]).exits(0).says("no clip differs");
}

#[test]
fn long_lists_end_with_how_many_more_there_are() {
    let workspace = corpus();
    workspace.ser(&["run"]).exits(0);
    for take in 10..16 {
        workspace.write(&format!("corpus/DC/a{take}.wav"), wav(16_000, 1.0, 300.0 + f64::from(take), 0.5));
    }
    workspace.ser(&["run"]).exits(0);
    let told = workspace.ser(&["diff", "--limit", "2"]).exits(0).says("  6  added").says("  and 4 more");
    assert!(told.stdout.contains("savee/DC/a11") && !told.stdout.contains("savee/DC/a12"), "{}", told.stdout);
}

#[test]
fn unknown_runs_are_usage_errors_that_name_what_there_is() {
    let workspace = corpus();
    workspace.ser(&["diff"]).exits(2).tells("fewer than two finished runs").tells("ser run");
    workspace.ser(&["runs"]).exits(0).tells("no run is kept yet");
    workspace.ser(&["run"]).exits(0);
    workspace.ser(&["diff"]).exits(2).tells("fewer than two finished runs");
    let id = workspace.ser(&["runs", "--json"]).exits(0).json()[0]["id"].as_str().expect("id").to_owned();
    workspace.ser(&["diff", "lats", "last"]).exits(2).tells("there is no run `lats`").tells("`last`").tells(&id);
    workspace.ser(&["runs"]).exits(0).says(&id).says("2 of 2 stages");
}

#[test]
fn a_run_of_the_whole_pipeline_records_the_figures_of_every_model() {
    let (workspace, _) = demo_run();
    let runs = workspace.ser(&["runs", "--json"]).exits(0).json();
    let metrics = runs[0]["metrics"].as_array().expect("metrics");
    let headline = "UAR, mean over corpora";
    assert!(metrics[0]["name"] == headline && metrics.len() >= 12, "{metrics:?}");
    let of: Vec<&str> = metrics.iter().filter(|m| m["name"] == headline).filter_map(|m| m["of"].as_str()).collect();
    let models = ["cnn_lstm on speaker_independent", "cnn_lstm_per_speaker on speaker_independent"];
    assert!(models.iter().all(|model| of.contains(model)) && of.contains(&"cnn_lstm_random on random"), "{of:?}");
    workspace.ser(&["runs"]).exits(0).says("UAR, mean over corpora 0.").says("stages");
    let id = runs[0]["id"].as_str().expect("id");
    let same = workspace.ser(&["diff", id, id, "--json"]).exits(0).json();
    assert!(same["summary"].as_array().is_some_and(|rows| rows.len() > 12), "every group");
    assert!(same["classes"].as_array().is_some_and(|rows| rows.len() > 24), "every class");
    assert_eq!(same["not_compared"], json!([]));
    assert!(same["metrics"].as_array().expect("metrics").iter().all(|metric| metric["delta"] == 0.0));
    workspace.ser(&["diff", id, id]).exits(0).says(&format!("Figures: none of {} moved", metrics.len()));
}

#[test]
fn gc_shows_first_and_what_is_left_is_all_that_a_run_needs() {
    let workspace = corpus();
    let extra = "[stage.old]\nkind = \"manifest\"\nfrom = \"savee\"\nmin_duration_s = 0.5\n";
    workspace.write("pipeline.toml", format!("{PIPELINE}{extra}"));
    workspace.ser(&["run"]).exits(0);
    workspace.write("pipeline.toml", PIPELINE);
    for rate in [22_050, 44_100] {
        let set = format!("manifest.sample_rate_hz={rate}");
        workspace.ser(&["run", "-S", &set]).exits(0);
    }
    let set = ["-S", "manifest.sample_rate_hz=44100"];
    let gc = |arguments: &[&str]| workspace.ser(&[&["gc", "--keep", "1"], &set[..], arguments].concat());

    let shown = gc(&[]).exits(0).says("no stage `old`").says("older than the last finished run").tells("--yes");
    assert!(shown.stderr.contains("nothing was removed"), "{}", shown.stderr);
    let items = gc(&["--dry-run", "--json"]).exits(0).json();
    assert_eq!(items["removed"], false);
    let of_kind = |kind: &str| items["items"].as_array().expect("items").iter().filter(|i| i["kind"] == kind).count();
    assert_eq!((of_kind("result"), of_kind("run")), (1, 2), "{items}");
    assert!(of_kind("copy") >= 2 && items["bytes"].as_u64() > Some(1000), "{items}");
    assert!(workspace.path("artifacts/old").exists() && names(&workspace, "artifacts/.ser/runs").len() == 3);

    gc(&["--yes"]).exits(0).tells("removed");
    assert_eq!(names(&workspace, "artifacts"), [".ser", "manifest", "savee"]);
    assert_eq!(names(&workspace, "artifacts/.ser/runs").len(), 1);
    assert_eq!(names(&workspace, "artifacts/.ser/objects").len(), 2);
    workspace.ser(&["status", "--exit-code", set[0], set[1]]).exits(0);
    workspace.ser(&["run", set[0], set[1]]).exits(0).tells("0 of 2 stages run");
    gc(&[]).exits(0).says("Nothing to remove.");
    workspace.ser(&["gc", "--yes", "--dry-run"]).exits(2);
    workspace.ser(&["gc", "--keep", "0"]).exits(2);
}
