//! The README's commands, options, files and snippets exist and do what it says.

use std::process::Command;

use crate::python;
use crate::util::{Workspace, demo_run, skipped, source_root, wav};

pub(crate) fn readme() -> String {
    std::fs::read_to_string(source_root().join("README.md")).expect("README.md")
}

/// The fenced blocks of one language.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn every_command_and_option_it_names_exists() {
    let workspace = Workspace::with_default_pipeline();
    let readme = readme();
    let mut named = 0;
    for line in blocks(&readme, "text").concat().lines().filter(|line| line.starts_with("ser ")) {
        let usage = line.split("  ").next().unwrap_or(line);
        let command = usage.split_whitespace().nth(1).expect("a command");
        let of: &[&str] = match command {
            "corpora" => &[command, "check", "--help"],
            "export" => &[command, usage.split_whitespace().nth(2).expect("a format"), "--help"],
            _ => &[command, "--help"],
        };
        let help = workspace.ser(of).exits(0).stdout;
        for option in usage.split(['[', ']', ' ']).filter(|word| word.starts_with('-')) {
            assert!(help.contains(option), "`ser {command}` has no {option}:\n{help}");
        }
        named += 1;
    }
    assert!(named >= 7, "the README lists the commands");
    let commands = [
        "run",
        "status",
        "watch",
        "runs",
        "diff",
        "gc",
        "graph",
        "audit",
        "corpora",
        "validation",
        "fetch",
        "predict",
        "worker",
    ];
    let formats = ["onnx", "hf", "croissant", "ro-crate"];
    let exports = formats.iter().map(|format| workspace.ser(&["export", format, "--help"]).stdout);
    let help: String =
        commands.iter().map(|command| workspace.ser(&[command, "--help"]).stdout).chain(exports).collect();
    for option in
        readme.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| word.starts_with("--") && word.len() > 3)
    {
        let ours = ![
            "--release",
            "--locked",
            "--path",
            "--now",
            "--features",
            "--corpus",
            "--example",
            "--array",
            "--cpus-per-task",
            "--wrap",
        ]
        .contains(&option);
        assert!(!ours || help.contains(option), "no command has {option}");
    }
}

/// `pipeline` with the stages of `changes` instead of its own of the same names.
fn with_stages(pipeline: &str, changes: &str) -> String {
    let stages = |text: &str| -> Vec<String> { text.split("\n[stage.").map(str::to_owned).collect() };
    let name = |stage: &str| stage.split(']').next().unwrap_or_default().to_owned();
    let changed = stages(&format!("\n{changes}"));
    let replaced: Vec<String> = changed.iter().skip(1).map(|stage| name(stage)).collect();
    let kept =
        stages(pipeline).into_iter().enumerate().filter(|(at, stage)| *at == 0 || !replaced.contains(&name(stage)));
    kept.map(|(_, stage)| stage).chain(changed.into_iter().skip(1)).collect::<Vec<_>>().join("\n[stage.")
}

#[test]
fn every_piece_of_a_pipeline_file_fits_the_one_that_ships() {
    let workspace = Workspace::with_default_pipeline();
    let pipeline = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("pipeline.toml");
    let (descriptors, stages): (Vec<_>, Vec<_>) =
        blocks(&readme(), "toml").into_iter().partition(|block| block.contains("[[pattern]]"));
    let [descriptor] = &descriptors[..] else { panic!("one descriptor: {descriptors:?}") };
    workspace.write("my_corpus.toml", descriptor);
    workspace.write("bad_clips.csv", "clip_id,reason\n");
    for (hz, file) in
        [(200.0, "anna/t07_H.wav"), (230.0, "anna/t07_A.wav"), (260.0, "bert/t07_H.wav"), (290.0, "bert/t08_S.wav")]
    {
        workspace.write(&format!("path/to/recordings/{file}"), wav(16_000, 1.0, hz, 0.5));
    }
    let check = ["corpora", "check", "path/to/recordings", "--corpus", "my_corpus.toml", "--json"];
    let checked = workspace.ser(&check).exits(0).json();
    assert_eq!(checked["recordings"], 4, "{checked}");
    assert!(stages.len() >= 4, "the README shows stages: {stages:?}");
    for block in stages {
        workspace.write("pipeline.toml", with_stages(&pipeline, &block));
        let graph = workspace.ser(&["graph", "--json"]).exits(0);
        if block.contains("my_corpus") {
            graph.says("my_corpus");
            let ran = workspace.ser(&["run", "manifest", "--json"]).exits(0).json();
            assert!(ran.to_string().contains("my_corpus"), "{ran}");
        }
    }
}

fn python_blocks() -> Vec<String> {
    blocks(&readme(), "python")
}

/// The model is that of the demo run, and so is what it is given: the emotions have to be those of the stage.
#[test]
fn the_exported_model_runs_elsewhere_as_it_says() {
    let python = source_root().join("target/check-onnx/bin/python");
    if !python.exists() {
        skipped("the README's use of an exported model wants `just check-onnx`");
        return;
    }
    let (demo, _) = demo_run();
    let workspace = Workspace::with_default_pipeline();
    std::os::unix::fs::symlink(demo.path("artifacts"), workspace.path("artifacts")).expect("a link");
    let scripts: Vec<String> = python_blocks().into_iter().filter(|block| block.contains("onnxruntime")).collect();
    let [script] = &scripts[..] else { panic!("one script: {scripts:?}") };
    // A network with functionals, one fold of it, and a model that hears no frames.
    for model in ["cnn_lstm", "cnn_lstm/fold=1", "linear"] {
        workspace.ser(&["export", "onnx", &format!("artifacts/{model}"), "-o", "cnn_lstm.onnx"]).exits(0);
        let output =
            Command::new(&python).args(["-c", script]).current_dir(workspace.path(".")).output().expect("python");
        assert!(output.status.success(), "{model}: {}", String::from_utf8_lossy(&output.stderr));
        let answers = String::from_utf8_lossy(&output.stdout);
        assert!(answers.contains("shape: (16, ") && answers.contains("angry"), "{model}: {answers}");
    }
}

/// Every package that a snippet imports is one that the text before it installs.
#[test]
fn what_a_snippet_imports_is_installed_before() {
    let readme = readme();
    let (mut installed, mut snippets) = (Vec::new(), 0);
    let mut blocks = readme.split("```python\n");
    installed.extend(packages(blocks.next().expect("text")));
    for rest in blocks {
        let (script, text) = rest.split_once("```").expect("an end");
        let lines = script.lines().filter_map(|line| line.strip_prefix("import "));
        for module in lines.filter_map(|line| line.split(['.', ' ']).next()) {
            let known = ["glob", "json", "math"].contains(&module) || installed.iter().any(|package| package == module);
            assert!(known, "{module} is imported, and installed are {installed:?}");
        }
        installed.extend(packages(text));
        snippets += 1;
    }
    assert!(snippets >= 2);
}

/// What `pip install` lines of `text` name.
fn packages(text: &str) -> Vec<String> {
    let lines = text.split("pip install ").skip(1).filter_map(|rest| rest.split('`').next());
    lines.flat_map(|names| names.split_whitespace().map(str::to_owned)).collect()
}

#[test]
fn the_questions_in_python_have_answers() {
    let Some(python) = python::with(&["polars"], "the Python of the README", "polars") else { return };
    let (workspace, _) = demo_run();
    let script: String =
        python_blocks().into_iter().filter(|block| block.contains("read_parquet(\"artifacts/manifest")).collect();
    let answers = python::run(&python, &script, &workspace.path("."));
    for column in ["minutes", "cramers_v", "skill", "bandwidth_hz", "reason", "similarity", "predicted"] {
        assert!(answers.contains(column), "{column}: {answers}");
    }
}

#[test]
fn the_quick_start_is_two_commands_that_the_justfile_has() {
    let readme = readme();
    let quick = &blocks(&readme, "sh")[0];
    assert_eq!(quick.trim().lines().count(), 2, "{quick}");
    let justfile = std::fs::read_to_string(source_root().join("justfile")).expect("justfile");
    for recipe in ["all", "test"] {
        assert!(quick.contains(&format!("just {recipe}")), "{quick}");
        assert!(justfile.lines().any(|line| line.starts_with(&format!("{recipe} *ARGS:"))), "{recipe}");
    }
}

#[test]
fn every_file_it_links_to_exists() {
    for target in readme().split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !target.contains("://") {
            assert!(source_root().join(target).exists(), "README links to `{target}`");
        }
    }
}

#[test]
fn exit_codes_are_in_the_help() {
    Workspace::with_default_pipeline().ser(&["--help"]).exits(0).says("Exit codes:").says("3  something is stale");
}
