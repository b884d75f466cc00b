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
    let inputs =
        serde_json::json!(["functionals", "speaker_functionals_mean", "speaker_functionals_sd", "speaker_clips"]);
    assert_eq!(told["inputs"], inputs);
    // What it says of itself is what the stage said of it.
    let file = std::fs::read(workspace.path("other.onnx")).expect("a file");
    let hash = blake3::hash(&std::fs::read(format!("{per_speaker}/fold=1/linear.json")).expect("a model")).to_hex();
    assert!(file.windows(64).any(|word| word == hash.as_bytes()));
}

#[cfg(unix)]
#[test]
fn a_model_goes_where_the_path_leads() {
    use std::os::unix::fs::symlink;

    let workspace = Workspace::with_default_pipeline();
    let linear = model("linear");
    workspace.ser(&["export", "onnx", &linear, "-o", "plain.onnx"]).exits(0);
    let expected = std::fs::read(workspace.path("plain.onnx")).expect("a file");
    workspace.write("far/old.onnx", "old");
    for (link, end) in [("link.onnx", "far/old.onnx"), ("dangling.onnx", "far/new.onnx")] {
        symlink(end, workspace.path(link)).expect("a link");
        workspace.ser(&["export", "onnx", &linear, "-o", link]).exits(0);
        assert!(workspace.path(link).is_symlink() && !workspace.path(end).is_symlink());
        assert_eq!(std::fs::read(workspace.path(end)).expect("a file"), expected, "{link}");
    }
    // Through a pipe, and with stdout sent to a file: the bytes and nothing else.
    let to_stdout = ["export", "onnx", linear.as_str(), "-o", "/dev/stdout"];
    let piped = workspace.command(&to_stdout).output().expect("the program starts");
    assert!(piped.status.success() && piped.stdout == expected, "{} bytes", piped.stdout.len());
    assert!(String::from_utf8_lossy(&piped.stderr).contains("/dev/stdout: probabilities from functionals"));
    let file = std::fs::File::create(workspace.path("sent.onnx")).expect("a file");
    assert!(workspace.command(&to_stdout).stdout(file).status().expect("the program starts").success());
    assert_eq!(std::fs::read(workspace.path("sent.onnx")).expect("a file"), expected);
    assert!(std::path::Path::new("/dev/stdout").is_symlink());
    workspace.ser(&[&to_stdout[..], &["--json"]].concat()).exits(2).tells("is where `--json` prints to");
    workspace
        .ser(&["export", "onnx", &linear, "-o", "far"])
        .exits(1)
        .tells("cannot write `far`")
        .tells("it is a folder");
}

/// A copy of a stage's folder of the demo run.
fn copy(stage: &str, workspace: &Workspace, to: &str) {
    let mut open = vec![std::path::PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in std::fs::read_dir(std::path::Path::new(&model(stage)).join(&below)).expect("folder") {
            let name = below.join(entry.expect("entry").file_name());
            let from = std::path::Path::new(&model(stage)).join(&name);
            if from.is_dir() {
                open.push(name);
            } else {
                let to = format!("{to}/{}", name.display());
                workspace.write(&to, std::fs::read(from).expect("file"));
            }
        }
    }
}

#[test]
fn half_of_a_model_is_used_by_no_command() {
    for (stage, part) in [("cnn_lstm", "config.json"), ("cnn_lstm", "model.safetensors"), ("linear", "linear.json")] {
        let workspace = Workspace::with_default_pipeline();
        workspace.write("one.wav", crate::util::wav(16_000, 1.0, 200.0, 0.5));
        copy(stage, &workspace, "m");
        let path = workspace.path(&format!("m/fold=1/{part}"));
        std::fs::remove_file(&path).expect("a file");
        workspace.ser(&["export", "onnx", "m"]).exits(1).tells(&format!("fold=1` lacks `{part}`"));
        workspace.ser(&["predict", "one.wav", "--model", "m"]).exits(1).tells(&format!("fold=1` lacks `{part}`"));
        std::fs::remove_dir_all(workspace.path("m/fold=1")).expect("a folder");
        workspace.ser(&["export", "onnx", "m"]).exits(1).tells("has no `fold=1`");
        // The fold that is left can be used by itself.
        workspace.ser(&["export", "onnx", "m/fold=0", "-o", "one.onnx"]).exits(0);
        copy(stage, &workspace, "m");
        workspace.ser(&["export", "onnx", "m", "-o", "all.onnx"]).exits(0);
        for strange in ["fold=07", "fold=2"] {
            std::fs::rename(workspace.path("m/fold=1"), workspace.path(&format!("m/{strange}"))).expect("rename");
            workspace.ser(&["export", "onnx", "m"]).exits(1).tells("fold=");
            std::fs::rename(workspace.path(&format!("m/{strange}")), workspace.path("m/fold=1")).expect("rename");
        }
    }
}

#[test]
fn what_cannot_be_exported_is_told() {
    let workspace = Workspace::with_default_pipeline();
    for (stage, told) in [
        ("majority", "gives every recording the same answer"),
        ("features", "is the result of a stage that makes no model"),
        ("evaluation", "is the result of a stage that makes no model"),
        ("ensemble", "is an ensemble: it averages"),
    ] {
        workspace.ser(&["export", "onnx", &model(stage)]).exits(2).tells(told);
    }
    workspace.ser(&["export", "onnx", "nowhere"]).exits(2).tells("there is no folder `nowhere`");
    workspace.ser(&["export", "onnx", "cnn_lstm"]).exits(2).tells("stage `cnn_lstm` has not been run");
    let (trained, _) = demo_run();
    let meant = trained.ser(&["export", "onnx", "cnn_lstm"]).exits(2).tells("there is no folder `cnn_lstm`");
    let hint = meant.stderr.lines().find(|line| line.starts_with("hint:")).expect("a hint");
    assert!(hint.contains("did you mean `artifacts/cnn_lstm`?"), "{hint}");
    trained.ser(&["export", "onnx", "artifacts/lineer"]).exits(2).tells("did you mean `artifacts/linear`?");
    trained.ser(&["export", "onnx", "pipeline.toml"]).exits(2).tells("`pipeline.toml` is a file");
    // Of an ensemble of baselines one can be exported.
    let ran = trained.ser(&["export", "onnx", "artifacts/ensemble"]).exits(2);
    ran.tells("export its members, and average by the weights of its `members.parquet`: `artifacts/linear`\n");
    copy("linear", &workspace, "before");
    for fold in ["before/fold=0", "before/fold=1"] {
        std::fs::remove_dir_all(workspace.path(fold)).expect("a folder");
    }
    workspace.ser(&["export", "onnx", "before"]).exits(2).tells("a linear baseline without its models");
    let network = model("cnn_lstm");
    workspace
        .ser(&["export", "onnx", &network, "-o", "no/folder.onnx"])
        .exits(1)
        .tells("cannot write `no/folder.onnx`");
    workspace.ser(&["export", "onnx"]).exits(2).tells("MODEL");
    workspace.ser(&["export", "tflite", &network]).exits(2).tells("tflite");
    workspace.write("model/linear.json", "{}");
    workspace.ser(&["export", "onnx", "model"]).exits(1).tells("linear.json` is not a linear model");
    std::fs::create_dir(workspace.path("empty")).expect("a folder");
    workspace.ser(&["export", "onnx", "empty"]).exits(1).tells("`empty` holds no trained model");
}
