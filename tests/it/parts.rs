//! `ser predict --parts`: answers to a folder of recordings of any size, which survive kills and know what did not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use ser_schemas::{Answer, KEY_RECIPE, Stretch, Table as _, part_files, read_metadata};

use crate::python;
use crate::util::{Workspace, demo_run, model, source_root, wav};

/// The recordings of the demo corpora, in the order of their paths.
fn demo() -> Vec<PathBuf> {
    let (trained, _) = demo_run();
    let files = walkdir::WalkDir::new(trained.path("demo")).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.expect("entry").into_path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "wav")).collect()
}

/// `count` recordings below the folder `new`, each a link to one of the demo corpora, of which some are broken, and three more: a
/// long one, a silent one, and one that is none.
fn recordings(workspace: &Workspace, count: usize) {
    let demo = demo();
    for number in 0..count {
        let place = workspace.path(&format!("new/{:02}/{number:04}.wav", number % 10));
        fs::create_dir_all(place.parent().expect("a folder")).expect("folder");
        let from = &demo[number % demo.len()];
        fs::hard_link(from, &place).or_else(|_| fs::copy(from, &place).map(drop)).expect("recording");
    }
    workspace.write("new/long.wav", wav(16_000, 13.0, 180.0, 0.4));
    workspace.write("new/silent.wav", wav(16_000, 1.0, 180.0, 0.0));
    workspace.write("new/text.wav", "no sound");
}

/// Rows in the order of recordings and times.
fn sorted(mut rows: Vec<Answer>) -> Vec<Answer> {
    rows.sort_by(|a, b| {
        let key = |row: &Answer| (row.path.clone(), row.stretch == Stretch::Window);
        key(a).cmp(&key(b)).then(a.start_s.partial_cmp(&b.start_s).expect("times"))
    });
    rows
}

fn in_folder(workspace: &Workspace, folder: &str) -> Vec<Answer> {
    let parts = part_files(&workspace.path(folder)).expect("parts");
    sorted(parts.iter().flat_map(|part| Answer::read(part).expect("answers")).collect())
}

/// When each part was written, by name.
fn parts(workspace: &Workspace, folder: &str) -> BTreeMap<PathBuf, SystemTime> {
    let time = |part: &PathBuf| fs::metadata(part).and_then(|metadata| metadata.modified()).expect("a time");
    let parts = part_files(&workspace.path(folder)).expect("parts");
    parts.into_iter().map(|part| (part.clone(), time(&part))).collect()
}

/// Parts of `now` that are not as they were, or were not there; and those that are gone.
fn changed(before: &BTreeMap<PathBuf, SystemTime>, now: &BTreeMap<PathBuf, SystemTime>) -> (usize, usize) {
    let is_as_before = |(part, time): &(&PathBuf, &SystemTime)| before.get(*part) == Some(time);
    let gone = before.keys().filter(|part| !now.contains_key(*part)).count();
    (now.len() - now.iter().filter(is_as_before).count(), gone)
}

#[test]
fn a_folder_of_parts_says_what_one_file_says_and_what_did_not_change_is_not_heard_again() {
    for (stage, more) in [
        ("linear", &["--by-window", "--min-confidence", "0.5"][..]),
        ("cnn_lstm", &["--by-window"]),
        ("ensemble", &["--uncalibrated"]),
    ] {
        let workspace = Workspace::with_default_pipeline();
        recordings(&workspace, 1_500);
        let model = model(stage);
        let predict =
            |to: &[&str]| workspace.ser(&[&["predict", "new", "--model", &model], more, to].concat()).exits(1);
        let in_file = || {
            predict(&["--format", "parquet", "--output", "answers.parquet"]);
            sorted(Answer::read(&workspace.path("answers.parquet")).expect("answers"))
        };
        let folder = format!("answers/{stage}");
        fs::create_dir_all(workspace.path("answers")).expect("folder");
        predict(&["--parts", &folder]).tells("text.wav`: not audio").tells(&format!("`{folder}`: 1503 recordings in "));
        let expected = in_file();
        let without = expected.iter().filter(|row| row.error.is_some()).count();
        assert!((3..100).contains(&without), "{without}");
        predict(&["--parts", &folder]).tells(&format!(", {without} of them without an emotion (`error` says why)"));
        let windows = expected.iter().filter(|row| row.stretch == Stretch::Window).count();
        assert_eq!((expected.len() - windows, windows > 3), (1_503, more.contains(&"--by-window")), "{stage}");
        assert_eq!(in_folder(&workspace, &folder), expected, "{stage}");
        let first = parts(&workspace, &folder);
        assert!((3..30).contains(&first.len()), "{first:?}");
        if stage != "linear" {
            continue;
        }

        // A second call hears nothing, and comes to the same end: there are recordings without an answer.
        let again = predict(&["--parts", &folder]).tells("1503 of 1503 recordings taken over");
        assert!(!again.stderr.contains("no sound"), "{}", again.stderr);
        assert_eq!(parts(&workspace, &folder), first);
        // What was done with a recording costs its part.
        let mut last = first;
        let mut costs = |most: usize, change: &dyn Fn()| {
            change();
            predict(&["--parts", &folder]).tells(" recordings taken over");
            let now = parts(&workspace, &folder);
            let (new, gone) = changed(&last, &now);
            assert!(new <= most && gone <= most && (new, gone) != (0, 0), "{new} new, {gone} gone: {now:?}");
            assert_eq!(in_folder(&workspace, &folder), in_file());
            last = now;
        };
        costs(2, &|| workspace.write("new/03/added.wav", wav(16_000, 1.0, 220.0, 0.5)));
        costs(2, &|| workspace.write("new/03/added.wav", wav(16_000, 1.5, 260.0, 0.5)));
        costs(2, &|| fs::remove_file(workspace.path("new/07/0007.wav")).expect("recording"));
        costs(2, &|| workspace.write("new/text.wav", wav(16_000, 1.2, 200.0, 0.5)));
        // A part that is damaged, and one that is gone.
        let of_last = part_files(&workspace.path(&folder)).expect("parts");
        costs(1, &|| fs::write(&of_last[0], "no table").expect("part"));
        costs(1, &|| fs::remove_file(&of_last[1]).expect("part"));
    }
}

#[test]
fn answers_of_other_models_options_and_recordings_are_never_mixed() {
    let workspace = Workspace::with_default_pipeline();
    for file in ["new/a.wav", "new/b.wav", "old/c.wav"] {
        workspace.write(file, wav(16_000, 1.0, 180.0, 0.5));
    }
    let (linear, network) = (model("linear"), model("cnn_lstm"));
    let predict = |more: &[&str]| workspace.ser(&[&["predict", "--parts", "answers"], more].concat());
    let of = |folders: &[&str]| {
        let mut paths: Vec<String> = in_folder(&workspace, "answers").into_iter().map(|row| row.path).collect();
        paths.dedup();
        assert!(paths.iter().all(|path| folders.iter().any(|folder| path.starts_with(folder))), "{paths:?}");
        paths.len()
    };
    predict(&["new", "--model", &linear]).exits(0).tells("`answers`: 2 recordings in 1 part");
    let before = parts(&workspace, "answers");
    let refused = |more: &[&str], told: &str| {
        predict(more).exits(2).tells(told).tells("`--replace` replaces");
        assert_eq!(parts(&workspace, "answers"), before, "{more:?}");
    };
    refused(&["new", "--model", &network], "`answers` holds answers of another model and of other temperatures");
    refused(&["new", "--model", &linear, "--uncalibrated"], "other temperatures (`--uncalibrated`)");
    refused(&["new", "--model", &linear, "--min-confidence", "0.5"], "answers of another `--min-confidence`");
    refused(&["new", "--model", &linear, "--by-window"], "answers of another choice of `--by-window`");
    refused(&["new", "--model", &linear, "--window-s", "2"], "answers of other windows");
    refused(&["old", "--model", &linear], "to other recordings: `new/a.wav` is not among those that are named");
    // The recordings by another name are others: rows have their names.
    refused(&[workspace.path("new").to_str().expect("UTF-8"), "--model", &linear], "to other recordings: `new/a.wav`");
    // More of them may be named, and the same model may lie elsewhere.
    fs::create_dir(workspace.path("copied")).expect("folder");
    for entry in walkdir::WalkDir::new(&linear).min_depth(1) {
        let entry = entry.expect("entry");
        let to = workspace.path("copied").join(entry.path().strip_prefix(&linear).expect("below"));
        if entry.file_type().is_dir() { fs::create_dir(to) } else { fs::copy(entry.path(), to).map(drop) }
            .expect("copied");
    }
    predict(&["new", "--model", "copied"]).exits(0).tells("2 of 2 recordings taken over");
    assert_eq!(parts(&workspace, "answers"), before);
    predict(&["new", "old", "--model", &linear]).exits(0);
    assert_eq!(of(&["new", "old"]), 3);
    predict(&["old", "--model", &network, "--replace"]).exits(0);
    assert_eq!(of(&["old"]), 1);
    let recipe = |part: &Path| read_metadata(part).expect("metadata").remove(KEY_RECIPE).expect("a recipe");
    assert!(parts(&workspace, "answers").keys().all(|part| recipe(part).contains("\"model\":")));

    // Whatever else a reader by pattern would take for answers stays, and is told of; the rest is nobody's matter.
    workspace.write("answers/notes.txt", "mine");
    workspace.write("answers/part-dead.parquet.partial", "half");
    predict(&["old", "--model", &network]).exits(0).tells("1 of 1 recording taken over");
    assert!(workspace.path("answers/notes.txt").exists());
    assert!(!workspace.path("answers/part-dead.parquet.partial").exists());
    let (trained, _) = demo_run();
    for name in ["notes.parquet", "part-of-mine.parquet"] {
        let stranger = workspace.path("answers").join(name);
        fs::copy(trained.path("artifacts/manifest/corpora.parquet"), &stranger).expect("a table");
        for more in [&["old"][..], &["old", "--replace"]] {
            let told = format!("`answers/{name}` is none of the parts of `answers`");
            predict(&[more, &["--model", &network]].concat()).exits(2).tells(&told);
        }
        fs::remove_file(stranger).expect("a table");
    }
}

/// Told before the model is even read: nowhere is a model.
#[test]
fn where_answers_cannot_go_is_told_at_once() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/text.wav", "no sound");
    workspace.write("file", "");
    let long = "a".repeat(300);
    let model = model("linear");
    for (options, told) in [
        (&["--format", "parquet", "--output", "new"][..], "`--output new` names no file in a folder that there is"),
        (&["--format", "parquet", "--output", "none/a.parquet"], "names no file in a folder that there is"),
        (&["--format", "parquet", "--output", &long], "cannot be written: File name too long"),
        (&["--parts", "file"], "`--parts file` is a file"),
        (&["--parts", "none/answers"], "`--parts none/answers` names no folder in one that there is"),
        (&["--parts", &long], "cannot be made: File name too long"),
    ] {
        for model in [&model, "nowhere"] {
            let ran = workspace.ser(&[&["predict", "new", "--model", model], options].concat()).exits(2).tells(told);
            assert!(!ran.stderr.contains("no sound") && !ran.stderr.contains("nowhere"), "{}", ran.stderr);
        }
    }
    let names: Vec<_> =
        fs::read_dir(workspace.path("")).expect("folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 3, "nothing is left: {names:?}");
    for more in [&["--format", "parquet"][..], &["--json"], &["--output", "a.parquet"]] {
        workspace
            .ser(&[&["predict", "new", "--parts", "answers"], more].concat())
            .exits(2)
            .tells("cannot be used with");
    }
    workspace.ser(&["predict", "new", "--replace"]).exits(2).tells("--parts");
}

/// The recordings of a speaker decide about all answers to them.
#[test]
fn a_speaker_is_heard_again_where_one_of_their_recordings_changed() {
    let workspace = Workspace::with_default_pipeline();
    let demo = demo();
    // Of the last so many that some part is hers alone.
    for number in 0..1_500 {
        let speaker = ["ana", "ben", "eve"][(number / 200).min(2)];
        let place = workspace.path(&format!("new/{speaker}/{number:04}.wav"));
        fs::create_dir_all(place.parent().expect("a folder")).expect("folder");
        fs::copy(&demo[number % demo.len()], place).expect("recording");
    }
    let model = model("cnn_lstm_per_speaker");
    let predict = |to: &[&str]| {
        let all = [&["predict", "new", "--speaker-from-folder", "--model", &model], to].concat();
        workspace.ser(&all).exits(1)
    };
    let in_file = || {
        predict(&["--format", "parquet", "--output", "answers.parquet"]);
        sorted(Answer::read(&workspace.path("answers.parquet")).expect("answers"))
    };
    let heard = predict(&["--parts", "answers"]).tells(" recordings of 3 speakers: new/ana (");
    assert!(heard.stderr.contains("standardised over 14"), "{}", heard.stderr);
    assert_eq!(in_folder(&workspace, "answers"), in_file());
    let quiet = predict(&["--parts", "answers"]).tells("1500 of 1500 recordings taken over");
    assert!(!quiet.stderr.contains("standardised over"), "{}", quiet.stderr);
    let of_speaker = |name: &str| {
        let of = |part: &&PathBuf| Answer::read(part).expect("answers").iter().any(|row| row.path.contains(name));
        parts(&workspace, "answers").keys().filter(of).cloned().collect::<Vec<_>>()
    };
    let before = of_speaker("/ana/");
    // The last of hers.
    workspace.write("new/ana/0199.wav", wav(16_000, 1.0, 240.0, 0.4));
    predict(&["--parts", "answers"]).tells(" recordings taken over").tells("new/ana (");
    let now = of_speaker("/ana/");
    assert!(now.iter().all(|part| !before.contains(part)), "{before:?}, {now:?}");
    assert_eq!(in_folder(&workspace, "answers"), in_file());
    // Who speaks is part of an answer.
    workspace.ser(&["predict", "new", "--parts", "answers", "--model", &model, "--speaker", "eve"]).exits(1);
    assert!(in_folder(&workspace, "answers").iter().all(|row| row.speaker.as_deref() == Some("eve")));
}

/// Calls that were killed while they worked.
const KILLS: usize = 24;

#[test]
fn killed_at_any_moment_the_next_call_ends_with_the_answers_of_an_undisturbed_one() {
    let workspace = Workspace::with_default_pipeline();
    recordings(&workspace, 2_500);
    let model = model("cnn_lstm");
    let arguments = |folder| ["predict", "new", "--by-window", "--model", &model, "--parts", folder];
    let begin = Instant::now();
    workspace.ser(&arguments("undisturbed")).exits(1);
    let whole = begin.elapsed();
    let expected = in_folder(&workspace, "undisturbed");
    assert_eq!(expected.iter().filter(|row| row.stretch == Stretch::Recording).count(), 2_503);

    let mut moment = 0x005e_ed0f_05e7_u64;
    let (mut kills, mut ends) = (0, 0);
    let mut taken_over = 0;
    while kills < KILLS {
        // Marsaglia's xorshift: a fixed series of moments, short ones more often, so that many kills hit one call's work.
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        let share = (moment >> 11) as f64 / (1_u64 << 53) as f64;
        let mut victim = workspace
            .command(&arguments("answers"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share * share));
        let ended = victim.try_wait().expect("wait").is_some();
        victim.kill().expect("kill");
        victim.wait().expect("wait");
        kills += usize::from(!ended);
        // Never is there an answer twice, or one that will not be there in the end.
        let parts = part_files(&workspace.path("answers")).unwrap_or_default();
        let there: Vec<Answer> = parts.iter().flat_map(|part| Answer::read(part).expect("a whole part")).collect();
        let there = sorted(there);
        let mut all = expected.iter();
        assert!(there.iter().all(|row| all.any(|other| other == row)), "after {kills} kills");
        taken_over += there.len();
        if ended || kills % 8 == 0 {
            ends += 1;
            let ran = workspace.ser(&arguments("answers")).exits(1);
            assert_eq!(in_folder(&workspace, "answers"), expected, "after {kills} kills{}", ran.stderr);
            let items = fs::read_dir(workspace.path("answers")).expect("folder").count();
            assert_eq!(items, part_files(&workspace.path("answers")).expect("parts").len(), "nothing half is left");
            fs::remove_dir_all(workspace.path("answers")).expect("folder");
        }
    }
    assert!(ends >= KILLS / 8 && taken_over > 0, "{ends} ends, {taken_over} rows were there");
}

/// A second call would take away what the first one writes.
#[cfg(target_os = "linux")]
#[test]
fn two_calls_do_not_write_into_one_folder() {
    let workspace = Workspace::with_default_pipeline();
    workspace.write("new/a.wav", wav(16_000, 1.0, 180.0, 0.5));
    fs::create_dir(workspace.path("answers")).expect("folder");
    let held = fs::File::open(workspace.path("answers")).expect("folder");
    held.try_lock().expect("nobody else has it");
    let predict = || workspace.ser(&["predict", "new", "--model", &model("linear"), "--parts", "answers"]);
    predict().exits(1).tells("another `ser predict` writes answers into `answers`");
    drop(held);
    predict().exits(0);
}

#[test]
fn other_programs_read_the_folder_as_one_table() {
    let Some(python) = python::with(&["polars", "duckdb"], "readers of answers", "polars duckdb") else { return };
    let workspace = Workspace::with_default_pipeline();
    recordings(&workspace, 700);
    let model = model("linear");
    workspace.ser(&["predict", "new", "--by-window", "--model", &model, "--parts", "answers"]).exits(1);
    let rows = in_folder(&workspace, "answers");
    let script = format!(
        "import os, sys\n\
         sys.path.insert(0, {module:?})\n\
         os.environ['SER_PROGRAM'] = {program:?}\n\
         import duckdb, polars as pl, ser\n\
         rows = {rows}\n\
         frame = pl.scan_parquet('answers/*.parquet')\n\
         assert frame.collect().height == rows\n\
         [(count, without)] = duckdb.sql(\"select count(*), count(error) from 'answers/*.parquet'\").fetchall()\n\
         assert (count, without) == (rows, {without}), (count, without)\n\
         read = ser.answers('answers')\n\
         again = ser.predict('new', model={model:?}, by_window=True, parts='answers')\n\
         assert read.equals(again) and read.height == rows\n\
         plain = ser.predict('new', model={model:?}, by_window=True).sort('path', maintain_order=True)\n\
         assert read.equals(plain), (read, plain)\n\
         assert ser.answers(next(iter(sorted(os.scandir('answers'), key=lambda item: item.name))).path).height < rows\n",
        module = source_root().join("python").canonicalize().expect("the module").display().to_string(),
        program = env!("CARGO_BIN_EXE_ser"),
        rows = rows.len(),
        without = rows.iter().filter(|row| row.error.is_some()).count(),
    );
    python::run(&python, &script, &workspace.path(""));
}
