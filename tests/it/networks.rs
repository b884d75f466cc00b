//! `networks.toml`: every network there is, beside baselines and an ensemble, under two protocols.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{CheckStatus, Comparison, ComparisonKind, ModelCheck, SummaryMetric, Table};
use serde_json::Value;

use crate::util::{Workspace, source_root};

fn text() -> String {
    std::fs::read_to_string(source_root().join("networks.toml")).expect("networks.toml")
}

/// Stages by name, as `ser graph` tells them.
fn stages(workspace: &Workspace) -> BTreeMap<String, Value> {
    let graph = workspace.ser(&["graph", "--json"]).exits(0).json();
    let stages = graph["stages"].as_array().expect("stages").clone();
    stages.into_iter().map(|stage| (stage["stage"].as_str().expect("a name").to_owned(), stage)).collect()
}

fn words(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(|word| Some(word.as_str()?.to_owned())).collect()
}

/// Names of the stages with a model on the speaker-independent split.
fn models(stages: &BTreeMap<String, Value>) -> Vec<String> {
    let model = |stage: &Value| ["train", "baseline", "ensemble"].contains(&stage["kind"].as_str().unwrap_or_default());
    stages.iter().filter(|(name, of)| model(of) && !name.ends_with("_random")).map(|(name, _)| name.clone()).collect()
}

#[test]
fn every_model_is_there_on_both_splits_alike_and_is_evaluated_and_shown() {
    let workspace = Workspace::with_pipeline(&text());
    let stages = stages(&workspace);
    let models = models(&stages);
    for name in &models {
        let (own, twin) = (&stages[name], &stages[&format!("{name}_random")]);
        assert_eq!((&own["kind"], &own["params"]), (&twin["kind"], &twin["params"]), "{name}");
        let other = |input: &String| match input.as_str() {
            "manifest" | "features" => input.clone(),
            "speaker_independent" => "random".to_owned(),
            model => format!("{model}_random"),
        };
        assert_eq!(words(&own["from"]).iter().map(other).collect::<BTreeSet<_>>(), words(&twin["from"]), "{name}");
        for reader in ["evaluation", "report"] {
            let read = words(&stages[reader]["from"]);
            assert!(
                read.contains(name) && read.contains(&format!("{name}_random")),
                "{reader} reads {name} and its twin"
            );
        }
    }
    let members: BTreeSet<String> =
        models.into_iter().filter(|name| name != "majority" && name != "ensemble").collect();
    assert_eq!(words(&stages["ensemble"]["from"]), members, "the ensemble is of all that can tell emotions apart");
}

/// The schema lists the networks that the program has.
#[test]
fn no_network_is_left_out() {
    let schema: Value = serde_json::from_str(&Workspace::with_pipeline(&text()).ser(&["schema"]).stdout).expect("JSON");
    let networks = &schema["$defs"]["train.NetworkConfig"]["oneOf"];
    let kinds: BTreeSet<String> = networks
        .as_array()
        .unwrap_or_else(|| panic!("the networks in the schema: {schema:#}"))
        .iter()
        .filter_map(|network| Some(network["properties"]["kind"]["const"].as_str()?.to_owned()))
        .collect();
    assert!(kinds.contains("cnn-lstm"), "{kinds:?}");
    let stages = stages(&Workspace::with_pipeline(&text()));
    for kind in kinds {
        let name = kind.replace('-', "_");
        let stage =
            stages.get(&name).unwrap_or_else(|| panic!("networks.toml has no stages `{name}`, `{name}_random`"));
        assert_eq!(stage["params"]["model"]["kind"], kind.as_str(), "{name}");
    }
}

#[test]
fn a_cut_down_copy_compares_every_model_with_its_twin() {
    let all = "from = [\"crema_d\", \"ravdess\", \"savee\", \"tess\"]";
    assert!(text().contains(all));
    let workspace = Workspace::with_pipeline(&text().replace(all, "from = [\"ravdess\", \"savee\"]"));
    let mut settings: Vec<String> =
        ["speaker_independent.folds=2", "random.folds=2", "evaluation.resamples=0"].map(str::to_owned).to_vec();
    let stages = stages(&workspace);
    for (name, stage) in &stages {
        match stage["kind"].as_str() {
            Some("train") if stage["params"]["model"]["width"].is_number() => {
                settings.extend([format!("{name}.epochs=1"), format!("{name}.model.width=0.05")]);
            }
            Some("train") => settings.push(format!("{name}.epochs=1")),
            Some("baseline") => settings.extend([format!("{name}.l2=[100]"), format!("{name}.max_iterations=5")]),
            _ => {}
        }
    }
    let mut arguments = vec!["run", "--demo", "demo"];
    arguments.extend(settings.iter().flat_map(|setting| ["-S", setting.as_str()]));
    workspace.ser(&arguments).exits(0).says("ensemble_random");
    let evaluated = |file: &str| workspace.path(&format!("artifacts/evaluation/{file}"));
    let checks = ModelCheck::read(&evaluated("model_checks.parquet")).expect("checks");
    assert!(checks.iter().all(|check| check.status != CheckStatus::Failed));
    let models = models(&stages);
    let scored: BTreeSet<String> =
        SummaryMetric::read(&evaluated("summary.parquet")).expect("summary").into_iter().map(|row| row.model).collect();
    assert_eq!(scored.len(), 2 * models.len());
    let gaps: BTreeSet<(String, String)> = Comparison::read(&evaluated("comparisons.parquet"))
        .expect("comparisons")
        .into_iter()
        .filter(|row| row.kind == ComparisonKind::ProtocolGap)
        .map(|row| (row.model_a, row.model_b))
        .collect();
    assert_eq!(gaps, models.into_iter().map(|name| (format!("{name}_random"), name)).collect());
    let page = std::fs::read_to_string(workspace.path("artifacts/report/index.html")).expect("report");
    assert!(page.contains("Every model on split speaker_independent, by UAR"));
}
