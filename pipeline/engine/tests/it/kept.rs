//! Copies that a run leaves for later comparisons: figures, and small tables that outlive the next run.

use std::fs;

use ser_engine::{RunDiff, RunOptions, RunRecord, compare};
use serde_json::json;

use crate::fake::Place;

const PIPELINE: &str = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'number'\n\
                        [stage.w]\nkind = 'work'\nfrom = 'a'\n[stage.v]\nkind = 'work'\nfrom = ['a', 'w']\n";

fn kept_text(place: &Place, run: &RunRecord, stage: &str) -> Option<String> {
    let stage = run.stages.iter().find(|known| known.stage == stage).unwrap();
    let kept = stage.kept.iter().find(|kept| kept.path == "out.txt")?;
    place.store().kept_path(kept).map(|path| fs::read_to_string(path).unwrap())
}

fn diff(place: &Place) -> RunDiff {
    let store = place.store();
    compare(&store.find_run("previous").unwrap(), &store.find_run("last").unwrap())
}

#[test]
fn the_tables_of_a_run_survive_the_next_one() {
    let mut place = Place::new(PIPELINE);
    place.run();
    let before = place.read("artifacts/w/out.txt");
    place.set(&["w.n_mels=80"]);
    place.run();
    let after = place.read("artifacts/w/out.txt");
    assert_ne!(before, after);
    let runs = place.store().runs();
    assert_eq!(kept_text(&place, &runs[0], "w"), Some(before));
    assert_eq!(kept_text(&place, &runs[1], "w"), Some(after));
}

#[test]
fn copies_are_shared_and_fresh_stages_have_them_too() {
    let mut place = Place::new(PIPELINE);
    place.run();
    assert_eq!(place.names("artifacts/.ser/objects").len(), 2);
    place.set(&["v.n_mels=80"]);
    let (record, _) = place.run();
    assert_eq!(place.names("artifacts/.ser/objects").len(), 3, "`w` is fresh and its table is there already");
    assert!(kept_text(&place, &record, "w").is_some());
    // A copy that was lost is made again by the next run that has something to do.
    let kept = &record.stages[1].kept[0];
    fs::remove_file(place.path("artifacts/.ser/objects").join(&kept.digest)).unwrap();
    place.set(&[]);
    let (record, _) = place.run();
    assert!(kept_text(&place, &record, "w").is_some());
}

#[test]
fn a_damaged_copy_is_not_taken_for_the_table() {
    let place = Place::new(PIPELINE);
    let (record, _) = place.run();
    let kept = record.stages[1].kept[0].clone();
    let name = format!("artifacts/.ser/objects/{}", kept.digest);
    let text = place.read(&name);
    place.write(&name, &text.replace("mels 64", "mels 80"));
    assert_eq!(place.store().kept_path(&kept), None);
    let elsewhere = ser_engine::KeptFile { digest: "../runs".to_owned(), ..kept };
    assert_eq!(place.store().kept_path(&elsewhere), None);
}

#[test]
fn a_run_that_does_nothing_keeps_nothing() {
    let place = Place::new(PIPELINE);
    place.run();
    let objects = place.names("artifacts/.ser/objects");
    place.run();
    assert_eq!(place.names("artifacts/.ser/runs").len(), 1);
    assert_eq!(place.names("artifacts/.ser/objects"), objects);
}

#[test]
fn copies_that_cannot_be_written_do_not_stop_a_run() {
    let place = Place::new(PIPELINE);
    fs::create_dir_all(place.path("artifacts/.ser")).unwrap();
    place.write("artifacts/.ser/objects", "a file where a folder should be");
    let (record, log) = place.run();
    assert_eq!(record.status, ser_engine::RunStatus::Done);
    let told = log.lines().into_iter().filter(|line| line.starts_with("warning w: `ser diff` will not see"));
    assert_eq!(told.count(), 1, "{:?}", log.lines());
    assert!(record.stages[1].kept.is_empty());
}

#[test]
fn figures_are_recorded_as_far_as_they_are_numbers_and_compared() {
    let mut place = Place::new(PIPELINE);
    let (first, _) = place.run();
    assert_eq!(first.stages[1].metrics.len(), 1, "`nothing` is no number: {:?}", first.stages[1].metrics);
    place.set(&["w.n_mels=70", "seed=7"]);
    place.run();
    place.set(&["w.n_mels=90", "seed=7"]);
    let (record, _) = place.run();
    assert_eq!(record.stages[1].metrics[0].value.to_string(), "90");
    let moved = diff(&place);
    assert_eq!(serde_json::to_value(&moved.parameters).unwrap(), json!([{ "key": "w.n_mels", "old": 70, "new": 90 }]));
    let told: Vec<String> = moved
        .metrics
        .iter()
        .map(|m| format!("{} of {}: {:+} {:?} {}", m.name, m.of, m.delta, m.within_intervals, m.moved()))
        .collect();
    assert_eq!(told, ["bands of w: +20 Some(false) true", "bands of v: +0 Some(true) false"]);
    let since_first = compare(&place.store().runs()[0], &record);
    assert_eq!(since_first.parameters[0].key, "seed");
}

#[test]
fn a_fresh_stage_keeps_its_figures_from_run_to_run() {
    let mut place = Place::new(PIPELINE);
    place.run();
    for mels in [70, 80] {
        let set = format!("v.n_mels={mels}");
        place.set(&[set.as_str()]);
        let (record, _) = place.run();
        assert_eq!(record.stages[1].metrics[0].value.to_string(), "64");
    }
}

#[test]
fn stages_and_links_are_compared_and_unasked_ones_are_not_called_removed() {
    let place = Place::new(PIPELINE);
    place.run();
    place
        .edit(&PIPELINE.replace("[stage.v]\nkind = 'work'\nfrom = ['a', 'w']", "[stage.u]\nkind = 'work'\nfrom = 'a'"));
    place.run();
    let changed = diff(&place);
    assert_eq!((changed.stages_added[0].stage.as_str(), changed.stages_removed[0].stage.as_str()), ("u", "v"));
    place.edit(&PIPELINE.replace("from = ['a', 'w']", "from = 'a'"));
    place.run_with(&RunOptions { force: true, targets: vec!["v".to_owned()], ..RunOptions::default() });
    let runs = place.store().runs();
    let since_first = compare(&runs[0], &runs[2]);
    assert!(since_first.stages_removed.is_empty(), "{since_first:?}");
    let linked = json!([{ "key": "v.from", "old": ["a", "w"], "new": ["a"] }]);
    assert_eq!(serde_json::to_value(&since_first.parameters).unwrap(), linked);
    let told: Vec<String> = since_first.not_compared.iter().map(|n| format!("{} {}", n.stage, n.why)).collect();
    assert_eq!(told, ["w not asked for in run B"]);
}

#[test]
fn records_of_before_figures_and_copies_are_still_read() {
    let place = Place::new(PIPELINE);
    let (record, _) = place.run();
    let name = format!("artifacts/.ser/runs/{}.json", record.id);
    let mut old: serde_json::Value = serde_json::from_str(&place.read(&name)).unwrap();
    old.as_object_mut().unwrap().remove("not_asked");
    for stage in old["stages"].as_array_mut().unwrap() {
        for key in ["metrics", "kept", "version", "from"] {
            stage.as_object_mut().unwrap().remove(key);
        }
    }
    place.write(&name, &old.to_string());
    assert_eq!(place.store().find_run("last").unwrap().id, record.id);
}

#[test]
fn a_kind_says_what_to_watch() {
    let place = Place::new(PIPELINE);
    let pipeline = place.pipeline();
    let watched = |at: usize| {
        let stage = &pipeline.stages()[at];
        stage.prepared().watched(pipeline.base_dir())
    };
    assert_eq!(watched(0), [place.path("number")]);
    assert!(watched(1).is_empty());
}
