//! Answers of `ser predict` adapted to a speaker by labelled recordings, and what is told where a table of them is wrong.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use ser_evaluate::adaptation::Adapter;
use ser_schemas::{Adaptation, Answer, Clip, Emotion, Model, Table as _};
use serde_json::Value;

use crate::util::{Ran, Workspace, demo_run, model, wav};

/// In the order of the classes, which is that of their names.
fn probabilities(object: &Value) -> Vec<f64> {
    let all = object["probabilities"].as_object().unwrap_or_else(|| panic!("no probabilities: {object}"));
    let sorted: BTreeMap<&String, &Value> = all.iter().collect();
    sorted.values().filter_map(|value| value.as_f64()).collect()
}

/// Recordings of one demo speaker with their emotions: two of each to enrol, and some others.
fn known_and_new() -> (Vec<(PathBuf, Emotion)>, Vec<PathBuf>) {
    let (trained, _) = demo_run();
    let clips = Clip::read_in(trained.path("artifacts/manifest")).expect("clips");
    let mut by_emotion: BTreeMap<Emotion, Vec<PathBuf>> = BTreeMap::new();
    for clip in clips.iter().filter(|clip| clip.speaker.as_deref() == Some("ravdess:01")) {
        by_emotion.entry(clip.emotion.expect("labelled")).or_default().push(trained.path(&clip.path));
    }
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for (emotion, paths) in by_emotion {
        let enrolled = paths.len().min(3) - 1;
        known.extend(paths[..enrolled].iter().map(|path| (path.clone(), emotion)));
        new.extend_from_slice(&paths[enrolled..]);
    }
    assert!(known.len() >= 6 && new.len() >= 6, "{} and {}", known.len(), new.len());
    (known, new)
}

fn table(known: &[(PathBuf, Emotion)]) -> String {
    let row = |(path, emotion): &(PathBuf, Emotion)| format!("{},ana,{emotion}\n", path.display());
    format!("path,speaker,emotion\n{}", known.iter().map(row).collect::<String>())
}

/// `angry 2, calm 2`.
fn counts(known: &[(PathBuf, Emotion)]) -> String {
    let mut counts: BTreeMap<Emotion, usize> = BTreeMap::new();
    for (_, emotion) in known {
        *counts.entry(*emotion).or_default() += 1;
    }
    counts.iter().map(|(emotion, count)| format!("{emotion} {count}")).collect::<Vec<_>>().join(", ")
}

/// What each fold says of labelled recordings decides how it is adapted, by the function of the evaluation; the mean of the folds is
/// that of what they say then.
#[test]
fn answers_are_those_of_the_evaluations_function_fold_by_fold() {
    let workspace = Workspace::with_default_pipeline();
    let (known, new) = known_and_new();
    workspace.write("known.csv", table(&known));
    let text = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
    for stage in ["linear", "cnn_lstm"] {
        let predict = |model: &str, paths: Vec<String>, more: &[&str]| {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let arguments = [&["predict", "--json", "--model", model], more, paths.as_slice()].concat();
            workspace.ser(&arguments).exits(0)
        };
        let enrol = ["--speaker", "ana", "--enrol", "known.csv"];
        let mut mean = vec![Vec::new(); new.len()];
        for fold in 0..2 {
            let model = format!("{}/fold={fold}", model(stage));
            let said = predict(&model, known.iter().map(|(path, _)| text(path)).collect(), &[]).objects();
            let classes: Vec<String> = said[0]["probabilities"].as_object().expect("classes").keys().cloned().collect();
            assert!(classes.is_sorted(), "{classes:?}");
            let said: Vec<(Vec<f64>, usize)> = said
                .iter()
                .zip(&known)
                .map(|(object, (_, emotion))| {
                    let class = classes.iter().position(|name| name == emotion.as_str()).expect("a class");
                    (probabilities(object), class)
                })
                .collect();
            let adapter = Adapter::fit(&said.iter().map(|(said, class)| (said.as_slice(), *class)).collect::<Vec<_>>());
            assert!(!adapter.is_idle());
            let plain = predict(&model, new.iter().map(text).collect(), &[]).objects();
            let ran = predict(&model, new.iter().map(text).collect(), &enrol)
                .tells(&format!("answers are adapted to 1 speaker by labelled recordings: ana ({})", counts(&known)));
            let mut changed = 0;
            for ((plain, found), mean) in plain.iter().zip(ran.objects()).zip(&mut mean) {
                let expected = adapter.adapted(&probabilities(plain));
                for (found, expected) in probabilities(&found).iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-6, "{stage}, fold {fold}: {found}, expected {expected}");
                }
                changed += usize::from(probabilities(&found) != probabilities(plain));
                assert_eq!(plain["adapted"], Value::Null);
                let told = format!("speaker ana, {} labelled recordings: {}", known.len(), counts(&known));
                assert_eq!(found["adapted"], told);
                mean.resize(expected.len(), 0.0);
                mean.iter_mut().zip(expected).for_each(|(sum, value)| *sum += value / 2.0);
            }
            assert_eq!(changed, new.len());
        }
        let whole = predict(&model(stage), new.iter().map(text).collect(), &enrol).objects();
        for (found, expected) in whole.iter().zip(&mean) {
            for (found, expected) in probabilities(found).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{stage}: {found}, expected {expected}");
            }
        }
        // Without temperatures folds are adapted by themselves, too.
        let raw = predict(&model(stage), new.iter().map(text).collect(), &[&enrol[..], &["--uncalibrated"]].concat())
            .objects();
        assert!(raw.iter().all(|object| object["calibrated"] == false && object["adapted"].is_string()));
        assert_ne!(probabilities(&raw[0]), probabilities(&whole[0]));
    }
}

/// Formats, long recordings and ensembles.
#[test]
fn adapted_answers_are_told_in_every_format_and_of_windows_and_by_ensembles() {
    let workspace = Workspace::with_default_pipeline();
    let (known, new) = known_and_new();
    workspace.write("known.csv", table(&known));
    workspace.write("long.wav", wav(16_000, 13.0, 190.0, 0.4));
    let new = new[0].to_str().expect("UTF-8");
    let told = format!("speaker ana, {} labelled recordings: {}", known.len(), counts(&known));
    for stage in ["cnn_lstm_per_speaker", "ensemble"] {
        let model = model(stage);
        let predict = |more: &[&str]| {
            let common = ["predict", new, "long.wav", "--by-window", "--speaker", "ana", "--model", &model];
            workspace.ser(&[&common, more].concat()).exits(0)
        };
        let plain = predict(&["--json"]).objects();
        let enrol = ["--enrol", "known.csv"];
        let json = predict(&[&enrol[..], &["--json"]].concat()).objects();
        for (plain, found) in plain.iter().zip(&json) {
            assert_eq!((&found["adapted"], &plain["adapted"]), (&told.as_str().into(), &Value::Null));
            assert_ne!(probabilities(found), probabilities(plain));
        }
        let [windows, others] = [&json[1], &plain[1]].map(|object| object["by_window"].as_array().expect("windows"));
        assert!(windows.len() > 3 && windows.len() == others.len());
        for (window, other) in windows.iter().zip(others) {
            assert_ne!(probabilities(window), probabilities(other));
        }
        predict(&[&enrol[..], &["--format", "parquet", "--output", "answers.parquet"]].concat());
        let answers = Answer::read(&workspace.path("answers.parquet")).expect("answers");
        let csv = predict(&[&enrol[..], &["--format", "csv"]].concat());
        assert_eq!(csv.stdout.lines().count(), 1 + answers.len());
        assert_eq!(csv.stdout.matches(&format!(",\"{told}\",")).count(), 2, "{}", csv.stdout);
        for (row, object) in answers.iter().filter(|row| row.windows.is_some()).zip(&json) {
            assert_eq!(row.adapted.as_deref(), Some(told.as_str()));
            for (found, expected) in row.probabilities.iter().zip(probabilities(object)) {
                assert!((f64::from(*found) - expected).abs() < 1e-6);
            }
        }
        predict(&enrol).says("long.wav").tells("answers are adapted to 1 speaker by labelled recordings: ana (");
    }
}

/// A table with `rows`, and what `ser predict` says with it.
fn enrolling(workspace: &Workspace, stage: &str, rows: &str) -> Ran {
    workspace.write("who.csv", rows);
    workspace.write("new/a.wav", wav(16_000, 1.2, 240.0, 0.4));
    let model = model(stage);
    workspace.ser(&["predict", "new", "--json", "--speaker", "ana", "--enrol", "who.csv", "--model", &model])
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_lines() {
    let workspace = Workspace::with_default_pipeline();
    for (name, hz) in [("1", 150.0), ("2", 200.0), ("3", 250.0)] {
        workspace.write(&format!("known/{name}.wav"), wav(16_000, 1.0, hz, 0.4));
    }
    workspace.write("known/silent.wav", wav(16_000, 1.0, 150.0, 0.0));
    let head = "path,speaker,emotion\n";
    for stage in ["linear", "linear_per_speaker"] {
        let ran = |rows: &str| enrolling(&workspace, stage, rows);
        // Nobody.
        for empty in [head.to_owned(), format!("{head}\n\n"), format!("{head}known/1.wav,,joy\n")] {
            ran(&empty).exits(2).tells("`who.csv` enrols nobody: no row behind its header can be used");
        }
        // Words.
        ran(&format!("{head}known/1.wav,ana,joy\nknown/2.wav,ana,sadd\nknown/3.wav,ana,bored\n"))
            .exits(2)
            .tells("`who.csv` has labels that are no emotion of the model, line 3: `sadd`, line 4: `bored`")
            .tells("did you mean `sad`? its emotions: `angry`,");
        // Silence, and what is not there.
        let some =
            format!("{head}known/1.wav,ana,joy\nknown/2.wav,ana,Sadness\nknown/silent.wav,ana,sad\nnone.wav,ana,\n");
        let told = ran(&some)
            .exits(0)
            .tells("`who.csv`, line 4: `known/silent.wav` enrols nobody: every sample is zero (silent); name another recording")
            .tells("`who.csv`, line 5: `none.wav` enrols nobody: ")
            .tells("answers are adapted to 1 speaker by labelled recordings: ana (happy 1, sad 1)");
        assert_eq!(told.stderr.matches("line 4").count(), 1, "{}", told.stderr);
        ran(&format!("{head}known/silent.wav,ana,sad\nnone.wav,ana,\n"))
            .exits(1)
            .tells("`who.csv` enrols nobody: of 2 recordings that it names none can be used");
        // Two speakers, two emotions.
        ran(&format!("{head}known/1.wav,ana,joy\nknown/1.wav,ben,joy\nknown/2.wav,ana,sad\nknown/3.wav,ana,joy\nknown/3.wav,ana,sad\n"))
            .exits(0)
            .tells("`who.csv`, lines 2 and 3: `known/1.wav` is told of two speakers, `ana` and `ben`, and enrols neither")
            .tells("lines 5 and 6: `known/3.wav` is told to be `happy` and `sad`, and adapts nothing")
            .tells("labelled recordings of one emotion alone adapt nothing")
            .tells(": ana; add recordings of another emotion");
        // Somebody else.
        ran(&format!("{head}known/1.wav,ana,joy\nknown/2.wav,Anna,sad\n"))
            .exits(0)
            .tells("`who.csv` enrols 1 speaker who speaks in none of the recordings here: `Anna`");
        // No column of labels, and one that is misspelt.
        let misspelt = ran("path,speaker,emotions\nknown/1.wav,ana,joy\n").exits(0);
        let misspelt =
            misspelt.tells("has no column `emotion`, so nothing in it is a label: if `emotions` is meant, rename it");
        assert_eq!(misspelt.objects()[0]["adapted"], Value::Null);
    }
    let plain = "path,speaker\nknown/1.wav,ana\n";
    enrolling(&workspace, "linear", plain)
        .exits(0)
        .tells("this model does not standardise per speaker: who speaks makes no difference to it; it can be adapted");
    enrolling(&workspace, "linear_per_speaker", plain)
        .exits(0)
        .tells("standardised over 2 recordings of 1 speaker: ana (2)");
}

/// Programs send the same keys to every model.
#[test]
fn a_line_may_name_a_speaker_whatever_the_model_makes_of_it() {
    let workspace = Workspace::with_default_pipeline();
    let (known, new) = known_and_new();
    workspace.write("known.csv", table(&known));
    let new = new[0].to_str().expect("UTF-8");
    let line = |speaker: Option<&str>| {
        let speaker = speaker.map_or_else(String::new, |name| format!(", \"speaker\": \"{name}\""));
        format!("{{\"path\": {new:?}{speaker}}}\n")
    };
    let ask = |stage: &str, more: &[&str]| {
        let model = model(stage);
        let arguments = [&["predict", "--stdin-json", "--model", &model], more].concat();
        let mut command = workspace.command(&arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = [line(None), line(Some("ana")), line(Some("eve")), line(Some("eve"))].concat();
        child.stdin.take().expect("stdin").write_all(lines.as_bytes()).expect("lines are taken");
        workspace.ran(&arguments, &child.wait_with_output().expect("it ends"))
    };
    let ignored =
        ask("linear", &[]).exits(0).tells("line 2 names the speaker `ana`: this model does not ask who speaks");
    assert_eq!(ignored.stderr.matches("names the speaker").count(), 1, "{}", ignored.stderr);
    let answers = ignored.objects();
    let speakers: Vec<&Value> = answers.iter().map(|answer| &answer["speaker"]).collect();
    assert_eq!(speakers, [&Value::Null, &"ana".into(), &"eve".into(), &"eve".into()]);
    assert!(answers.iter().all(|answer| answer["probabilities"] == answers[0]["probabilities"]));

    let adapted = ask("linear", &["--enrol", "known.csv"]).exits(0).tells("line 3 names the speaker `eve`");
    let [nobody, ana, eve, _] = &adapted.objects()[..] else { panic!("four answers: {}", adapted.stdout) };
    assert!(ana["adapted"].is_string() && ana["probabilities"] != nobody["probabilities"], "{ana}");
    assert_eq!(
        (&nobody["probabilities"], &eve["probabilities"]),
        (&answers[0]["probabilities"], &answers[0]["probabilities"])
    );
    assert_eq!((&nobody["adapted"], &eve["adapted"]), (&Value::Null, &Value::Null));

    // A model that wants to know who speaks is not told by an unknown name.
    let asked = ask("linear_per_speaker", &["--enrol", "known.csv"]).exits(1);
    let [_, ana, eve, _] = &asked.objects()[..] else { panic!("four answers: {}", asked.stdout) };
    assert!(ana["adapted"].is_string() && ana["standardised"].is_string(), "{ana}");
    assert!(eve["detail"].as_str().is_some_and(|detail| detail.contains("`eve` is not enrolled")), "{eve}");
}

#[test]
fn the_evaluation_has_what_labelled_clips_add_for_every_model_of_strangers() {
    let (trained, _) = demo_run();
    let rows = Adaptation::read_in(trained.path("artifacts/evaluation")).expect("adaptation");
    let models = Model::read_in(trained.path("artifacts/evaluation")).expect("models");
    let expected: Vec<&str> = models
        .iter()
        .filter(|row| row.split == "speaker_independent" && row.model != "majority")
        .map(|row| row.model.as_str())
        .collect();
    for model in expected {
        let own: Vec<&Adaptation> = rows.iter().filter(|row| row.model == model).collect();
        assert!(!own.is_empty() && own[0].clips == 1, "{model}: {own:?}");
        for row in own {
            assert!((row.uar - row.unadapted_uar - row.uar_gain).abs() < 1e-12, "{row:?}");
            assert!((row.accuracy - row.unadapted_accuracy - row.accuracy_gain).abs() < 1e-12, "{row:?}");
            assert!(row.scaled && row.labelled >= 1.0 && row.repetitions == 20 && row.support > 0, "{row:?}");
        }
    }
    assert!(rows.iter().all(|row| !row.split.contains("random") && row.model != "majority"), "{rows:?}");
}
