//! Stages that run, their reasons, and their failures.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ser_engine::{EngineError, RunOptions, RunRecord, RunStatus, StageStatus, plan, run};
use ser_stage::SpecCover;

use crate::fake::{Log, Place, registry_with};

const PIPELINE: &str = r#"
name = "test"

[stage.a]
kind = "source"
root = "number"

[stage.w]
kind = "work"
from = "a"

[stage.v]
kind = "work"
from = ["a", "w"]

[stage.r]
kind = "report"
from = "v"
"#;

/// The same pipeline with another act of `w`.
fn acting(act: &str) -> String {
    PIPELINE.replacen("from = \"a\"\n", &format!("from = \"a\"\nact = \"{act}\"\n"), 1)
}

#[test]
fn a_first_run_runs_everything_and_a_second_nothing() {
    let place = Place::new(PIPELINE);
    assert_eq!(place.stale(), ["a: never run", "w: never run", "v: never run", "r: never run"]);
    let (record, log) = place.run();
    assert_eq!(record.status, RunStatus::Done, "{:?}", log.lines());
    insta::assert_snapshot!(log.lines().join("\n"), @r#"
    start a: never run
    done a: 1 rows, one number
    start w: never run
    done w: 1 rows, 1 inputs
    start v: never run
    done v: 2 rows, 2 inputs
    start r: never run
    done r: 1 rows,
    "#);
    assert_eq!(log.advanced.load(Ordering::Relaxed), 4);
    insta::assert_snapshot!(place.read("artifacts/v/out.txt"), @r#"
    v seed 42 mels 64
    a (number): 7
    w (text): w seed 42 mels 64 / a (number): 7
    "#);
    assert!(place.stale().is_empty());

    let (record, log) = place.run();
    assert_eq!(record.status, RunStatus::Done);
    assert!(log.ran().is_empty());
    assert_eq!(log.lines()[1], "fresh w (1 rows)");
    assert_eq!(place.store().runs().len(), 1, "a run with nothing to do leaves no record");
}

#[test]
fn nothing_is_left_behind_but_results_and_records() {
    let place = Place::new(PIPELINE);
    place.run();
    assert_eq!(place.names("artifacts"), [".ser", "a", "r", "v", "w"]);
    assert_eq!(place.names("artifacts/.ser"), ["lock", "objects", "runs", "stages", "state", "tmp", "work"]);
    assert_eq!(place.names("artifacts/.ser/stages"), ["a.json", "r.json", "v.json", "w.json"]);
    assert!(place.names("artifacts/.ser/tmp").is_empty());
    assert!(place.names("artifacts/.ser/work").is_empty());
    assert_eq!(place.read("artifacts/.ser/lock"), "");
    let record = &place.store().runs()[0];
    assert_eq!(record.stages.len(), 4);
    assert_eq!(record.text, PIPELINE);
    assert!(record.finished.is_some());
}

#[test]
fn comments_order_formatting_and_written_out_defaults_are_no_changes() {
    let place = Place::new(PIPELINE);
    place.run();
    place.edit(
        "# other\nseed=42\nname='renamed'\n[stage.r]\nkind='report'\nfrom=['v']\n[stage.v]\nfrom=['w','a']\nkind='work'\n\
         [stage.w]\nshare=0.1\nkind='work'\nn_mels=64\nfrom=['a']\nsteps=[]\n[stage.a]\nroot='number'\nadd=0\nkind='source'\n",
    );
    assert_eq!(
        place.stale(),
        ["r: the pipeline that it shows changed"],
        "only what shows the pipeline's name sees the new one"
    );
}

#[test]
fn every_reason_is_told_in_words() {
    let mut place = Place::new(PIPELINE);
    place.run();
    place.set(&["w.n_mels=80", "w.frames.hop_ms=5"]);
    assert_eq!(
        place.stale(),
        [
            "w: frames.hop_ms 10 → 5; n_mels 64 → 80",
            "v: waits for `w`",
            "r: the pipeline that it shows changed; waits for `v`"
        ]
    );
    place.set(&["seed=7"]);
    assert_eq!(
        place.stale(),
        [
            "w: seed 42 → 7",
            "v: seed 42 → 7; waits for `w`",
            "r: seed 42 → 7; the pipeline that it shows changed; waits for `v`"
        ]
    );
    place.set(&["v.from=[\"a\"]"]);
    assert_eq!(place.stale(), ["v: no longer reads `w`", "r: the pipeline that it shows changed; waits for `v`"]);
    place.set(&[]);
    place.registry = registry_with(2, SpecCover::Parameters);
    assert_eq!(place.stale(), ["w: code version 1 → 2", "v: code version 1 → 2; waits for `w`", "r: waits for `v`"]);
    place.registry = registry_with(1, SpecCover::Parameters);
    place.write("number", "8");
    assert_eq!(place.stale()[0], "a: the files it reads changed: number 7 → number 8");
    assert_eq!(place.stale()[1], "w: waits for `a`");
    place.write("number", "7");
    fs::remove_file(place.path("artifacts/w/sub/more.txt")).unwrap();
    place.write("artifacts/v/out.txt", "edited");
    assert_eq!(place.stale()[0], "w: `sub/more.txt` is missing");
    assert!(place.stale()[1].starts_with("v: `out.txt` was changed: "), "{}", place.stale()[1]);
    place.run();
    assert!(place.stale().is_empty());
}

#[test]
fn an_input_that_changed_in_an_earlier_run_is_named() {
    let place = Place::new(PIPELINE);
    place.run();
    place.write("number", "8");
    place.run_with(&RunOptions { targets: vec!["w".to_owned()], ..RunOptions::default() });
    assert_eq!(place.stale(), ["v: input `a` changed; input `w` changed", "r: waits for `v`"]);
}

#[test]
fn a_stage_that_shows_the_text_is_no_staler_for_a_comment() {
    let mut place = Place::new(PIPELINE);
    place.registry = registry_with(1, SpecCover::Text);
    place.run();
    assert!(place.read("artifacts/r/index.html").contains("\"text\":\"\\nname"));
    place.edit(&format!("{PIPELINE}# a comment\n"));
    assert!(place.stale().is_empty());
    place.edit(&PIPELINE.replace("\"test\"", "\"renamed\""));
    assert_eq!(place.stale(), ["r: the pipeline that it shows changed"]);
}

#[test]
fn the_plan_is_what_a_run_does() {
    let place = Place::new(PIPELINE);
    let planned = place.stale();
    let (_, log) = place.run();
    let ran: Vec<String> =
        log.lines().iter().filter_map(|line| line.strip_prefix("start ").map(str::to_owned)).collect();
    assert_eq!(planned, ran);
    let json = serde_json::to_value(place.plan()).unwrap();
    assert_eq!(json["steps"][0]["stale"], false);
    assert_eq!(json["steps"][0]["why"], "fresh");
}

#[test]
fn targets_bring_what_they_read_and_nothing_else() {
    let place = Place::new(PIPELINE);
    let (_, log) = place.run_with(&RunOptions { targets: vec!["w".to_owned()], ..RunOptions::default() });
    assert_eq!(log.ran(), ["a", "w"]);
    let unknown = plan(&place.pipeline(), &place.store(), &["vv".to_owned()], false).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no stage `vv`");
    assert_eq!(unknown.hint().unwrap(), "did you mean `v`? stages: `a`, `w`, `v`, `r`");
}

#[test]
fn force_runs_what_is_fresh() {
    let place = Place::new(PIPELINE);
    place.run();
    let (_, log) = place.run_with(&RunOptions { force: true, ..RunOptions::default() });
    assert_eq!(log.ran(), ["a", "w", "v", "r"]);
    assert!(log.lines().contains(&"start w: forced".to_owned()));
    assert!(log.lines().iter().all(|line| !line.starts_with("unchanged")), "{:?}", log.lines());
}

#[test]
fn a_failure_stops_the_run_and_keeps_the_old_result() {
    let place = Place::new(PIPELINE);
    place.run();
    let before = place.read("artifacts/w/out.txt");
    place.edit(&acting("fail"));
    let (record, log) = place.run();
    assert_eq!(record.status, RunStatus::Failed);
    insta::assert_snapshot!(log.lines().join("\n"), @r#"
    fresh a (1 rows)
    start w: act "" → fail
    failed w: the work failed (-)
    skipped v because of w
    skipped r because of w
    "#);
    assert_eq!(place.read("artifacts/w/out.txt"), before);
    assert!(place.names("artifacts/.ser/tmp").is_empty());
    assert_eq!(record.stages[1].error.as_deref(), Some("the work failed"));
    place.edit(PIPELINE);
    assert!(place.stale().is_empty(), "the results of the old parameters are still there");
}

#[test]
fn only_what_a_run_made_or_found_valid_is_its_outcome() {
    let valid =
        |record: &RunRecord| -> Vec<String> { record.valid().into_iter().map(|stage| stage.stage.clone()).collect() };
    let place = Place::new(PIPELINE);
    assert_eq!(valid(&place.run().0), ["a", "w", "v", "r"]);
    assert_eq!(valid(&place.run().0), ["a", "w", "v", "r"], "found fresh");
    let target = RunOptions { targets: vec!["w".to_owned()], ..RunOptions::default() };
    assert_eq!(valid(&place.run_with(&target).0), ["a", "w"]);

    let other = "[stage.other]\nkind = \"work\"\nfrom = \"a\"\n";
    place.edit(&(acting("fail") + other));
    let (record, _) = place.run();
    assert!(place.path("artifacts/r/index.html").exists(), "the last good result is still there");
    assert_eq!(valid(&record), ["a"], "neither it nor what was not started counts");
    let on = RunOptions { keep_going: true, ..RunOptions::default() };
    assert_eq!(valid(&place.run_with(&on).0), ["a", "other"]);

    place.edit(PIPELINE);
    place.write("number", " 7 ");
    let (record, log) = place.run();
    assert_eq!(log.ran(), ["a"]);
    assert_eq!(valid(&record), ["a", "w", "v", "r"], "what waited and came out the same is valid");

    place.edit(&PIPELINE.replace("[stage.v]\n", "[stage.v]\nn_mels = 80\n"));
    place.cancel.store(true, Ordering::Relaxed);
    let (record, _) = place.run();
    assert_eq!(record.status, RunStatus::Cancelled);
    assert_eq!(valid(&record), ["a", "w"]);
}

#[test]
fn one_stage_run_alone_with_other_values_leads_nobody_astray() {
    let mut place = Place::new(PIPELINE);
    place.run();
    let results = |place: &Place| {
        ["a/out.txt", "w/out.txt", "v/out.txt", "r/index.html"].map(|file| place.read(&format!("artifacts/{file}")))
    };
    let undisturbed = results(&place);
    place.set(&["w.n_mels=80"]);
    place.run_with(&RunOptions { targets: vec!["w".to_owned()], force: true, ..RunOptions::default() });
    place.set(&[]);
    assert_eq!(place.stale(), ["w: n_mels 80 → 64", "v: waits for `w`", "r: waits for `v`"]);
    let (record, _) = place.run();
    assert_eq!(record.status, RunStatus::Done);
    assert_eq!(results(&place), undisturbed);
    assert!(place.stale().is_empty());
}

#[test]
fn what_a_stage_refuses_stays_until_it_is_tried_again_or_its_result_is_valid() {
    let place = Place::new(PIPELINE);
    place.run();
    let refused = place.store().refused_dir("w");
    let kept = || fs::read_to_string(refused.join("out.txt")).unwrap_or_default();
    place.edit(&acting("refuse"));
    assert_eq!(place.run().0.status, RunStatus::Failed);
    assert!(kept().contains("mels 64"), "{}", kept());
    place.edit(&acting("refuse").replace("act =", "n_mels = 32\nact ="));
    place.run();
    assert!(kept().contains("mels 32"), "{}", kept());
    place.edit(&acting("fail"));
    place.run();
    assert!(!refused.exists(), "it was tried again, and failed for another reason");
    place.edit(&acting("refuse"));
    place.run();
    assert!(refused.exists());
    place.edit(PIPELINE);
    let (record, log) = place.run();
    assert_eq!((record.status, log.ran()), (RunStatus::Done, vec![]));
    assert!(!refused.exists(), "the old result is valid again");
}

#[test]
fn keep_going_runs_what_does_not_depend_on_a_failure() {
    let text = acting("fail") + "[stage.other]\nkind = \"work\"\nfrom = \"a\"\n";
    let place = Place::new(&text);
    let (record, log) = place.run_with(&RunOptions { keep_going: true, ..RunOptions::default() });
    assert_eq!(log.ran(), ["a", "w", "other"]);
    assert!(log.lines().contains(&"skipped r because of w".to_owned()), "{:?}", log.lines());
    assert_eq!(record.stages[2].status, StageStatus::Skipped { because: "w".to_owned() });
    assert_eq!(record.status, RunStatus::Failed);
}

#[test]
fn panics_missing_outputs_and_full_disks_are_failures_with_advice() {
    let place = Place::new(&acting("panic"));
    let failure = |log: &Log| log.lines().into_iter().find(|line| line.starts_with("failed")).unwrap();
    insta::assert_snapshot!(failure(&place.run().1), @"failed w: the program made a mistake: index 3 out of range (please report this, with the pipeline file and the lines above)");
    place.edit(&acting("forget"));
    insta::assert_snapshot!(failure(&place.run().1), @"failed w: the stage ended well but did not write `sub/more.txt` (this is a mistake of the program: please report it)");
    place.edit(&acting("full"));
    insta::assert_snapshot!(failure(&place.run().1), @"failed w: no space left (free some space, then run again: finished stages are kept)");
    place.edit(PIPELINE);
    fs::remove_file(place.path("number")).unwrap();
    insta::assert_snapshot!(failure(&place.run().1), @"failed a: what it reads from outside the pipeline cannot be used: No such file or directory (os error 2) (put that right, or the parameter that names it)");
    assert_eq!(place.stale()[1], "w: never run");
}

#[test]
fn independent_stages_run_side_by_side() {
    // Each of the two waits until it is stopped: both can only have started if neither waits for the other.
    let text = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'number'\n\
                [stage.w]\nkind = 'work'\nfrom = 'a'\nact = 'slow'\n[stage.v]\nkind = 'work'\nfrom = 'a'\nact = 'slow'\n";
    let place = Place::new(text);
    let (pipeline, store, log) = (place.pipeline(), place.store(), Log::default());
    let record = thread::scope(|scope| {
        let options = RunOptions { jobs: 2, ..RunOptions::default() };
        let (pipeline, store, log, cancel) = (&pipeline, &store, &log, &place.cancel);
        let worker = scope.spawn(move || run(pipeline, store, &options, log, cancel).unwrap());
        while log.ran().len() < 3 {
            thread::yield_now();
        }
        cancel.store(true, Ordering::Relaxed);
        worker.join().unwrap()
    });
    assert_eq!(record.status, RunStatus::Cancelled);
    assert_eq!(record.stages[1].status, StageStatus::Cancelled);
    assert_eq!(record.stages[2].status, StageStatus::Cancelled);
    assert_eq!(place.names("artifacts/.ser/work"), ["v", "w"], "checkpoints stay");
}

#[test]
fn a_cancelled_run_starts_nothing_more() {
    let place = Place::new(PIPELINE);
    place.cancel.store(true, Ordering::Relaxed);
    let (record, log) = place.run();
    assert_eq!(record.status, RunStatus::Cancelled);
    assert!(log.ran().is_empty());
}

#[test]
fn a_second_run_is_told_who_works_there() {
    let place = Place::new(&acting("slow"));
    let (pipeline, store, log) = (place.pipeline(), place.store(), Log::default());
    thread::scope(|scope| {
        let (pipeline, store, log, cancel) = (&pipeline, &store, &log, &place.cancel);
        let worker = scope.spawn(move || run(pipeline, store, &RunOptions::default(), log, cancel).unwrap());
        while !log.ran().contains(&"w".to_owned()) {
            thread::yield_now();
        }
        let refused =
            run(pipeline, store, &RunOptions::default(), &Log::default(), &AtomicBool::new(false)).unwrap_err();
        let EngineError::Locked { holder: Some(holder), .. } = &refused else { panic!("{refused}") };
        assert_eq!(holder.pid, std::process::id());
        assert!(refused.to_string().contains(&format!(": process {}", holder.pid)), "{refused}");
        assert!(refused.to_string().contains("since 2"), "{refused}");
        cancel.store(true, Ordering::Relaxed);
        worker.join().unwrap();
    });
}

#[test]
fn folders_that_are_not_ours_are_never_replaced() {
    let place = Place::new(PIPELINE);
    fs::create_dir(place.path("artifacts")).unwrap();
    place.write("artifacts/thesis.txt", "mine");
    let refused = run(&place.pipeline(), &place.store(), &RunOptions::default(), &Log::default(), &place.cancel);
    assert!(matches!(refused.unwrap_err(), EngineError::NotArtifacts { .. }));
    fs::remove_file(place.path("artifacts/thesis.txt")).unwrap();
    place.run_with(&RunOptions { targets: vec!["a".to_owned()], ..RunOptions::default() });
    fs::create_dir(place.path("artifacts/w")).unwrap();
    place.write("artifacts/w/thesis.txt", "mine");
    let refused = run(&place.pipeline(), &place.store(), &RunOptions::default(), &Log::default(), &place.cancel);
    let error = refused.unwrap_err();
    assert!(matches!(error, EngineError::ForeignFolder { .. }), "{error}");
    assert_eq!(place.read("artifacts/w/thesis.txt"), "mine");
}

#[test]
fn an_artifacts_folder_that_cannot_be_made_is_named() {
    let place = Place::new(PIPELINE);
    place.write("artifacts", "a file");
    let refused = run(&place.pipeline(), &place.store(), &RunOptions::default(), &Log::default(), &place.cancel);
    let error = refused.unwrap_err();
    assert!(error.to_string().starts_with("cannot create `"), "{error}");
    assert!(error.hint().unwrap().contains("a file stands where a folder is needed"), "{:?}", error.hint());
}
