//! Answers of `ser predict` that can be used: probabilities that are right as often as they say, "I do not know", long recordings with
//! times, formats for other programs, and recordings from them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use ser_evaluate::calibration::at_temperature;
use ser_schemas::{Answer, Coverage, Prediction, Stretch, SummaryMetric, Table as _};
use serde_json::Value;

use crate::util::{Ran, Workspace, demo_run, model, wav};

fn probabilities(object: &Value) -> Vec<f64> {
    let all = object["probabilities"].as_object().unwrap_or_else(|| panic!("no probabilities: {object}"));
    all.values().filter_map(Value::as_f64).collect()
}

/// A tone of `hz` with harmonics in syllables, at 16 kHz.
fn voice(duration_s: f64, hz: f64) -> Vec<f32> {
    (0..(16_000.0 * duration_s) as u32)
        .map(|sample| {
            let time_s = f64::from(sample) / 16_000.0;
            let harmonics: f64 =
                (1..9).map(|number| (f64::from(number) * TAU * hz * time_s).sin() / f64::from(number)).sum();
            (0.15 * (TAU * 1.5 * time_s).sin().abs() * harmonics) as f32
        })
        .collect()
}

/// A WAV file of 16-bit samples that says it has `announced` bytes of them.
fn pcm(samples: &[f32], announced: Option<u32>) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| ((sample * 32_767.0).round() as i16).to_le_bytes()).collect();
    let mut bytes = ser_audio::testing::wav(1, 16, 1, 16_000, &data);
    if let Some(announced) = announced {
        let at = bytes.windows(4).position(|four| four == b"data").expect("a chunk of samples") + 4;
        bytes[at..at + 4].copy_from_slice(&announced.to_le_bytes());
        bytes[4..8].copy_from_slice(&announced.saturating_add(36).to_le_bytes());
    }
    bytes
}

/// Recordings of a test speaker get from the models of their fold what the evaluation counted of them as test clips: the same
/// temperature, the same answers above a threshold.
#[test]
fn a_threshold_leaves_out_what_the_table_of_coverage_leaves_out() {
    let (trained, _) = demo_run();
    for stage in ["linear", "cnn_lstm"] {
        let rows = Prediction::read_in(trained.path(&format!("artifacts/{stage}"))).expect("predictions");
        let fold = rows.iter().find(|row| row.speaker == "ravdess:01").expect("a test speaker").fold;
        let split = rows[0].split.clone();
        let summary = SummaryMetric::read_in(trained.path("artifacts/evaluation")).expect("figures");
        let temperature = |fold: u32| {
            let of_fold = |row: &&SummaryMetric| {
                row.model == stage
                    && row.split == split
                    && row.metric == "temperature"
                    && row.group_value == fold.to_string()
            };
            summary.iter().find(of_fold).expect("a temperature").value
        };
        let scaled = |row: &Prediction| {
            let raw: Vec<f64> = row.probabilities.iter().map(|value| f64::from(*value)).collect();
            at_temperature(&raw, temperature(row.fold))
        };
        let confidence = |row: &Prediction| scaled(row).into_iter().fold(0.0, f64::max);

        let coverage: Vec<Coverage> = Coverage::read_in(trained.path("artifacts/evaluation")).expect("coverage");
        let own: Vec<&Coverage> = coverage.iter().filter(|row| row.model == stage && row.split == split).collect();
        assert_eq!(own.len(), 20);
        for row in &own {
            let answered: Vec<&Prediction> = rows.iter().filter(|one| confidence(one) >= row.threshold).collect();
            let right = answered.iter().filter(|one| one.predicted == one.emotion).count();
            assert_eq!((row.scaled, row.clips), (true, answered.len() as u64), "{row:?}");
            let share = right as f64 / answered.len() as f64;
            assert!(row.accuracy.is_none_or(|accuracy| (accuracy - share).abs() < 1e-12), "{row:?}, {share}");
        }

        // One about which half of the speaker's clips are answered.
        let of_speaker: Vec<&Prediction> = rows.iter().filter(|row| row.speaker == "ravdess:01").collect();
        let mut sure: Vec<f64> = of_speaker.iter().map(|row| confidence(row)).collect();
        sure.sort_by(f64::total_cmp);
        let threshold = f64::midpoint(sure[sure.len() / 2 - 1], sure[sure.len() / 2]);
        let file = |row: &Prediction| {
            let name = row.clip_id.rsplit('/').next().unwrap_or_default();
            format!("demo/ravdess/Actor_01/{name}.wav")
        };
        let (model, least) = (format!("artifacts/{stage}/fold={fold}"), threshold.to_string());
        let mut arguments = vec!["predict".to_owned()];
        arguments.extend(of_speaker.iter().map(|row| file(row)));
        arguments.extend(["--json", "--min-confidence", &least, "--model", &model].map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = trained.ser(&arguments).exits(0).tells(&format!("temperature {:.2}", temperature(fold)));
        let (mut known, mut unknown) = (0, 0);
        for (row, found) in of_speaker.iter().zip(ran.objects()) {
            for (found, expected) in probabilities(&found).iter().zip(scaled(row)) {
                assert!((found - expected).abs() < 2e-3, "{stage}: {found}, expected {expected}");
            }
            assert_eq!((&found["calibrated"], &found["most_probable"]), (&true.into(), &row.predicted.as_str().into()));
            if (confidence(row) - threshold).abs() > 2e-3 {
                let is_known = confidence(row) >= threshold;
                let expected = if is_known { row.predicted.as_str() } else { "(unknown)" };
                assert_eq!(found["emotion"], expected, "{found}");
                *(if is_known { &mut known } else { &mut unknown }) += 1;
            }
        }
        assert!(known > 3 && unknown > 3, "{known} {unknown}");
    }
}

#[test]
fn probabilities_without_a_temperature_say_so() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/a.wav", wav(16_000, 1.0, 210.0, 0.5));
    let fold = std::path::PathBuf::from(model("cnn_lstm")).join("fold=0");
    for file in ["config.json", "model.safetensors"] {
        workspace.write(&format!("model/{file}"), std::fs::read(fold.join(file)).expect("a file of the model"));
    }
    let predict = |more: &[&str]| workspace.ser(&[&["predict", "new", "--json", "--model"], more].concat()).exits(0);
    let alone = predict(&["model"]);
    assert!(!alone.stderr.contains("temperature"), "{}", alone.stderr);
    predict(&["model", "--min-confidence", "0.2"])
        .tells("warning: probabilities are as the model was trained to give them")
        .tells("does not lie with it");
    for (file, of) in [("models.parquet", "cnn_lstm"), ("validation_predictions.parquet", "linear")] {
        let table = std::fs::read(std::path::PathBuf::from(model(of)).join(file)).expect("a table");
        workspace.write(&format!("model/{file}"), table);
    }
    let strange = predict(&["model", "--min-confidence", "0.2"]).tells("are another model's");
    assert_eq!(strange.objects()[0]["calibrated"], false);
    let fold = fold.to_str().expect("UTF-8");
    let (raw, scaled) = (predict(&[fold, "--uncalibrated"]), predict(&[fold]).tells("temperature "));
    assert_eq!(raw.stdout, alone.stdout);
    let (raw, scaled) = (raw.objects().remove(0), scaled.objects().remove(0));
    assert_eq!((&raw["calibrated"], &scaled["calibrated"]), (&false.into(), &true.into()));
    assert_ne!(raw["probabilities"], scaled["probabilities"]);
    assert_eq!(raw["emotion"], scaled["emotion"], "a temperature changes no answer of one network");
    workspace.ser(&["predict", "new", "--model", fold, "--min-confidence", "1.5"]).exits(2).tells("expected 0 to 1");
}

/// Two voices with a pause between them.
fn dialogue() -> Vec<f32> {
    [voice(9.0, 120.0), vec![0.0; 16_000 * 7], voice(4.5, 260.0)].concat()
}

#[test]
fn windows_have_times_and_a_recording_is_what_they_say_by_their_sound() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/long.wav", pcm(&dialogue(), None));
    workspace.write("new/clip.wav", pcm(&voice(3.0, 150.0), None));
    let model = model("cnn_lstm");
    let predict = |more: &[&str]| workspace.ser(&[&["predict", "new", "--model", &model], more].concat());
    // A window no longer than the shortest clip can hardly sound from end to end.
    assert!(
        predict(&["--json", "--window-s", "0.3"])
            .exits(0)
            .objects()
            .iter()
            .all(|object| object["windows"].as_u64() > Some(5))
    );
    let found = predict(&["--json", "--by-window"]).exits(0).objects();
    let [clip, long] = &found[..] else { panic!("two recordings: {found:?}") };
    assert_eq!(clip["by_window"].as_array().map(Vec::len), Some(0), "{clip}");
    let windows = long["by_window"].as_array().expect("windows");
    // 20.5 s. Windows begin at 0, 2, ..., 16 and 16.5 s; those at 10 and 12 s hold nothing, that at 8 s one second.
    let times: Vec<(f64, f64, f64)> = windows
        .iter()
        .map(|window| ["start_s", "end_s", "sound_s"].map(|key| window[key].as_f64().expect("a time")).into())
        .collect();
    let starts: Vec<f64> = times.iter().map(|(start_s, ..)| *start_s).collect();
    assert_eq!(starts, [0.0, 2.0, 4.0, 6.0, 8.0, 14.0, 16.0, 16.5], "{times:?}");
    assert!(times.iter().all(|(start_s, end_s, _)| end_s - start_s == 4.0));
    assert!(times[4].2 > 0.8 && times[4].2 <= 1.0 && times[0].2 > 3.0, "{times:?}");
    assert_eq!((&long["windows"], &long["silent_windows"]), (&8.into(), &2.into()), "{long}");
    // The mean of logarithms, weighted by sound.
    let mut logits = vec![0.0; probabilities(long).len()];
    for (window, (.., sound_s)) in windows.iter().zip(&times) {
        let all = probabilities(window);
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{window}");
        logits.iter_mut().zip(all).for_each(|(logit, value)| *logit += sound_s * value.ln());
    }
    let sound_s: f64 = times.iter().map(|(.., sound_s)| sound_s).sum();
    let powers: Vec<f64> = logits.iter().map(|logit| (logit / sound_s).exp()).collect();
    let sum: f64 = powers.iter().sum();
    for (found, power) in probabilities(long).iter().zip(powers) {
        assert!((found - power / sum).abs() < 1e-4, "{found}, expected {}", power / sum);
    }
    // A window is answered as a recording of its samples is.
    workspace.write("window.wav", pcm(&dialogue()[4 * 16_000..8 * 16_000], None));
    let alone = workspace.ser(&["predict", "window.wav", "--json", "--model", &model]).exits(0).objects().remove(0);
    for (found, expected) in probabilities(&alone).iter().zip(probabilities(&windows[2])) {
        assert!((found - expected).abs() < 1e-3, "{found}, expected {expected}");
    }

    let table =
        predict(&["--by-window"]).exits(0).says("from_s").tells("1 recording longer than 10 s, heard in windows");
    assert_eq!(table.stdout.lines().count(), 1 + 2 + 8, "{}", table.stdout);
    let other = predict(&["--json", "--by-window", "--window-s", "2.5", "--hop-s", "2"]).exits(0).objects();
    assert_eq!((&other[0]["windows"], &other[0]["by_window"][1]["start_s"]), (&2.into(), &0.5.into()));
    assert_eq!(other[1]["by_window"][0]["end_s"], 2.5);
    let halves = predict(&["--json", "--by-window", "--window-s", "3"]).exits(0).objects();
    assert_eq!((&halves[0]["windows"], &halves[1]["by_window"][1]["start_s"]), (&1.into(), &1.5.into()));
    predict(&["--hop-s", "5"]).exits(2).tells("`--hop-s` is 5 s, and a window 4 s");
    predict(&["--window-s", "0.2"]).exits(2).tells("takes clips of 0.3 to 30 s");
    predict(&["--window-s", "100"]).exits(2).tells("expected 0.1 to 60 seconds");
}

#[test]
fn every_format_says_the_same() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/long, \"loud\".wav", pcm(&dialogue(), None));
    workspace.write("new/short.wav", pcm(&voice(2.0, 150.0), None));
    workspace.write("new/text.wav", "no sound");
    let model = model("linear");
    let predict = |more: &[&str]| {
        let all = [&["predict", "new", "--by-window", "--min-confidence", "0.5", "--model", &model], more].concat();
        workspace.ser(&all)
    };
    let json = predict(&["--format", "json"]).exits(1).objects();
    for nowhere in ["new", "none/answers.parquet"] {
        predict(&["--format", "parquet", "--output", nowhere])
            .exits(2)
            .tells("names no file in a folder that there is");
    }
    predict(&["--format", "parquet", "--output", "answers.parquet"]).exits(1);
    let answers = Answer::read(&workspace.path("answers.parquet")).expect("answers");
    let csv = predict(&["--format", "csv"]).exits(1);
    let mut lines = csv.stdout.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    assert_eq!(head[..4], ["path", "speaker", "stretch", "start_s"]);
    assert_eq!(lines.clone().count(), answers.len());
    assert!(csv.stdout.contains("\"new/long, \"\"loud\"\".wav\",,recording,0,20.5,,"), "{}", csv.stdout);
    let mut rows = answers.iter().zip(lines);
    for object in &json {
        let (row, line) = rows.next().expect("a row");
        assert_eq!((row.path.as_str(), row.stretch), (object["path"].as_str().expect("a path"), Stretch::Recording));
        if let Some(error) = object["error"].as_str() {
            assert_eq!((row.error.as_deref(), &row.emotion), (Some(error), &None));
            assert_eq!(row.detail.as_deref(), object["detail"].as_str());
            continue;
        }
        let same = |row: &Answer, line: &str, object: &Value| {
            assert_eq!(row.emotion.as_deref(), object["emotion"].as_str(), "{row:?}");
            assert_eq!(row.most_probable.as_deref(), object["most_probable"].as_str(), "{row:?}");
            let expected: BTreeMap<&str, f32> = row.classes.split(',').zip(row.probabilities.iter().copied()).collect();
            for (name, value) in object["probabilities"].as_object().expect("probabilities") {
                let value = value.as_f64().map(|value| value as f32);
                assert_eq!(value, expected.get(name.as_str()).copied());
                assert!(line.contains(&format!(",{}", f64::from(expected[name.as_str()]))), "{line}");
            }
        };
        same(row, line, object);
        for window in object["by_window"].as_array().expect("windows") {
            let (row, line) = rows.next().expect("a row");
            assert_eq!((row.stretch, row.start_s), (Stretch::Window, window["start_s"].as_f64()));
            same(row, line, window);
        }
    }
    assert!(rows.next().is_none());
    predict(&["--format", "parquet"]).exits(2).tells("name one: `--output answers.parquet`");
    predict(&["--format", "csv", "--output", "a.csv"]).exits(2).tells("other formats go to stdout");
    predict(&["--format", "csv", "--json"]).exits(2);
}

/// Its header was written before its sound: nothing, or as much as there can be.
#[test]
fn a_recording_that_still_grows_is_heard_as_far_as_it_is_there() {
    let workspace = Workspace::with_default_pipeline();
    let model = model("linear");
    let said = |seconds: f64, announced: u32| {
        workspace.write("grows.wav", pcm(&voice(seconds, 150.0), Some(announced)));
        let ran = workspace.ser(&["predict", "grows.wav", "--json", "--by-window", "--model", &model]).exits(0);
        ran.objects().remove(0)
    };
    for announced in [0, u32::MAX] {
        for (seconds, windows) in [(2.0, 0), (12.0, 5), (14.0, 6)] {
            let found = said(seconds, announced);
            assert_eq!(found["duration_s"], seconds, "{announced}: {found}");
            assert_eq!(found["by_window"].as_array().map(Vec::len), Some(windows), "{announced}: {found}");
        }
    }
}

/// Statistics of recordings that are not predicted are those of recordings that are.
#[test]
fn who_is_enrolled_is_known_from_other_recordings() {
    let workspace = Workspace::with_default_pipeline();
    for number in 0..4 {
        let file = format!("known/{number}.wav");
        workspace.write(&file, wav(16_000, 1.0, 180.0 + 12.0 * f64::from(number), 0.3));
    }
    workspace.write("new/a.wav", wav(16_000, 1.2, 240.0, 0.4));
    let rows = "0.wav,ana\n1.wav,ana\n2.wav,ana\n3.wav,ana\n";
    workspace.write("known/who.csv", format!("path,speaker\n{rows}../new/a.wav,ana\nnone.wav,ben\n"));
    let model = model("cnn_lstm_per_speaker");
    let predict =
        |more: &[&str]| workspace.ser(&[&["predict", "new/a.wav", "--json", "--model", &model], more].concat());
    let last = |ran: &Ran| ran.objects().pop().expect("a line");
    let enrolled = predict(&["--speaker", "ana", "--enrol", "known/who.csv"]).exits(0).tells("none.wav` enrols nobody");
    let together = predict(&["known", "--speaker", "ana"]).exits(0);
    let (found, expected) = (last(&enrolled), together.objects().remove(0));
    assert_eq!(found["standardised"], "speaker ana, 5 recordings (0.71), and training statistics (0.29)");
    assert_eq!((&found["probabilities"], &found["path"]), (&expected["probabilities"], &"new/a.wav".into()));
    let alone = last(&predict(&["--speaker", "ana"]).exits(0));
    assert_ne!(alone["probabilities"], found["probabilities"]);
    predict(&["--enrol", "known/who.csv"]).exits(2).tells("nothing says who does in these");
    predict(&["--speaker", "ana", "--enrol", "none.csv"]).exits(1).tells("cannot enrol by `none.csv`");

    // By lines, where nobody but the table tells of recordings of hers.
    workspace.write("known/others.csv", format!("path,speaker\n{rows}"));
    let arguments = ["predict", "--stdin-json", "--enrol", "known/others.csv", "--model", &model];
    let mut child =
        workspace.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = [
        r#"{"path": "new/a.wav", "speaker": "ana"}"#,
        r#"{"path": "new/a.wav"}"#,
        r#"{"path": "new/a.wav", "speaker": "eve"}"#,
    ];
    child.stdin.take().expect("stdin").write_all(lines.join("\n").as_bytes()).expect("lines are taken");
    let ran = workspace.ran(&arguments, &child.wait_with_output().expect("it ends")).exits(1);
    let [ana, nobody, eve] = &ran.objects()[..] else { panic!("three answers: {}", ran.stdout) };
    assert_eq!(ana["standardised"], "speaker ana, 4 recordings (0.67), and training statistics (0.33)");
    assert_eq!((&ana["speaker"], &nobody["speaker"]), (&"ana".into(), &Value::Null));
    assert_eq!(nobody["standardised"], "training statistics: the speaker is not known");
    assert!(eve["detail"].as_str().is_some_and(|detail| detail.contains("`eve` is not enrolled")), "{eve}");
}

#[test]
fn lines_of_stdin_are_answered_one_by_one() {
    let workspace = Workspace::with_default_pipeline();
    let samples = voice(1.5, 180.0);
    workspace.write("a.wav", pcm(&samples, None));
    let model = model("cnn_lstm");
    let arguments = ["predict", "--stdin-json", "--min-confidence", "0.3", "--quiet", "--model", &model];
    let mut child = workspace
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    // Each answer is there before the next question.
    let mut ask = |line: &str| -> Value {
        writeln!(stdin, "{line}").expect("a line is taken");
        let mut answer = String::new();
        stdout.read_line(&mut answer).expect("an answer");
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    };
    let file = ask(r#"{"path": "a.wav", "id": "first"}"#);
    assert_eq!((&file["id"], &file["path"]), (&"first".into(), &"a.wav".into()));
    let pcm: Vec<f32> = samples.iter().map(|sample| (sample * 32_767.0).round() / 32_768.0).collect();
    let inline = ask(&serde_json::json!({"id": 7, "samples": pcm, "sample_rate_hz": 16_000}).to_string());
    assert_eq!((&inline["id"], &inline["path"]), (&7.into(), &Value::Null));
    for key in ["emotion", "probabilities", "duration_s", "calibrated"] {
        assert_eq!(inline[key], file[key], "{key}");
    }
    let none = ask(r#"{"path": "none.wav", "id": null}"#);
    assert_eq!((&none["error"], &none["path"]), (&"unreadable".into(), &"none.wav".into()), "{none}");
    let silent = ask(&serde_json::json!({"samples": vec![0; 16_000], "sample_rate_hz": 16_000}).to_string());
    assert_eq!(silent["error"], "silent", "{silent}");
    let bad = ask("no JSON");
    assert_eq!((&bad["error"], &bad["line"]), (&"bad_request".into(), &5.into()), "{bad}");
    assert_eq!(ask(r#"{"path": "a.wav"}"#)["probabilities"], file["probabilities"], "it goes on");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "some had no answer");

    workspace.ser(&["predict", "a.wav", "--stdin-json", "--model", &model]).exits(2);
    workspace.ser(&["predict", "--model", &model]).exits(2).tells("<PATH>");
}
