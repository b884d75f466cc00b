//! A run that died leaves the old result or the new one, and the next run puts everything right.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use ser_engine::{Override, Reporter, RunOptions, Spec, Stage, StageRun, Store, run};
use serde_json::Value;

use crate::fake::{Place, env, registry};

const PIPELINE: &str = "name = 't'\n[stage.a]\nkind = 'source'\nroot = 'number'\n\
                        [stage.w-2]\nkind = 'work'\nfrom = 'a'\nact = 'resume'\n";

/// Empties the fingerprint of a record, as a run does before it replaces a result.
fn interrupt(place: &Place, stage: &str) {
    let name = format!("artifacts/.ser/stages/{stage}.json");
    let mut record: Value = serde_json::from_str(&place.read(&name)).unwrap();
    record["fingerprint"] = Value::from("");
    place.write(&name, &record.to_string());
}

#[test]
fn leftovers_of_dead_runs_are_removed() {
    let place = Place::new(PIPELINE);
    place.run();
    fs::create_dir_all(place.path("artifacts/.ser/tmp/w-2-999/sub")).unwrap();
    place.write("artifacts/.ser/tmp/w-2-999/sub/half.txt", "ha");
    fs::create_dir_all(place.path("artifacts/.ser/tmp/w-2-999.old")).unwrap();
    let (_, log) = place.run();
    assert!(log.ran().is_empty());
    assert!(place.names("artifacts/.ser/tmp").is_empty());
}

#[test]
fn killed_between_the_two_renames_the_old_result_comes_back_and_is_stale() {
    let place = Place::new(PIPELINE);
    place.run();
    let text = place.read("artifacts/w-2/out.txt");
    interrupt(&place, "w-2");
    fs::rename(place.path("artifacts/w-2"), place.path("artifacts/.ser/tmp/w-2-999.old")).unwrap();
    let (_, log) = place.run_with(&RunOptions { targets: vec!["a".to_owned()], ..RunOptions::default() });
    assert!(log.ran().is_empty());
    assert_eq!(place.read("artifacts/w-2/out.txt"), text);
    assert_eq!(place.stale(), ["w-2: its files were being replaced when a run was interrupted"]);
    place.run();
    assert!(place.stale().is_empty());
}

#[test]
fn killed_before_the_record_is_written_the_new_files_are_not_taken_for_the_old() {
    let mut place = Place::new(PIPELINE);
    place.run();
    // The files of other parameters are in place, of the same size as before.
    interrupt(&place, "w-2");
    let text = place.read("artifacts/w-2/out.txt");
    place.write("artifacts/w-2/out.txt", &text.replace("mels 64", "mels 80"));
    place.run();
    assert_eq!(place.read("artifacts/w-2/out.txt"), text);
    place.set(&["w-2.n_mels=80"]);
    place.run();
    assert_eq!(place.read("artifacts/w-2/out.txt"), text.replace("mels 64", "mels 80"));
}

#[test]
fn damaged_records_make_a_stage_stale() {
    let place = Place::new(PIPELINE);
    place.run();
    for damage in ["", "{", "[1]", "{\"format\": 99}"] {
        place.write("artifacts/.ser/stages/w-2.json", damage);
        assert_eq!(place.stale(), ["w-2: its record is damaged or of another version of this program"]);
    }
    place.run();
    assert!(place.stale().is_empty());
}

#[test]
fn the_lock_of_a_dead_process_is_taken_over() {
    let place = Place::new(PIPELINE);
    place.run();
    place.write("artifacts/.ser/lock", r#"{"pid":999,"host":"h","since":"2026-01-01T00:00:00Z"}"#);
    let (_, log) = place.run();
    assert_eq!(
        log.lines()[0],
        "warning -: the last run ended without letting go of the lock (process 999 on h, since 2026-01-01T00:00:00Z); taking over"
    );
    place.write("artifacts/.ser/lock", "nonsense");
    assert_eq!(place.run().1.lines()[0], "fresh a (1 rows)");
}

#[test]
fn an_interrupted_stage_goes_on_from_its_checkpoint() {
    let mut place = Place::new(PIPELINE);
    place.write("stop", "");
    assert!(place.run().1.lines().contains(&"warning w-2: from scratch".to_owned()));
    // Other parameters must not see that checkpoint.
    place.set(&["w-2.n_mels=80"]);
    assert!(place.run().1.lines().contains(&"warning w-2: from scratch".to_owned()));
    place.set(&[]);
    fs::remove_file(place.path("stop")).unwrap();
    let (record, log) = place.run();
    assert!(log.lines().contains(&"warning w-2: resumed".to_owned()));
    assert_eq!(record.stages[1].warnings, ["resumed"]);
    assert!(place.names("artifacts/.ser/work").is_empty(), "removed once it is done");
    let (record, _) = place.run();
    assert_eq!(record.stages[1].warnings, ["resumed"], "a fresh stage shows the warnings of its result");
}

#[test]
fn force_ignores_checkpoints() {
    let place = Place::new(PIPELINE);
    place.write("stop", "");
    place.run();
    let (_, log) = place.run_with(&RunOptions { force: true, ..RunOptions::default() });
    assert!(log.lines().contains(&"warning w-2: from scratch".to_owned()));
}

/// Names the folder in which the process to be killed works.
const VICTIM_DIR: &str = "SER_ENGINE_TEST_VICTIM";

/// Runs the pipeline again and again with parameters that alternate, telling each step, until it is killed.
#[test]
#[ignore = "only started by the test below, to be killed"]
fn victim() {
    struct Tell;
    impl Reporter for Tell {
        fn started(&self, _: &Stage, _: &[ser_engine::Reason]) {
            let _ = writeln!(std::io::stdout(), "step");
        }
        fn advance(&self, _: &str, _: u64) {
            let _ = writeln!(std::io::stdout(), "step");
        }
        fn finished(&self, _: &Stage, _: &StageRun) {
            let _ = writeln!(std::io::stdout(), "step");
        }
    }
    let dir = std::env::var_os(VICTIM_DIR).unwrap();
    let dir = Path::new(&dir);
    for mels in [80, 64].into_iter().cycle() {
        let set = [Override::new(format!("w-2.n_mels={mels}"))];
        let pipeline = Spec::load(&dir.join("pipeline.toml"), &registry(), &set, &env).unwrap();
        let store = Store::new(dir.join("artifacts"));
        run(&pipeline, &store, &RunOptions::default(), &Tell, &AtomicBool::new(false)).unwrap();
    }
}

#[test]
fn killed_at_any_step_a_stage_that_counts_as_fresh_is_whole() {
    let mut place = Place::new(PIPELINE);
    let expected = |mels: u32| format!("w-2 seed 42 mels {mels}\na (number): 7\n");
    for round in 0..24_usize {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::victim", "--ignored", "--nocapture"])
            .env(VICTIM_DIR, place.dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed after another number of steps each time, at whatever it does by then.
        let steps = BufReader::new(victim.stdout.take().unwrap())
            .lines()
            .filter(|line| line.as_ref().is_ok_and(|line| line.contains("step")));
        assert_eq!(steps.take(1 + round * 7 % 12).count(), 1 + round * 7 % 12, "the victim died by itself");
        victim.kill().unwrap();
        victim.wait().unwrap();
        for mels in [64, 80] {
            let set = format!("w-2.n_mels={mels}");
            place.set(&[set.as_str()]);
            if place.plan().steps[1].reasons.is_empty() {
                assert_eq!(place.read("artifacts/w-2/out.txt"), expected(mels), "round {round}");
                assert_eq!(place.read("artifacts/w-2/sub/more.txt"), "more");
            }
        }
        if round % 6 == 5 {
            place.run();
            assert!(place.stale().is_empty());
            assert_eq!(place.read("artifacts/w-2/out.txt"), expected(80));
            assert!(place.names("artifacts/.ser/tmp").is_empty());
        }
    }
}
