//! `languages.toml`: models in languages that they have heard and in one that they have not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::util::{Workspace, source_root};

fn stages() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(source_root().join("languages.toml")).expect("languages.toml");
    let graph = Workspace::with_pipeline(&text).ser(&["graph", "--json"]).exits(0).json();
    let stages = graph["stages"].as_array().expect("stages").clone();
    stages.into_iter().map(|stage| (stage["stage"].as_str().expect("a name").to_owned(), stage)).collect()
}

fn inputs(stage: &Value) -> BTreeSet<String> {
    stage["from"].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// What the report sets side by side differs in the languages that were heard, and in nothing else.
#[test]
fn every_model_is_there_with_and_without_the_language_and_is_evaluated_and_shown() {
    let stages = stages();
    let is_model =
        |stage: &Value| ["train", "baseline", "ensemble"].contains(&stage["kind"].as_str().unwrap_or_default());
    let models: BTreeSet<&String> = stages.iter().filter(|(_, stage)| is_model(stage)).map(|(name, _)| name).collect();
    let (unheard, heard): (Vec<&String>, Vec<&String>) = models.iter().partition(|name| name.ends_with("_unheard"));
    assert_eq!(unheard.len(), heard.len());
    for name in heard {
        let (own, twin) = (&stages[name], &stages[&format!("{name}_unheard")]);
        assert_eq!((&own["kind"], &own["params"]), (&twin["kind"], &twin["params"]), "{name}");
        let other = |input: String| match input.as_str() {
            "manifest" | "features" => input,
            "speakers" => "languages".to_owned(),
            model => format!("{model}_unheard"),
        };
        assert_eq!(inputs(own).into_iter().map(other).collect::<BTreeSet<_>>(), inputs(twin), "{name}");
    }
    for reader in ["evaluation", "report"] {
        assert!(models.iter().all(|name| inputs(&stages[reader]).contains(*name)), "{reader} reads every model");
    }
}

#[test]
fn a_language_is_held_out_whole_and_every_emotion_can_be_learnt_in_another() {
    let stages = stages();
    let params = |name: &str| stages[name]["params"].clone();
    assert_eq!(params("languages")["protocol"], "leave-one-out");
    assert_eq!(params("languages")["column"], "language");
    assert_eq!(params("manifest")["keep"].as_array().map(Vec::len), Some(6));
}
