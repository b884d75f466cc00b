//! Outcome that a run reports at its end: its own results, never those of an earlier run that still lie there.

use std::fs::File;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::small;

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// Override that makes a stage fail before it has done anything.
const NO_NET: [&str; 2] = ["-S", "net.features=[\"nothing of the kind\"]"];
const NO_AUDIT: [&str; 2] = ["-S", "audit.fail_on=\"warning\""];

#[test]
fn a_run_names_only_what_it_made_or_found_fresh() {
    let workspace = small::workspace();
    let first = workspace.ser(&["run"]).exits(0).says("UAR [95 %]").says("Report: artifacts/report/index.html");
    assert_eq!(workspace.ser(&["run"]).exits(0).stdout, first.stdout, "all is fresh");
    let nothing = |arguments: &[&str], code: i32| {
        let ran = workspace.ser(arguments).exits(code);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    };

    // Evaluation and report are of the net before.
    nothing(&["run", NO_NET[0], NO_NET[1]], 1);
    nothing(&["run", NO_NET[0], NO_NET[1], "--keep-going"], 1);
    // The evaluation does not read the audit, the report does.
    let ran = workspace.ser(&["run", NO_AUDIT[0], NO_AUDIT[1]]).exits(1).says("UAR [95 %]");
    assert!(!ran.stdout.contains("Report"), "{}", ran.stdout);
    // Other features, and a net that fails on them, while another branch goes on.
    let arguments = ["run", "-S", "features.log_mel.n_mels=40", NO_NET[0], NO_NET[1], "--keep-going"];
    nothing(&arguments, 1);
    workspace.ser(&["run"]).exits(0).says("Report: ");

    nothing(&["run", "manifest"], 0);
    let ran = workspace.ser(&["run", "evaluation"]).exits(0).says("UAR [95 %]");
    assert!(!ran.stdout.contains("Report"), "{}", ran.stdout);
    let record = workspace.ser(&["run", NO_NET[0], NO_NET[1], "--json"]).exits(1).json();
    assert_eq!(record["status"], "failed");
    assert_eq!(record["stages"].as_array().map(Vec::len), Some(9));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_in_training_names_nothing() {
    let workspace = small::workspace();
    workspace.ser(&["run"]).exits(0).says("Report: ");
    let log = || std::fs::read_to_string(workspace.path("log")).expect("log");
    let mut child = workspace
        .command(&["run", "-S", "net.epochs=100000", "-S", "net.early_stopping=0"])
        .stdin(Stdio::null())
        .stdout(File::create(workspace.path("out")).expect("file"))
        .stderr(File::create(workspace.path("log")).expect("file"))
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while !log().contains(" net ") {
        assert!(start.elapsed() < PATIENCE, "training does not start:\n{}", log());
        sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let status = child.wait().expect("status");
    assert_eq!(status.code(), Some(1), "{}", log());
    assert_eq!(std::fs::read_to_string(workspace.path("out")).expect("stdout"), "", "{}", log());
    assert!(log().contains("stopped; finished stages and checkpoints are kept"), "{}", log());
}

#[test]
fn a_log_says_how_far_training_is_unless_it_is_to_be_quiet() {
    let workspace = small::workspace();
    let ran = workspace.ser(&["run"]).exits(0);
    for fold in ["fold 0 (1 of 2) is done, 2 epochs", "fold 1 (2 of 2) is done, 2 epochs"] {
        assert!(ran.stderr.contains(&format!("net: {fold}")), "{}", ran.stderr);
    }
    let quiet = workspace.ser(&["run", "--force", "--quiet"]).exits(0);
    assert!(!quiet.stderr.contains("is done"), "{}", quiet.stderr);
}
