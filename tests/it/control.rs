//! Names that a terminal would obey: they are shown, on whatever stream and by whatever command.

use crate::small;
use crate::util::{Ran, Workspace, demo_run, wav};

const PIPELINE: &str = "name = \"odd\"\n\
    [stage.savee]\nkind = \"ingest\"\ncorpus = \"savee\"\nroot = \"corpus\"\n\
    [stage.manifest]\nkind = \"manifest\"\nfrom = \"savee\"\n\
    [stage.audit]\nkind = \"audit\"\nfrom = \"manifest\"\n";

/// Retitles and clears a terminal, in seven and in eight bits, turns the direction, and begins a line.
const ODD: &str = "a\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\rb\nerror: all is lost";

/// Asserts that a terminal obeys nothing of what was printed, line feeds apart.
#[track_caller]
fn harmless(ran: Ran) -> Ran {
    for text in [&ran.stdout, &ran.stderr] {
        let obeyed = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(obeyed), "{text:?}");
    }
    assert!(!ran.stderr.contains("\nerror: all is lost"), "a name began a line:\n{}", ran.stderr);
    ran
}

fn odd_corpus() -> Workspace {
    let workspace = Workspace::with_pipeline(PIPELINE);
    workspace.write("corpus/DC/a01.wav", wav(16_000, 1.0, 220.0, 0.5));
    workspace.write("corpus/DC/n01.wav", wav(16_000, 1.0, 260.0, 0.5));
    workspace.write(&format!("corpus/{ODD}/a02.wav"), wav(16_000, 1.0, 300.0, 0.5));
    workspace.write(&format!("corpus/DC/{ODD}.wav"), "no audio");
    workspace
}

#[cfg(unix)]
#[test]
fn names_of_files_are_shown_by_every_command_that_tells_them() {
    let workspace = odd_corpus();
    std::os::unix::fs::symlink("..", workspace.path(&format!("corpus/DC/{ODD}"))).expect("link");
    let ran = harmless(workspace.ser(&["run"]).exits(0));
    assert!(ran.stderr.contains("\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{202e}"), "{}", ran.stderr);
    std::fs::remove_file(workspace.path(&format!("corpus/DC/{ODD}.wav"))).expect("removed");
    for arguments in [
        &["status"][..],
        &["run", "--dry-run"],
        &["run"],
        &["diff"],
        &["runs"],
        &["audit"],
        &["gc"],
        &["graph"],
        &["corpora", "check", "corpus", "--corpus", "savee"],
    ] {
        harmless(workspace.ser(arguments).exits(0));
    }
    for arguments in [
        &["status", "--json"][..],
        &["run", "--json"],
        &["diff", "--json"],
        &["runs", "--json"],
        &["audit", "--json"],
        &["corpora", "check", "corpus", "--corpus", "savee", "--json"],
    ] {
        harmless(workspace.ser(arguments).exits(0)).json();
    }
}

#[cfg(unix)]
#[test]
fn names_on_the_command_line_and_in_the_pipeline_file_are_shown_too() {
    let workspace = odd_corpus();
    harmless(workspace.ser(&["--file", ODD, "run"]).exits(2));
    harmless(workspace.ser(&["run", ODD]).exits(2));
    harmless(workspace.ser(&["predict", &format!("--{ODD}.wav")]).exits(2));
    harmless(workspace.ser(&["diff", ODD, ODD]).exits(2));
    harmless(workspace.ser(&["corpora", "new", ODD]).exits(2));
    harmless(workspace.ser(&["corpora", "check", ODD, "--corpus", "savee"]).exits(2));
    harmless(workspace.ser(&["predict", ODD, "--model", ODD]).exits(2));
    harmless(workspace.ser(&["status", "-S", &format!("savee.root={ODD:?}")]));
    workspace.write("pipeline.toml", format!("{PIPELINE}# {ODD}\n[stage.x]\nkind = \"a\\u009B\\u001B[2J\"\n"));
    harmless(workspace.ser(&["status"]).exits(2)).tells("\\u{9b}");
    let root = "\"c\\u001B]0;x\\u0007\\u009B\"";
    workspace.write("pipeline.toml", PIPELINE.replace("\"corpus\"", root));
    harmless(workspace.ser(&["run"]).exits(1)).tells("\\u{9b}");
}

#[cfg(unix)]
#[test]
fn names_of_recordings_to_predict_are_shown() {
    let (trained, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let model = trained.path("artifacts/cnn_lstm");
    let model = model.to_str().expect("UTF-8");
    let workspace = small::workspace();
    workspace.write(&format!("new/{ODD}.wav"), wav(16_000, 1.5, 210.0, 0.5));
    workspace.write(&format!("new/{ODD} bad.wav"), "no audio");
    let ran = harmless(workspace.ser(&["predict", "new", "--model", model]).exits(1));
    assert!(ran.stdout.contains("\\u{1b}]0;owned") && ran.stderr.contains("\\u{1b}]0;owned"), "{}", ran.stdout);
    let ran = harmless(workspace.ser(&["predict", "new", "--json", "--model", model]).exits(1));
    let rows: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |path: String| rows.iter().find(|row| row["path"] == path).expect("every recording has a line");
    assert!(of(format!("new/{ODD}.wav"))["emotion"].is_string(), "{rows:?}");
    assert_eq!(of(format!("new/{ODD} bad.wav"))["error"], "unreadable");
}
