//! `best.toml` and the experiments that it was chosen by.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::util::{Workspace, source_root};

fn stages(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(source_root().join(file)).expect(file);
    let graph = Workspace::with_pipeline(&text).ser(&["graph", "--json"]).exits(0).json();
    graph["stages"].as_array().expect("stages").clone()
}

fn name(stage: &Value) -> String {
    stage["stage"].as_str().expect("a name").to_owned()
}

fn inputs(stage: &Value) -> BTreeSet<String> {
    stage["from"].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

#[test]
fn every_network_answers_in_an_ensemble_and_every_model_is_evaluated_and_shown() {
    let stages = stages("best.toml");
    let of_kind = |kinds: &[&str]| -> BTreeSet<String> {
        let is = |stage: &&Value| kinds.contains(&stage["kind"].as_str().unwrap_or_default());
        stages.iter().filter(is).map(name).collect()
    };
    let ensembles = stages.iter().filter(|stage| stage["kind"] == "ensemble");
    assert_eq!(ensembles.flat_map(inputs).collect::<BTreeSet<_>>(), of_kind(&["train"]));
    let models = of_kind(&["train", "baseline", "ensemble"]);
    for kind in ["evaluate", "report"] {
        let reader = stages.iter().find(|stage| stage["kind"] == kind).expect("one");
        assert!(models.is_subset(&inputs(reader)), "{kind} reads every model");
    }
}

/// Choices are made on validation clips, which `best.toml` then trains on, too.
#[test]
fn experiments_make_no_figure_of_test_clips_and_are_validated() {
    let experiments = stages("experiments.toml");
    assert!(experiments.iter().all(|stage| stage["kind"] != "evaluate" && stage["kind"] != "report"));
    let splits = |stages: &[Value]| -> Vec<f64> {
        let splits = stages.iter().filter(|stage| stage["kind"] == "split");
        splits.map(|stage| stage["params"]["validation_fraction"].as_f64().expect("a share")).collect()
    };
    assert!(splits(&experiments).iter().all(|share| *share > 0.0));
    assert!(splits(&stages("best.toml")).iter().all(|share| *share == 0.0));
}
