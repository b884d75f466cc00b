//! Trained models for other programs.

use crate::util::{Workspace, demo_run};

/// A model of the demo run, as an argument.
fn model(stage: &str) -> String {
    let (trained, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    trained.path(&format!("artifacts/{stage}")).to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_network_and_a_linear_model_become_files() {
    let workspace = Workspace::with_default_pipeline();
    let network = model("cnn_lstm");
    let ran = workspace.ser(&["export", "onnx", &network]).exits(0);
    assert_eq!(ran.stdout, "cnn_lstm.onnx: probabilities from frames, lengths, functionals\n");
    ran.tells("the mean of 2 folds").tells("at most 600 frames at once");
    let fold = workspace.ser(&["--quiet", "export", "onnx", &format!("{network}/fold=0")]).exits(0);
    assert_eq!((fold.stderr.as_str(), fold.stdout.starts_with("cnn_lstm.fold=0.onnx: ")), ("", true));
    let bytes = |name: &str| std::fs::metadata(workspace.path(name)).expect("a file").len();
    assert!(2 * bytes("cnn_lstm.onnx") > 3 * bytes("cnn_lstm.fold=0.onnx"));

    let per_speaker = model("linear_per_speaker");
    let told = workspace.ser(&["export", "onnx", &per_speaker, "-o", "other.onnx", "--json"]).exits(0).json();
    assert_eq!(told["bytes"], bytes("other.onnx"));
    assert_eq!((&told["file"], &told["output"]), (&"other.onnx".into(), &"probabilities".into()));
    let inputs = serde_json::json!(["functionals", "speaker_functionals_mean", "speaker_functionals_sd"]);
    assert_eq!(told["inputs"], inputs);
    // What it says of itself is what the stage said of it.
    let file = std::fs::read(workspace.path("other.onnx")).expect("a file");
    let hash = blake3::hash(&std::fs::read(format!("{per_speaker}/fold=1/linear.json")).expect("a model")).to_hex();
    assert!(file.windows(64).any(|word| word == hash.as_bytes()));
}

#[test]
fn what_cannot_be_exported_is_told() {
    let workspace = Workspace::with_default_pipeline();
    for stage in ["majority", "features"] {
        workspace
            .ser(&["export", "onnx", &model(stage)])
            .exits(1)
            .tells("cannot export the model in")
            .tells("holds no trained model");
    }
    workspace.ser(&["export", "onnx", "nowhere"]).exits(1).tells("`nowhere` holds no trained model");
    let network = model("cnn_lstm");
    workspace
        .ser(&["export", "onnx", &network, "-o", "no/folder.onnx"])
        .exits(1)
        .tells("cannot write `no/folder.onnx`");
    workspace.ser(&["export", "onnx"]).exits(2).tells("MODEL");
    workspace.ser(&["export", "tflite", &network]).exits(2).tells("tflite");
    workspace.write("model/linear.json", "{}");
    workspace.ser(&["export", "onnx", "model"]).exits(1).tells("linear.json` is not a linear model");
}

#[test]
fn predict_says_that_it_takes_networks() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("one.wav", crate::util::wav(16_000, 1.0, 200.0, 0.5));
    workspace
        .ser(&["predict", "one.wav", "--model", &model("linear")])
        .exits(2)
        .tells("holds a linear model, and `ser predict` takes networks")
        .tells("`ser export onnx`");
}
