//! Emotions of new recordings.

use crate::util::{Workspace, demo_run, wav};

#[test]
fn good_files_are_predicted_and_bad_ones_reported() {
    let (trained, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/one.wav", wav(48_000, 1.5, 210.0, 0.5));
    workspace.write("new/two.wav", wav(8_000, 2.5, 120.0, 0.1));
    workspace.write("new/broken.wav", "not audio");
    workspace.write("new/notes.txt", "not asked for");
    let model = trained.path("artifacts/cnn_lstm");
    let model = model.to_str().expect("UTF-8");

    let table = workspace.ser(&["predict", "new", "--model", model]).exits(1).says("one.wav").says("two.wav");
    assert!(table.stderr.contains("broken.wav"), "{}", table.stderr);
    assert!(!table.stdout.contains("broken.wav") && !table.stdout.contains("notes.txt"), "{}", table.stdout);

    let lines = workspace.ser(&["predict", "new/one.wav", "new/two.wav", "--json", "--model", model]).exits(0);
    for line in lines.stdout.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let probabilities = row["probabilities"].as_object().expect("probabilities");
        let sum: f64 = probabilities.values().filter_map(serde_json::Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{line}");
        assert!(probabilities.contains_key(row["emotion"].as_str().expect("emotion")), "{line}");
    }
    assert_eq!(lines.stdout.lines().count(), 2);
}

#[test]
fn without_a_model_it_says_how_to_get_one() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("one.wav", wav(16_000, 1.0, 200.0, 0.5));
    workspace.ser(&["predict", "one.wav"]).exits(2).tells("ser run cnn_lstm");
    workspace.ser(&["predict", "one.wav", "--model", "nowhere"]).exits(1).tells("nowhere");
}
