//! `ser worker`: whoever helps, comes late or is killed, the tables are those of a run alone.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::kills::{Moments, results};
use crate::small;
use crate::util::{Ran, Workspace};

/// Processes that are hit while they work.
const KILLS: usize = 60;

/// Workers beside the run.
const WORKERS: usize = 2;

fn start(workspace: &Workspace, arguments: &[&str]) -> Child {
    let mut command = workspace.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// Results of a run alone, and how long it took.
fn alone() -> (BTreeMap<String, String>, Duration) {
    let workspace = small::workspace();
    let begin = Instant::now();
    workspace.ser(&["run"]).exits(0);
    (results(&workspace), begin.elapsed())
}

/// What a run leaves that died right after it began `stage`; `ser` runs the program in the workspace.
pub(crate) fn begin(workspace: &Workspace, stage: &str, ser: &dyn Fn(&[&str]) -> Ran) {
    let status = ser(&["status", "--json"]).exits(0).json();
    let stages = status["stages"].as_array().expect("stages");
    let fingerprint = stages.iter().find(|of| of["stage"] == stage).and_then(|of| of["fingerprint"].as_str());
    let fingerprint = fingerprint.unwrap_or_else(|| panic!("{stage} waits: {status}"));
    for folder in [&fingerprint[..16], "parts"] {
        fs::create_dir_all(workspace.path(&format!("artifacts/.ser/work/{stage}/{folder}"))).expect("folder");
    }
}

#[test]
fn a_run_finds_the_parts_and_the_networks_that_a_worker_computed() {
    let workspace = small::workspace();
    workspace.ser(&["run", "folds"]).exits(0);
    workspace.ser(&["worker", "--idle", "0.1"]).exits(0).tells("helped with 0 stages");

    begin(&workspace, "features", &|arguments| workspace.ser(arguments));
    workspace.ser(&["worker", "--idle", "0.1"]).exits(0).tells("helped with 1 stage");
    workspace.ser(&["run", "features"]).exits(0).tells("40 of 40 clips taken over");

    begin(&workspace, "net", &|arguments| workspace.ser(arguments));
    workspace.ser(&["worker", "net", "--idle", "0.1"]).exits(0).tells("helped with 1 stage");
    // As long as the networks are there, nothing is trained: these parameters would say otherwise in the history.
    workspace.ser(&["run"]).exits(0);
    assert_eq!(results(&workspace), alone().0);
    let left: Vec<_> = fs::read_dir(workspace.path("artifacts/.ser/work")).expect("work").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_worker_with_other_settings_says_so_and_does_nothing() {
    let workspace = small::workspace();
    workspace.ser(&["run", "folds"]).exits(0);
    begin(&workspace, "features", &|arguments| workspace.ser(arguments));
    let other = ["worker", "features", "--idle", "0.1", "-S", "features.log_mel.n_mels=40"];
    workspace.ser(&other).exits(0).tells("a run is at work on it with other parameters").tells("helped with 0 stages");
}

#[test]
fn workers_and_runs_may_die_at_any_moment() {
    let (expected, duration) = alone();
    let workspace = small::workspace();
    let mut moments = Moments(0x0005_eed0_f0d1);
    let worker = || start(&workspace, &["worker", "--idle", "60"]);
    let mut workers: Vec<Child> = (0..WORKERS).map(|_| worker()).collect();
    let mut kills = 0;
    while kills < KILLS {
        let mut run = start(&workspace, &["run"]);
        let mut done = false;
        for _ in 0..3 {
            sleep(duration.mul_f64(moments.next() * 0.5));
            let victim = (moments.next() * (WORKERS + 1) as f64) as usize;
            done = run.try_wait().expect("wait").is_some();
            if done {
                break;
            }
            if let Some(victim) = workers.get_mut(victim) {
                victim.kill().expect("kill");
                victim.wait().expect("wait");
                *victim = worker();
            } else {
                run.kill().expect("kill");
                run.wait().expect("wait");
                run = start(&workspace, &["run"]);
            }
            kills += 1;
        }
        let ended = run.wait().expect("wait");
        assert!(ended.success(), "after {kills} kills, done {done}");
        assert_eq!(results(&workspace), expected, "after {kills} kills");
        // A worker that is still at it would put back what is removed.
        end(&mut workers);
        fs::remove_dir_all(workspace.path("artifacts")).expect("artifacts");
        workers.extend((0..WORKERS).map(|_| worker()));
    }
    end(&mut workers);
}

fn end(workers: &mut Vec<Child>) {
    for mut worker in workers.drain(..) {
        worker.kill().expect("kill");
        worker.wait().expect("wait");
    }
}

#[test]
fn workers_end_when_nothing_is_stale() {
    let workspace = small::workspace();
    let mut worker = start(&workspace, &["worker", "--until-fresh"]);
    workspace.ser(&["run"]).exits(0);
    assert!(worker.wait().expect("wait").success());
    assert_eq!(results(&workspace), alone().0);
}
