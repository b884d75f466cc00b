//! A second run does what changed, says why, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::small;
use crate::util::{Workspace, skipped, wav};

/// States and reasons of all stages, by name.
fn status(workspace: &Workspace) -> BTreeMap<String, String> {
    let status = workspace.ser(&["status", "--json"]).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    status["stages"]
        .as_array()
        .expect("stages")
        .iter()
        .map(|stage| (text(&stage["stage"]), format!("{}: {}", text(&stage["state"]), text(&stage["why"]))))
        .collect()
}

/// Stages that a run carried out, and those that waited and were spared.
fn run(workspace: &Workspace, arguments: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut all = vec!["run", "--json"];
    all.extend(arguments);
    let record = workspace.ser(&all).exits(0).json();
    let with = |status: &str| -> Vec<String> {
        let stages = record["stages"].as_array().expect("stages").iter();
        stages
            .filter(|stage| stage["status"] == status)
            .filter_map(|stage| Some(stage["stage"].as_str()?.to_owned()))
            .collect()
    };
    (with("done"), with("unchanged"))
}

/// Every file below `folder` with its size and time.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("entry"))
        .map(|entry| {
            let metadata = entry.metadata().expect("metadata");
            (entry.path().to_owned(), (metadata.len(), metadata.modified().expect("time")))
        })
        .collect()
}

#[test]
fn changes_cost_what_depends_on_them() {
    let workspace = small::workspace();
    workspace.ser(&["status", "--exit-code"]).exits(3).says("never run");
    let (done, _) = run(&workspace, &[]);
    assert_eq!(done.len(), 9);
    workspace.ser(&["status", "--exit-code"]).exits(0);
    assert_eq!(run(&workspace, &[]), (vec![], vec![]));

    // Nothing that means anything.
    for file in walkdir::WalkDir::new(workspace.path("data")).into_iter().filter_map(Result::ok) {
        if file.file_type().is_file() {
            let file = fs::File::options().write(true).open(file.path()).expect("clip");
            file.set_modified(SystemTime::now() - Duration::from_mins(5)).expect("time");
        }
    }
    let text = fs::read_to_string(workspace.path("pipeline.toml")).expect("pipeline");
    workspace.write("pipeline.toml", text.replace("[stage.audit]", "# The audit\n[ stage.audit ]"));
    let before = snapshot(&workspace.path("artifacts"));
    assert!(status(&workspace).values().all(|state| state == "fresh: fresh"), "{:?}", status(&workspace));
    assert_eq!(snapshot(&workspace.path("artifacts")), before, "status writes nothing");
    assert_eq!(run(&workspace, &[]), (vec![], vec![]));

    // A file replaced.
    workspace.write("data/ravdess/Actor_03/03-01-03-01-01-01-03.wav", wav(16_000, 0.4, 999.0, 0.5));
    let told = status(&workspace);
    assert_eq!(told["ravdess"], "stale: 1 file changed: Actor_03/03-01-03-01-01-01-03.wav");
    assert_eq!(told["tess"], "fresh: fresh");
    assert_eq!(told["manifest"], "waiting: waits for `ravdess`");
    assert_eq!(told["net"], "waiting: waits for `manifest` and 2 more");
    workspace.ser(&["status", "--exit-code"]).exits(3).says("waiting");
    workspace.ser(&["run", "--dry-run"]).exits(0).says("waits for `ravdess`");
    let (done, unchanged) = run(&workspace, &[]);
    assert!(done.contains(&"features".to_owned()) && !done.contains(&"tess".to_owned()), "{done:?}");
    assert!(unchanged.iter().all(|stage| told[stage].starts_with("waiting")), "{unchanged:?}");

    // A parameter that changes nothing here: no clip is as short as that.
    let (done, unchanged) = run(&workspace, &["-S", "manifest.min_duration_s=0.31"]);
    assert_eq!(done, ["manifest", "report"], "the report shows the parameters of all stages");
    assert_eq!(unchanged, ["audit", "features", "folds", "net", "evaluation"]);
    workspace.ser(&["status", "-S", "features.log_mel.n_mels=80"]).exits(0).says("log_mel.n_mels 64 → 80");
}

#[test]
fn a_result_edited_by_hand_is_made_again_and_stops_there_and_what_went_is_missed() {
    let workspace = small::workspace();
    workspace.ser(&["run", "audit"]).exits(0).tells("4 of 4 stages run");
    let path = workspace.path("artifacts/manifest/exclusions.parquet");
    let whole = fs::read(&path).expect("table");
    let mut edited = whole.clone();
    edited[whole.len() / 2] ^= 1;
    fs::write(&path, &edited).expect("table");
    workspace.ser(&["status"]).exits(0).says("`exclusions.parquet` was changed: as long as before");
    let (done, unchanged) = run(&workspace, &["audit"]);
    assert_eq!((done, unchanged), (vec!["manifest".to_owned()], vec!["audit".to_owned()]));
    assert_eq!(fs::read(&path).expect("table"), whole);
    workspace.ser(&["run", "audit"]).exits(0).tells("0 of 4 stages run");
    workspace.ser(&["run", "folds", "-S", "folds.folds=3"]).exits(0).tells("1 of 4 stages run");
    fs::remove_file(workspace.path("artifacts/audit/balance.parquet")).expect("a result");
    fs::remove_file(workspace.path("data/ravdess/Actor_03/03-01-03-01-01-01-03.wav")).expect("a clip");
    let told = workspace.ser(&["status"]).exits(0).says("`balance.parquet` is missing");
    told.says("1 file removed: Actor_03/03-01-03-01-01-01-03.wav");
}

#[test]
fn a_second_run_is_told_who_works_there_and_since_when() {
    let workspace = small::workspace();
    let mut long = Command::new(env!("CARGO_BIN_EXE_ser"))
        .args(["run", "-S", "net.epochs=1000"])
        .current_dir(workspace.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let lock = workspace.path("artifacts/.ser/lock");
    let start = Instant::now();
    while !fs::read_to_string(&lock).is_ok_and(|text| text.contains("since")) {
        assert!(start.elapsed() < Duration::from_mins(1), "the run never took the lock");
        std::thread::sleep(Duration::from_millis(5));
    }
    let refused = workspace.ser(&["run"]).exits(1).tells("another run works in").tells("since 20");
    assert!(refused.stderr.contains(&format!("process {}", long.id())), "{}", refused.stderr);
    workspace.ser(&["status"]).exits(0);
    long.kill().expect("kill");
    long.wait().expect("wait");
    workspace.ser(&["run", "manifest"]).exits(0).tells("taking over");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_a_clear_error_and_the_next_run_goes_on() {
    let workspace = small::workspace();
    // A small file system of its own, in a namespace of its own, filled up while stages run.
    let script = "mkdir full && mount -t tmpfs -o size=600k tmpfs full && exec \"$0\" run --artifacts full/artifacts";
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, env!("CARGO_BIN_EXE_ser")])
        .current_dir(workspace.path(""))
        .env("NO_COLOR", "1")
        .output();
    let Ok(output) = output else { return skipped("there is no `unshare`") };
    let told = String::from_utf8_lossy(&output.stderr);
    if !told.contains("ravdess") {
        return skipped("this system gives no file system of one's own");
    }
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left on device"), "{told}");
    assert!(told.contains("free some space, then run again"), "{told}");
}

#[cfg(unix)]
#[test]
fn artifacts_that_cannot_be_written_are_a_clear_error() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let workspace = small::workspace();
    workspace.ser(&["run", "manifest"]).exits(0);
    for entry in walkdir::WalkDir::new(workspace.path("")).into_iter().filter_map(Result::ok) {
        let mode = if entry.file_type().is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)).expect("permissions");
    }
    let ser = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ser"));
        command.args(arguments).current_dir(workspace.path("")).env("NO_COLOR", "1");
        // The superuser writes everywhere, so nobody has to do it.
        if fs::write(workspace.path("artifacts/probe"), "").is_ok() {
            command.uid(65_534).gid(65_534);
        }
        command.output()
    };
    let refused = ser(&["run", "-S", "manifest.min_duration_s=0.31"]);
    let status = ser(&["status"]);
    for entry in walkdir::WalkDir::new(workspace.path("")).into_iter().filter_map(Result::ok) {
        if entry.file_type().is_dir() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
        }
    }
    let (Ok(refused), Ok(status)) = (refused, status) else { return skipped("another user may not run the program") };
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("Permission denied") && told.contains("use another folder with `--artifacts`"), "{told}");
    assert!(status.status.success(), "looking writes nothing: {}", String::from_utf8_lossy(&status.stderr));
}
