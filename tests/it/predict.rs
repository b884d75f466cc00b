//! Emotions of new recordings.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use ser_schemas::{Prediction, Table};
use serde_json::Value;

use crate::small;
use crate::util::{Ran, Workspace, demo_run, wav};

/// A model of the demo run, as an argument.
fn model(stage: &str) -> String {
    let (trained, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    trained.path(&format!("artifacts/{stage}")).to_str().expect("UTF-8").to_owned()
}

/// The objects of a prediction by the last part of their paths.
fn objects(ran: &Ran) -> BTreeMap<String, Value> {
    let object = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let name = |value: &Value| {
        let path = value["path"].as_str().expect("a path");
        path.rsplit('/').next().unwrap_or(path).to_owned()
    };
    ran.stdout.lines().map(object).map(|value| (name(&value), value)).collect()
}

fn probabilities(object: &Value) -> Vec<f64> {
    let all = object["probabilities"].as_object().unwrap_or_else(|| panic!("no probabilities: {object}"));
    all.values().filter_map(Value::as_f64).collect()
}

/// A WAV file of 16-bit samples, channel by channel.
fn pcm(sample_rate_hz: u32, channels: &[Vec<f64>]) -> Vec<u8> {
    let frames = (0..channels[0].len()).flat_map(|frame| channels.iter().map(move |channel| channel[frame]));
    let data: Vec<u8> = frames.flat_map(|sample| ((sample * 32_767.0).round() as i16).to_le_bytes()).collect();
    ser_audio::testing::wav(1, 16, channels.len() as u16, sample_rate_hz, &data)
}

/// Speech-like sound: a gliding fundamental with harmonics, in syllables; one continuous signal at any sample rate.
fn voice(sample_rate_hz: u32, duration_s: f64, hz: f64) -> Vec<f64> {
    (0..(f64::from(sample_rate_hz) * duration_s).round() as u32)
        .map(|sample| {
            let time_s = f64::from(sample) / f64::from(sample_rate_hz);
            let phase = TAU * (hz * time_s + 4.0 * (5.0 * time_s).sin() / TAU);
            let harmonics: f64 = (1..9).map(|number| (f64::from(number) * phase).sin() / f64::from(number)).sum();
            0.15 * (TAU * 1.5 * time_s).sin().abs() * harmonics
        })
        .collect()
}

#[test]
fn good_files_are_predicted_and_bad_ones_reported() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/one.wav", wav(48_000, 1.5, 210.0, 0.5));
    workspace.write("new/two.wav", wav(8_000, 2.5, 120.0, 0.1));
    workspace.write("new/broken.wav", "not audio");
    workspace.write("new/notes.txt", "not asked for");
    let model = model("cnn_lstm");

    let table = workspace.ser(&["predict", "new", "--model", &model]).exits(1).says("one.wav").says("two.wav");
    assert!(table.stderr.contains("broken.wav"), "{}", table.stderr);
    assert!(!table.stdout.contains("broken.wav") && !table.stdout.contains("notes.txt"), "{}", table.stdout);

    let lines = workspace.ser(&["predict", "new/one.wav", "new/two.wav", "--json", "--model", &model]).exits(0);
    for line in lines.stdout.lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let probabilities = row["probabilities"].as_object().expect("probabilities");
        let sum: f64 = probabilities.values().filter_map(Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{line}");
        assert!(probabilities.contains_key(row["emotion"].as_str().expect("emotion")), "{line}");
        assert_eq!(row["windows"], 1, "{line}");
    }
    assert_eq!(lines.stdout.lines().count(), 2);

    let all = workspace.ser(&["predict", "new", "new/none.wav", "--json", "--model", &model]).exits(1);
    let objects = objects(&all);
    assert_eq!(objects.len(), 4, "{}", all.stdout);
    for name in ["broken.wav", "none.wav"] {
        assert_eq!(objects[name]["error"], "unreadable", "{}", objects[name]);
        assert!(objects[name]["emotion"].is_null() && objects[name]["detail"].is_string(), "{}", objects[name]);
    }
}

#[test]
fn what_a_manifest_would_leave_out_gets_no_emotion() {
    let workspace = Workspace::with_default_pipeline();
    let speech = voice(16_000, 1.0, 140.0);
    let dither: Vec<f64> = (0..16_000_i32).map(|n| f64::from((n * n / 7 + n) % 3 - 1) / 32_767.0).collect();
    let upside_down: Vec<f64> = speech.iter().map(|sample| -sample).collect();
    for (name, channels) in [
        ("zero.wav", vec![vec![0.0; 16_000]]),
        ("dither.wav", vec![dither]),
        ("constant.wav", vec![vec![0.25; 16_000]]),
        ("constants.wav", vec![vec![0.25; 16_000], vec![-0.5; 16_000]]),
        ("blink.wav", vec![speech[4_000..4_320].to_vec()]),
        ("one.wav", vec![vec![0.3]]),
        ("cancelling.wav", vec![speech.clone(), upside_down]),
        ("good.wav", vec![speech.clone()]),
        ("half.wav", vec![speech.clone(), vec![0.0; 16_000]]),
    ] {
        workspace.write(&format!("new/{name}"), pcm(16_000, &channels));
    }
    let model = model("cnn_lstm");
    let ran = workspace.ser(&["predict", "new", "--json", "--model", &model]).exits(1);
    let objects = objects(&ran);
    let found: BTreeMap<&str, &str> =
        objects.iter().map(|(name, value)| (name.as_str(), value["error"].as_str().unwrap_or("none"))).collect();
    assert_eq!(
        found,
        BTreeMap::from([
            ("zero.wav", "silent"),
            ("dither.wav", "silent"),
            ("constant.wav", "silent"),
            ("constants.wav", "silent"),
            ("blink.wav", "too_short"),
            ("one.wav", "silent"),
            ("cancelling.wav", "channels_cancel"),
            ("good.wav", "none"),
            ("half.wav", "none"),
        ])
    );
    for (name, object) in &objects {
        let is_good = object["error"].is_null();
        assert_eq!((object["emotion"].is_string(), object["probabilities"].is_object()), (is_good, is_good), "{name}");
    }
    let text = workspace.ser(&["predict", "new", "--model", &model]).exits(1).says("good.wav");
    text.tells("zero.wav`: every sample is zero (silent)")
        .tells("blink.wav`: 0.020 s, shorter than `min_duration_s` = 0.3");
}

#[test]
fn a_folder_is_searched_as_a_corpus_is() {
    let workspace = Workspace::with_default_pipeline();
    let audio = wav(16_000, 1.0, 180.0, 0.4);
    workspace.write("new/a.wav", &audio);
    workspace.write("new/b/c.WAV", wav(16_000, 1.0, 220.0, 0.4));
    let model = model("cnn_lstm");
    let clean = workspace.ser(&["predict", "new", "--json", "--model", &model]).exits(0);
    let junk = [&b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"[..], &[0; 4080]].concat();
    workspace.write("new/._a.wav", &junk);
    workspace.write("new/__MACOSX/._a.wav", &junk);
    workspace.write("new/__MACOSX/a.wav", &audio);
    workspace.write("new/.cache/a.wav", &audio);
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", workspace.path("new/b/up")).expect("link");
    let ran = workspace.ser(&["predict", "new", "--json", "--model", &model]).exits(0);
    assert_eq!(ran.stdout, clean.stdout);
    #[cfg(unix)]
    assert!(ran.stderr.contains("up` was not followed: it leads to a folder that contains it"), "{}", ran.stderr);
    // Named outright, a hidden file is meant; and a file named twice is one file.
    let ran =
        workspace.ser(&["predict", "new/.cache/a.wav", "new", "./new/a.wav", "--json", "--model", &model]).exits(0);
    assert_eq!(ran.stdout.lines().count(), 3, "{}", ran.stdout);
    assert!(ran.stderr.contains("new/a.wav` is the same file as"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_reported_and_never_waited_for() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/a.wav", wav(16_000, 1.0, 180.0, 0.4));
    let pipe = workspace.path("new/pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let model = model("cnn_lstm");
    for named in ["new", "new/pipe.wav"] {
        let ran = workspace.ser(&["predict", named, "--json", "--model", &model]).exits(1);
        let object = &objects(&ran)["pipe.wav"];
        assert_eq!((&object["error"], &object["detail"]), (&"unreadable".into(), &"not a regular file".into()));
    }
}

#[test]
fn a_long_recording_is_heard_to_its_end() {
    let workspace = Workspace::with_default_pipeline();
    let start = voice(16_000, 7.0, 100.0);
    let with = |end: Vec<f64>| pcm(16_000, &[[start.clone(), end].concat()]);
    workspace.write("new/high.wav", with(voice(16_000, 6.0, 260.0)));
    workspace.write("new/low.wav", with(voice(16_000, 6.0, 130.0)));
    workspace.write("new/short.wav", pcm(16_000, &[start[..80_000].to_vec()]));
    workspace.write("new/clip.wav", pcm(16_000, &[[start.clone(), voice(16_000, 2.5, 130.0)].concat()]));
    // Longer than the manifest's clips may be; a third of it is silence.
    let long = [voice(16_000, 30.0, 150.0), vec![0.0; 16_000 * 15]].concat();
    workspace.write("new/long.wav", pcm(16_000, &[long]));
    let model = model("cnn_lstm");
    let ran = workspace.ser(&["predict", "new", "--json", "--model", &model]).exits(0);
    let objects = objects(&ran);
    assert_ne!(probabilities(&objects["high.wav"]), probabilities(&objects["low.wav"]));
    // A clip of 9.5 s is heard by the network in windows of 6 s that begin at most 3 s apart: 0, 1.75 and 3.5 s. Longer
    // recordings are no clips: 13 s in windows of 4 s at 0, 2, 4, 6, 8 and 9 s.
    let windows: Vec<&Value> =
        ["short.wav", "clip.wav", "high.wav", "low.wav"].iter().map(|name| &objects[*name]["windows"]).collect();
    assert_eq!(windows, [1, 3, 6, 6]);
    // 45 s in 22 windows; seven begin behind the 30th second.
    let long = &objects["long.wav"];
    assert_eq!((&long["windows"], &long["silent_windows"]), (&15.into(), &7.into()), "{long}");
    assert!((probabilities(long).iter().sum::<f64>() - 1.0).abs() < 1e-4);
    workspace
        .ser(&["predict", "new", "--model", &model])
        .exits(0)
        .says("windows")
        .tells("1 recording longer than the 6.0 s that the model hears at once")
        .tells("3 recordings longer than 10 s, heard in windows of 4 s every 2 s")
        .tells("high.wav (6 windows)");
    let quiet = workspace.ser(&["predict", "new", "--quiet", "--model", &model]).exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn format_rate_and_channels_make_no_difference() {
    let workspace = Workspace::with_default_pipeline();
    let at = |rate: u32| voice(rate, 1.2, 150.0);
    workspace.write("new/m16.wav", pcm(16_000, &[at(16_000)]));
    workspace.write("new/s48.wav", pcm(48_000, &[at(48_000), at(48_000)]));
    workspace.write("new/m44.wav", pcm(44_100, &[at(44_100)]));
    workspace.write("new/m8.wav", pcm(8_000, &[at(8_000)]));
    // As a model gives them: a temperature below 1 would spread every difference.
    let ran = workspace.ser(&["predict", "new", "--json", "--uncalibrated", "--model", &model("linear")]);
    let objects = objects(&ran.exits(0).tells("m8.wav (8000 Hz)"));
    let expected = probabilities(&objects["m16.wav"]);
    for name in ["s48.wav", "m44.wav"] {
        let apart = probabilities(&objects[name]).iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 0.03, "{name}: {apart}");
        assert_eq!(objects[name]["emotion"], objects["m16.wav"]["emotion"]);
    }
    assert!(objects["m8.wav"]["emotion"].is_string());
}

#[test]
fn whose_statistics_are_used_is_told() {
    let workspace = Workspace::with_default_pipeline();
    for number in 0..9 {
        workspace.write(&format!("new/ana/{number}.wav"), wav(16_000, 1.0, 180.0 + 9.0 * f64::from(number), 0.3));
    }
    workspace.write("new/ben/0.wav", wav(16_000, 1.0, 110.0, 0.3));
    workspace.write("new/ben/silent.wav", pcm(16_000, &[vec![0.0; 16_000]]));
    let per_speaker = model("cnn_lstm_per_speaker");
    let predict = |more: &[&str]| {
        let all = [&["predict", "new/ana", "new/ben/0.wav", "--json", "--model", &per_speaker], more].concat();
        workspace.ser(&all)
    };
    let first =
        |ran: &Ran| -> Value { serde_json::from_str(ran.stdout.lines().next().expect("a line")).expect("JSON") };
    let last = |ran: &Ran| -> Value { serde_json::from_str(ran.stdout.lines().last().expect("a line")).expect("JSON") };

    let plain = predict(&[]).exits(0).tells("nothing says who speaks").tells("--speaker-from-folder");
    assert_eq!(first(&plain)["standardised"], "training statistics: the speaker is not known");
    assert!(first(&plain)["speaker"].is_null());

    let one = predict(&["--speaker", "ana"]).exits(0).tells("standardised over 10 recordings of 1 speaker: ana (10)");
    one.tells("; to each speaker's, the statistics of the training clips are added as of 2 more");
    let one = predict(&["--speaker", "ana"]).exits(0);
    assert_eq!(first(&one)["standardised"], "speaker ana, 10 recordings (0.83), and training statistics (0.17)");
    assert_ne!(first(&one)["probabilities"], first(&plain)["probabilities"]);

    let folders = predict(&["--speaker-from-folder"]).exits(0).tells("2 speakers: new/ana (9), new/ben (1)");
    let ana = "9 recordings (0.82), and training statistics (0.18)";
    assert_eq!(first(&folders)["standardised"], format!("speaker new/ana, {ana}"));
    // One recording is of use already.
    let ben = "1 recording (0.33), and training statistics (0.67)";
    assert_eq!(last(&folders)["standardised"], format!("speaker new/ben, {ben}"));
    assert_ne!(last(&folders)["probabilities"], last(&plain)["probabilities"]);

    let rows = (0..9).map(|number| format!("ana/{number}.wav,Ana\n")).collect::<Vec<_>>().concat();
    workspace.write("who.csv", format!("path,speaker\n{rows}elsewhere.wav,Cleo\n"));
    let table = predict(&["--speakers", "who.csv"]).exits(0).tells("1 of 10 rows name no recording here");
    assert_eq!(
        (&first(&table)["speaker"], &first(&table)["standardised"]),
        (&"Ana".into(), &format!("speaker Ana, {ana}").into())
    );
    assert_eq!(first(&table)["probabilities"], first(&folders)["probabilities"]);
    assert_eq!(last(&table)["standardised"], "training statistics: the speaker is not known");

    // Silence is no recording of anybody.
    let ran = workspace.ser(&["predict", "new/ben", "--speaker", "ben", "--json", "--model", &per_speaker]).exits(1);
    assert_eq!(objects(&ran)["0.wav"]["standardised"], format!("speaker ben, {ben}"));
    let silent = ["predict", "new/ben/silent.wav", "--speaker", "ben", "--json", "--model", &per_speaker];
    workspace
        .ser(&silent)
        .exits(1)
        .tells("1 speaker with fewer than 1 recording: the statistics of the training clips");

    predict(&["--speaker", "ana", "--speaker-from-folder"]).exits(2);
    predict(&["--speakers", "none.csv"]).exits(1).tells("none.csv");
    workspace.write("bad.csv", "file,who\nx,y\n");
    predict(&["--speakers", "bad.csv"]).exits(1).tells("no column `path`");
    let other = model("cnn_lstm");
    let ran = workspace.ser(&["predict", "new/ben/0.wav", "--speaker", "ben", "--json", "--model", &other]).exits(0);
    assert!(ran.stderr.contains("does not standardise per speaker"), "{}", ran.stderr);
    assert!(first(&ran)["standardised"].is_null());
}

/// Recordings of a test speaker get from the model of their fold what its stage said of them as test clips.
#[test]
fn the_recordings_of_a_speaker_are_answered_as_their_stage_answers() {
    let (trained, _) = demo_run();
    for stage in ["linear", "linear_per_speaker", "cnn_lstm_per_speaker"] {
        let rows = Prediction::read_in(trained.path(&format!("artifacts/{stage}"))).expect("predictions");
        let of_actor = |row: &&Prediction| row.speaker == "ravdess:01";
        let fold = rows.iter().find(of_actor).expect("a test speaker").fold;
        let model = format!("artifacts/{stage}/fold={fold}");
        // The folder has a song and a copy as well, which the stage took for no clips of the speaker's.
        let name = |row: &Prediction| row.clip_id.rsplit('/').next().unwrap_or_default().to_owned();
        let clips = rows.iter().filter(of_actor).map(|row| format!("demo/ravdess/Actor_01/{}.wav", name(row)));
        let clips: Vec<String> = clips.collect();
        let options = ["--speaker", "one", "--uncalibrated", "--json", "--model", &model].map(str::to_owned);
        let arguments = [&["predict".to_owned()], &clips[..], &options].concat();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = objects(&trained.ser(&arguments).exits(0));
        let mut compared = 0;
        for row in rows.iter().filter(of_actor) {
            let name = name(row);
            let found = said.iter().find(|(file, _)| file.starts_with(&name)).expect("predicted").1;
            for (emotion, expected) in row.classes.split(',').zip(&row.probabilities) {
                let found = found["probabilities"][emotion].as_f64().expect("a number");
                assert!((found - f64::from(*expected)).abs() < 1e-3, "{stage}, {name}: {found}, expected {expected}");
                compared += 1;
            }
        }
        assert!(compared > 20, "{compared}");
    }
}

#[test]
fn weights_that_were_edited_are_refused() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("one.wav", wav(16_000, 1.0, 200.0, 0.5));
    let fold = std::path::PathBuf::from(model("cnn_lstm")).join("fold=0");
    workspace.write("model/config.json", std::fs::read(fold.join("config.json")).expect("description"));
    let mut weights = std::fs::read(fold.join("model.safetensors")).expect("weights");
    workspace.write("model/model.safetensors", &weights);
    workspace.ser(&["predict", "one.wav", "--model", "model"]).exits(0);
    let last = weights.len() - 3;
    weights[last] ^= 1;
    workspace.write("model/model.safetensors", &weights);
    workspace
        .ser(&["predict", "one.wav", "--model", "model"])
        .exits(1)
        .tells("these are not the weights that `config.json` beside them was written with");
}

#[test]
fn classes_are_those_of_the_training_until_it_is_done_again() {
    let workspace = small::workspace();
    workspace.ser(&["run", "--quiet"]).exits(0);
    workspace.write("new/a.wav", wav(16_000, 0.8, 200.0, 0.5));
    let before = workspace.ser(&["predict", "new", "--json"]).exits(0);
    let pipeline = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("pipeline");
    let edited = pipeline
        .replace("from = [\"ravdess\", \"tess\"]", "from = [\"ravdess\", \"tess\"]\nkeep = [\"happy\", \"sad\"]");
    assert_ne!(edited, pipeline);
    workspace.write("pipeline.toml", &edited);
    let after = workspace.ser(&["predict", "new", "--json"]).exits(0);
    assert_eq!(before.stdout, after.stdout);
    workspace.ser(&["run", "net", "--quiet"]).exits(0);
    let anew = workspace.ser(&["predict", "new", "--json"]).exits(0);
    let classes: Vec<String> =
        objects(&anew)["a.wav"]["probabilities"].as_object().expect("probabilities").keys().cloned().collect();
    assert_eq!(classes, ["happy", "sad"]);
    // A model that is named needs no pipeline file.
    std::fs::remove_file(workspace.path("pipeline.toml")).expect("pipeline");
    let named = workspace.ser(&["predict", "new", "--json", "--model", "artifacts/net"]).exits(0);
    assert_eq!(named.stdout, anew.stdout);
}

#[test]
fn without_a_model_it_says_how_to_get_one() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("one.wav", wav(16_000, 1.0, 200.0, 0.5));
    workspace.ser(&["predict", "one.wav"]).exits(2).tells("holds a trained network").tells("`ser run`");
    workspace.ser(&["predict", "one.wav", "--model", "nowhere"]).exits(2).tells("there is no folder `nowhere`");
}
