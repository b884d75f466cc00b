use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use ser_stage::Quiet;

use super::*;

/// An artifacts folder with the results of two stages and the record of the run that made them, as the engine writes
/// them.
fn artifacts(root: &Path) -> (Store, PathBuf) {
    let artifacts = root.join("artifacts");
    let state = artifacts.join(".ser");
    for dir in ["stages", "runs"] {
        fs::create_dir_all(state.join(dir)).expect("folder");
    }
    for (stage, kind, from, files) in [
        ("voices", "ingest", json!([]), vec![("notes.json", "{}")]),
        ("net", "train", json!(["voices"]), vec![("fold=0/model.bin", "weights"), ("large.bin", "a large file")]),
    ] {
        let mut outputs = Vec::new();
        for (path, text) in files {
            let full = artifacts.join(stage).join(path);
            fs::create_dir_all(full.parent().expect("a folder")).expect("folder");
            fs::write(&full, text).expect("file");
            let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
            outputs.push(json!({"path": path, "bytes": text.len(), "modified_ns": 0, "hash": hash}));
        }
        let record = json!({
            "format": 2, "fingerprint": "f", "content": format!("content of {stage}"), "outputs": outputs, "rows": 1,
            "headline": format!("{kind} went well"), "notes": [], "warnings": [], "seconds": 5.0,
            "finished": "2026-11-29T10:00:05Z", "run": "20261129T100000Z-01-1",
            "identity": {
                "format": 2, "stage": stage, "kind": kind, "version": 7, "params": {"epochs": 2}, "seed": 42,
                "inputs": from.as_array().expect("a list").iter()
                    .map(|name| json!({"stage": name, "content": "c"})).collect::<Vec<_>>(),
                "external": "", "external_description": "3 files", "external_parts": {}, "spec": "",
            },
        });
        fs::write(state.join("stages").join(format!("{stage}.json")), record.to_string()).expect("file");
    }
    let corpus = ser_schemas::Corpus {
        corpus: "voices".to_owned(),
        title: "Voices".to_owned(),
        licence: Some("CC BY 4.0".to_owned()),
        ..ser_schemas::Corpus::default()
    };
    let path = artifacts.join("voices").join(ser_schemas::Corpus::INGESTED.file);
    ser_schemas::Table::write(&path, &[corpus], &ser_schemas::Provenance::default()).expect("write");
    (Store::new(&artifacts), state)
}

fn run() -> RunRecord {
    let stage = |name: &str, kind: &str, from: Value| {
        json!({
            "stage": name, "kind": kind, "version": 7, "from": from, "status": "done", "reasons": [], "fingerprint": "f",
            "content": format!("content of {name}"), "params": {}, "seconds": 5.0, "rows": 1, "headline": "", "notes": [],
            "warnings": [], "error": null,
        })
    };
    let run = json!({
        "format": 2, "id": "20261129T100000Z-01-1", "pipeline": "small", "file": "pipeline.toml", "text": "name = \"small\"\n",
        "overrides": ["net.epochs=3", "seed=7", "net.epochs=2"], "seed": 7, "targets": [],
        "started": "2026-11-29T10:00:00Z", "finished": "2026-11-29T10:00:06Z", "seconds": 6.0, "status": "done",
        "stages": [stage("voices", "ingest", json!([])), stage("net", "train", json!(["voices"]))],
    });
    serde_json::from_value(run).expect("a record")
}

fn options() -> CrateOptions {
    CrateOptions { largest_bytes: 10, replace: false, agent: Some("Anna".to_owned()) }
}

fn entity<'a>(graph: &'a Value, id: &str) -> &'a Value {
    let entities = graph["@graph"].as_array().expect("entities");
    let found: Vec<&Value> = entities.iter().filter(|entity| entity["@id"] == id).collect();
    assert_eq!(found.len(), 1, "{id}");
    found[0]
}

#[test]
fn a_run_is_a_workflow_with_an_action_for_each_stage() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, _) = artifacts(folder.path());
    let out = folder.path().join("crate");
    let summary = ro_crate(&out, &store, &run(), &options(), &Quiet).expect("packed");
    assert_eq!((summary.stages, summary.files, summary.bytes), (2, 2, 9));
    assert_eq!(summary.left_out, ["net/large.bin"]);
    assert_eq!(fs::read_to_string(out.join("pipeline.toml")).expect("file"), "name = \"small\"\n");
    assert_eq!(fs::read_to_string(out.join("results/net/fold=0/model.bin")).expect("file"), "weights");
    assert!(!out.join("results/net/large.bin").exists());
    let graph: Value = serde_json::from_str(&fs::read_to_string(out.join(METADATA)).expect("file")).expect("JSON");
    assert_eq!(entity(&graph, "./")["mainEntity"]["@id"], WORKFLOW);
    let license = &entity(&graph, "./")["license"];
    assert_eq!(*license, json!([{"@id": "https://creativecommons.org/licenses/by/4.0/"}]));
    let action = entity(&graph, "#run/20261129T100000Z-01-1");
    assert_eq!((&action["instrument"]["@id"], &action["endTime"]), (&json!(WORKFLOW), &json!("2026-11-29T10:00:06Z")));
    assert_eq!(entity(&graph, "#given/net.epochs")["value"], "2", "the last value counts");
    assert_eq!(entity(&graph, "#given/seed")["value"], "7");
    let net = entity(&graph, "#stage/net");
    assert_eq!((&net["startTime"], &net["endTime"]), (&json!("2026-11-29T10:00:00Z"), &json!("2026-11-29T10:00:05Z")));
    assert_eq!(net["object"], json!([{"@id": "results/voices/"}, {"@id": "#parameters/net"}]));
    assert_eq!(net["result"], json!([{"@id": "results/net/"}, {"@id": "#left-out/net/large.bin"}]));
    assert_eq!(entity(&graph, "#kind/train")["softwareVersion"], "7");
    assert_eq!(entity(&graph, "#parameters/net")["value"], "{\"epochs\":2}");
    let parts = &entity(&graph, "results/net/")["hasPart"];
    assert_eq!(*parts, json!([{"@id": "results/net/fold=0/model.bin"}]));
    assert_eq!(entity(&graph, "#left-out/net/large.bin")["@type"], "CreativeWork");
    assert_eq!(entity(&graph, "#corpus/voices")["description"], "A corpus of recordings, not in the crate: 3 files.");
    assert_eq!(entity(&graph, "#agent")["name"], "Anna");
    // Whatever is referred to is there.
    let text = graph.to_string();
    let ids: Vec<&str> = text.split("{\"@id\":\"").skip(1).filter_map(|rest| rest.split("\"}").next()).collect();
    for id in ids.iter().filter(|id| !id.contains('"') && !id.starts_with("http")) {
        entity(&graph, id);
    }
    let again = ro_crate(&out, &store, &run(), &options(), &Quiet).expect_err("there is one");
    assert_eq!(again.hint().as_deref(), Some("`--replace` replaces it"));
    ro_crate(&out, &store, &run(), &CrateOptions { replace: true, ..options() }, &Quiet).expect("replaced");
}

#[test]
fn results_of_another_run_are_not_packed_as_this_ones() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, state) = artifacts(folder.path());
    let out = folder.path().join("crate");
    let told = |run: &RunRecord| {
        let error = ro_crate(&out, &store, run, &options(), &Quiet).expect_err("refused");
        assert!(!out.exists() && !folder.path().join("crate.partial").exists());
        error.to_string()
    };
    let mut other = run();
    other.stages[1].content = Some("another".to_owned());
    assert!(told(&other).contains("`net` that run `20261129T100000Z-01-1` made or found is no longer there"));
    other.stages.clear();
    assert!(told(&other).contains("made or found no result"));
    fs::write(folder.path().join("artifacts/net/fold=0/model.bin"), "changed").expect("file");
    let changed = told(&run());
    assert!(changed.contains("model.bin` is not the file that stage `net` wrote") && changed.contains("`ser run net`"));
    fs::remove_file(folder.path().join("artifacts/net/fold=0/model.bin")).expect("file");
    assert!(told(&run()).starts_with("cannot read `"));
    let record = fs::read_to_string(state.join("stages/net.json")).expect("file");
    let outside = record.replace("\"large.bin\"", "\"../../outside.bin\"");
    fs::write(state.join("stages/net.json"), outside).expect("file");
    assert!(told(&run()).contains("its record names `../../outside.bin`, which is in no folder of results"));
    fs::remove_file(state.join("stages/net.json")).expect("file");
    assert!(told(&run()).ends_with("there is none"));
}

#[test]
fn a_stage_that_failed_is_told_with_its_error() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, _) = artifacts(folder.path());
    let mut failed = run();
    failed.status = ser_engine::RunStatus::Failed;
    failed.stages[1].status = ser_engine::StageStatus::Failed;
    failed.stages[1].error = Some("no memory".to_owned());
    let out = folder.path().join("crate");
    ro_crate(&out, &store, &failed, &options(), &Quiet).expect("packed");
    let graph: Value = serde_json::from_str(&fs::read_to_string(out.join(METADATA)).expect("file")).expect("JSON");
    assert_eq!(entity(&graph, "#stage/net")["error"], "stage `net`: no memory");
    assert_eq!(entity(&graph, "#run/20261129T100000Z-01-1")["actionStatus"], "http://schema.org/FailedActionStatus");
    assert!(!out.join("results/net").exists());
}
