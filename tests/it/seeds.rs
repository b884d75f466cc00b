//! A train stage of several seeds, from the pipeline file to the report and to new recordings.

use std::collections::BTreeSet;

use ser_schemas::{Comparison, Epoch, Member, Prediction, SummaryMetric, Table};
use serde_json::Value;

use crate::readme::{blocks, readme};
use crate::small;
use crate::util::{Workspace, wav};

const BEFORE: &str = r#"
[stage.speaker_independent]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2
"#;

const AFTER: &str = r#"
[stage.evaluation]
kind = "evaluate"
from = ["manifest", "speaker_independent", "cnn_lstm", "cnn_lstm_seeds"]

[stage.report]
kind = "report"
from = ["manifest", "features", "speaker_independent", "cnn_lstm", "cnn_lstm_seeds", "evaluation"]
"#;

const TINY: [&str; 8] = [
    "-S",
    "cnn_lstm.epochs=2",
    "-S",
    "cnn_lstm.model.kind=cnn-lstm",
    "-S",
    "cnn_lstm.model.conv=[{channels=8, kernel=3, pool=4}]",
    "-S",
    "cnn_lstm.model.lstm.hidden=8",
];

/// With the stages of the README.
fn workspace() -> Workspace {
    let seeds = blocks(&readme(), "toml").into_iter().find(|block| block.contains("seeds = 3"));
    let seeds = seeds.expect("the README shows several seeds");
    small::with_stages("folds", &format!("{BEFORE}\n{seeds}\n{AFTER}"))
}

fn rows<T: Table>(workspace: &Workspace, stage: &str) -> Vec<T> {
    T::read_in(workspace.path(&format!("artifacts/{stage}"))).expect("the stage was run")
}

#[test]
fn the_readmes_seeds_are_trained_scored_averaged_and_shown() {
    let workspace = workspace();
    let ran = workspace.ser(&[&["run"], &TINY[..]].concat()).exits(0);
    let ran = ran.tells("2 folds, 3 seeds in each, ").tells("arithmetic mean of 3 seeds of cnn_lstm");
    ran.says("seeds (sd of UAR)").says("3, sd 0.").tells(", 3 seeds, sd 0.");
    for fold in 0..2 {
        for seed in 0..3 {
            assert!(workspace.path(&format!("artifacts/cnn_lstm/fold={fold}/seed={seed}/config.json")).is_file());
        }
    }
    let predictions: Vec<Prediction> = rows(&workspace, "cnn_lstm");
    let together: Vec<Prediction> = rows(&workspace, "cnn_lstm_seeds");
    assert_eq!(predictions.len(), 3 * together.len());
    let networks: BTreeSet<_> = rows::<Epoch>(&workspace, "cnn_lstm").iter().map(|row| (row.fold, row.seed)).collect();
    assert_eq!(networks.len(), 6);
    for row in &together {
        let own = predictions.iter().filter(|one| (one.fold, &one.clip_id) == (row.fold, &row.clip_id));
        let mean = own.map(|one| one.probabilities[0]).sum::<f32>() / 3.0;
        assert!((mean - row.probabilities[0]).abs() < 1e-6 && row.seed.is_none(), "{row:?}");
    }
    assert!(
        rows::<Member>(&workspace, "cnn_lstm_seeds").iter().all(|row| row.member == "cnn_lstm" && row.weight == 1.0)
    );
    for row in rows::<SummaryMetric>(&workspace, "evaluation").iter().filter(|row| row.group == "overall") {
        let seeds = if row.model == "cnn_lstm" { 3 } else { 1 };
        assert_eq!((row.seeds, row.seed_sd.is_some(), row.support), (Some(seeds), seeds > 1, together.len() as u64));
    }
    assert_eq!(rows::<Comparison>(&workspace, "evaluation").len(), 3, "UAR over corpora, pooled UAR, accuracy");

    let page = std::fs::read_to_string(workspace.path("artifacts/report/index.html")).expect("report");
    for told in
        ["3 seeds, sd 0.", "3 networks in each fold, alike but for their seed", "A line per fold and seed, 6 networks."]
    {
        assert!(page.contains(told), "{told}");
    }
    let card = std::fs::read_to_string(workspace.path("artifacts/report/model_card.md")).expect("card");
    for told in ["of each of 3 networks in each fold.", "12 epochs in 2 folds (6 networks)", "alike but for their seed"]
    {
        assert!(card.contains(told), "{told}: {card}");
    }
    workspace.ser(&[&["status", "--exit-code"], &TINY[..]].concat()).exits(0);

    workspace.write("new/one.wav", wav(16_000, 0.6, 210.0, 0.5));
    let said = |model: &str, told: &str| -> Vec<f64> {
        let ran = workspace.ser(&["predict", "new", "--json", "--model", model]).exits(0);
        assert_eq!(ran.stderr.contains("mean of"), !told.is_empty(), "{}", ran.stderr);
        let row: Value = serde_json::from_str(ran.tells(told).stdout.trim()).expect("JSON");
        row["probabilities"].as_object().expect("probabilities").values().filter_map(Value::as_f64).collect()
    };
    let all = said("artifacts/cnn_lstm", "`artifacts/cnn_lstm`, the mean of 6 networks: all seeds of 2 folds");
    let folds = [0, 1].map(|fold| said(&format!("artifacts/cnn_lstm/fold={fold}"), "the mean of 3 seeds"));
    for (at, found) in all.iter().enumerate() {
        assert!((found - f64::midpoint(folds[0][at], folds[1][at])).abs() < 1e-6, "{all:?} {folds:?}");
    }
    assert_ne!(said("artifacts/cnn_lstm/fold=0/seed=1", ""), folds[0]);
    let together = said("artifacts/cnn_lstm_seeds", "the arithmetic mean of cnn_lstm (1.00) in each of 2 folds");
    assert!(all.iter().zip(&together).all(|(one, other)| (one - other).abs() < 1e-6), "{all:?} {together:?}");
    let exported = workspace.ser(&["export", "onnx", "artifacts/cnn_lstm/fold=0/seed=1"]).exits(0);
    exported.says("cnn_lstm.fold=0.seed=1.onnx: probabilities from");
    let exported = workspace.ser(&["export", "onnx", "artifacts/cnn_lstm/fold=1"]).exits(0);
    exported.says("cnn_lstm.fold=1.onnx: ").tells("the mean of 3 seeds");
}

#[test]
fn an_ensemble_of_one_seed_says_what_to_do() {
    let workspace = workspace();
    let ran = workspace.ser(&[&["run", "cnn_lstm_seeds", "-S", "cnn_lstm.seeds=1"], &TINY[..]].concat()).exits(1);
    let ran = ran.tells("`cnn_lstm` is the only member, and one model of it answers in each fold");
    ran.tells("set `seeds` of a stage that trains networks above 1, or name more models in `from`");
    assert!(workspace.path("artifacts/cnn_lstm/fold=0/config.json").is_file());
    for wrong in ["0", "33"] {
        let setting = format!("cnn_lstm.seeds={wrong}");
        workspace.ser(&["graph", "-S", &setting]).exits(2).tells("must be from 1 to 32");
    }
}
