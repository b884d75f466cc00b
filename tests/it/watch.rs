//! `ser watch`: waits for changes to settle, runs once, goes on.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ser_schemas::{Clip, Table as _};

use crate::util::{Workspace, skipped, wav};

const PIPELINE: &str = "name = \"watched\"\n\
    [stage.savee]\nkind = \"ingest\"\ncorpus = \"savee\"\nroot = \"data/corpus\"\n\
    [stage.manifest]\nkind = \"manifest\"\nfrom = \"savee\"\n";

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// A watcher at work; its lines go to `watch.log`, beside the pipeline file.
pub(crate) struct Watcher<'a> {
    workspace: &'a Workspace,
    child: Child,
}

impl<'a> Watcher<'a> {
    fn start(workspace: &'a Workspace, arguments: &[&str]) -> Self {
        Self::spawn(workspace, workspace.command(&[&["watch", "--settle", "0.3"], arguments].concat()))
    }

    pub(crate) fn spawn(workspace: &'a Workspace, mut command: Command) -> Self {
        let log = File::create(workspace.path("watch.log")).expect("log");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("the program starts");
        Self { workspace, child }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.workspace.path("watch.log")).expect("log")
    }

    /// Waits until `text` was told `times` times, and not once more.
    #[track_caller]
    pub(crate) fn tells(&self, text: &str, times: usize) {
        let start = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(start.elapsed() < PATIENCE, "{text:?} was not told {times} times:\n{}", self.log());
            sleep(Duration::from_millis(20));
        }
        assert_eq!(self.log().matches(text).count(), times, "{text:?}:\n{}", self.log());
    }

    fn runs(&self) -> usize {
        fs::read_dir(self.workspace.path("artifacts/.ser/runs")).map_or(0, Iterator::count)
    }

    /// Ctrl-C: it must end well.
    #[track_caller]
    pub(crate) fn interrupt(mut self) -> String {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill");
        assert!(sent.success());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("status") {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        // Already gone when the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn add(workspace: &Workspace, name: &str, hz: f64) {
    workspace.write(&format!("data/corpus/DC/{name}.wav"), wav(16_000, 1.0, hz, 0.5));
}

/// Writes a file in small pieces, with pauses shorter than the settling time.
fn add_slowly(workspace: &Workspace, name: &str, hz: f64) {
    let bytes = wav(16_000, 1.0, hz, 0.5);
    let path = workspace.path(&format!("data/corpus/DC/{name}.wav"));
    fs::create_dir_all(workspace.path("data/corpus/DC")).expect("folder");
    for piece in bytes.chunks(bytes.len() / 8 + 1) {
        let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("file");
        file.write_all(piece).expect("piece");
        sleep(Duration::from_millis(100));
    }
}

/// The pipeline with a corpus of two clips, of two classes: a manifest of one class is refused.
fn two_classes() -> Workspace {
    let workspace = Workspace::with_pipeline(PIPELINE);
    add(&workspace, "a01", 200.0);
    add(&workspace, "h01", 190.0);
    workspace
}

#[test]
fn it_runs_once_a_copy_has_settled_and_survives_mistakes_in_the_pipeline_file() {
    let workspace = two_classes();
    let watcher = Watcher::start(&workspace, &[]);
    watcher.tells(": savee, manifest in ", 1);
    assert_eq!(watcher.runs(), 1);

    add_slowly(&workspace, "d01", 210.0);
    watcher.tells(": savee, manifest in ", 2);
    // Half a file would have been a clip that is truncated, and a run more.
    assert_eq!(watcher.runs(), 2, "{}", watcher.log());
    workspace.ser(&["diff", "--json"]).exits(0).says("savee/DC/d01");

    workspace.write("pipeline.toml", PIPELINE.replace("from", "form"));
    watcher.tells("waiting until the pipeline file is put right", 1);
    workspace.write("pipeline.toml", format!("# A comment is no change of the pipeline.\n{PIPELINE}"));
    watcher.tells("nothing to do", 1);
    workspace.write("pipeline.toml", format!("{PIPELINE}sample_rate_hz = 22050\n"));
    watcher.tells(": manifest in ", 1);
    assert_eq!(watcher.runs(), 3, "{}", watcher.log());
    workspace.ser(&["status", "--exit-code"]).exits(0);
    let log = watcher.interrupt();
    assert!(log.contains("by file events") && log.ends_with("stopped watching\n"), "{log}");
}

#[test]
fn it_polls_where_it_is_told_to_and_waits_for_a_corpus_that_is_not_there_yet() {
    let workspace = Workspace::with_pipeline(PIPELINE);
    let watcher = Watcher::start(&workspace, &["--poll", "0.1"]);
    watcher.tells("looking every 0.1 s", 1);
    watcher.tells("failed at manifest", 1);
    add_slowly(&workspace, "a01", 200.0);
    add_slowly(&workspace, "h01", 190.0);
    watcher.tells(": savee, manifest in ", 1);
    watcher.interrupt();
}

#[test]
fn events_find_a_corpus_whose_folders_come_one_by_one() {
    let workspace = Workspace::with_pipeline(PIPELINE);
    let watcher = Watcher::start(&workspace, &[]);
    watcher.tells("failed at manifest", 1);
    for folder in ["data", "data/corpus", "data/corpus/DC"] {
        fs::create_dir(workspace.path(folder)).expect("folder");
        sleep(Duration::from_millis(50));
    }
    add(&workspace, "a01", 200.0);
    add(&workspace, "h01", 190.0);
    watcher.tells(": savee, manifest in ", 1);
    watcher.interrupt();
}

#[test]
fn a_file_that_comes_during_a_run_is_not_lost() {
    let workspace = Workspace::with_pipeline(PIPELINE);
    for number in 1..60 {
        add(&workspace, &format!("a{number:02}"), 200.0 + f64::from(number));
    }
    let watcher = Watcher::start(&workspace, &[]);
    watcher.tells("starting a run", 1);
    add(&workspace, "d01", 500.0);
    // Whether that run still took it in or the next one does: in the end it is there, and nothing is stale.
    let start = Instant::now();
    let clips = || Clip::read(&workspace.path("artifacts/manifest/clips.parquet")).unwrap_or_default();
    while !clips().iter().any(|clip| clip.clip_id == "savee/DC/d01") {
        assert!(start.elapsed() < PATIENCE, "the file was lost:\n{}", watcher.log());
        sleep(Duration::from_millis(20));
    }
    watcher.interrupt();
    workspace.ser(&["status", "--exit-code"]).exits(0);
}

#[test]
fn files_that_no_ingest_reads_start_nothing() {
    let workspace = two_classes();
    let watcher = Watcher::start(&workspace, &[]);
    watcher.tells("watching 3 files in 2 places", 1);
    watcher.tells(": savee, manifest in ", 1);
    for name in ["notes.txt", "DC/d01.wav.part", "DC/.d01.wav.Xa7", "DC/Thumbs.db", "empty/.keep"] {
        workspace.write(&format!("data/corpus/{name}"), "x");
    }
    // Longer than it takes to settle: had they meant anything, it would have been told by then.
    sleep(Duration::from_secs(1));
    workspace.write("data/corpus/notes.txt", "longer");
    fs::remove_file(workspace.path("data/corpus/DC/Thumbs.db")).expect("removed");
    sleep(Duration::from_secs(1));
    // A download that is complete gets its name; a folder is moved here with all that is in it.
    workspace.write("data/corpus/DC/d02.wav.part", wav(16_000, 1.0, 210.0, 0.5));
    fs::rename(workspace.path("data/corpus/DC/d02.wav.part"), workspace.path("data/corpus/DC/d02.wav"))
        .expect("renamed");
    watcher.tells(": savee, manifest in ", 2);
    workspace.write("elsewhere/JE/a01.wav", wav(16_000, 1.0, 220.0, 0.5));
    fs::rename(workspace.path("elsewhere/JE"), workspace.path("data/corpus/JE")).expect("moved");
    watcher.tells(": savee, manifest in ", 3);
    let log = watcher.interrupt();
    assert!(!log.contains("nothing to do") && !log.contains("notes.txt") && !log.contains("d01"), "{log}");
    assert!(log.contains("1 added (data/corpus/DC/d02.wav)"), "{log}");
}

/// Needs a user namespace with a limit of its own; without the right to make one the test says so and ends.
#[cfg(target_os = "linux")]
#[test]
fn without_watches_left_it_says_so_and_looks_from_time_to_time() {
    const LIMIT: &str = "echo 1 > /proc/sys/user/max_inotify_watches";
    let made = Command::new("unshare").args(["-Ur", "sh", "-c", LIMIT]).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        skipped("limiting the number of watches needs a user namespace, which cannot be made here");
        return;
    }
    let workspace = two_classes();
    let ser = workspace.command(&[]);
    let mut command = Command::new("unshare");
    command.args(["-Ur", "sh", "-c", &format!("{LIMIT}; exec \"$0\" watch --settle 0.3")]).arg(ser.get_program());
    command.current_dir(workspace.path("")).env_remove("SER_DATA").env("NO_COLOR", "1");
    let watcher = Watcher::spawn(&workspace, command);
    watcher.tells("limit of watched folders is reached", 1);
    watcher.tells("looking every 10 s instead", 1);
    watcher.tells(": savee, manifest in ", 1);
    add(&workspace, "d01", 210.0);
    watcher.tells(": savee, manifest in ", 2);
    let log = watcher.interrupt();
    assert!(!log.to_lowercase().contains("no space left"), "{log}");
}

#[test]
fn mistakes_on_the_command_line_end_it_at_once() {
    let workspace = Workspace::with_pipeline(PIPELINE);
    workspace.ser(&["watch", "manifst"]).exits(2).tells("manifest");
    workspace.ser(&["watch", "--settle", "0"]).exits(2).tells("--settle");
    workspace.ser(&["watch", "--poll", "soon"]).exits(2).tells("number of seconds");
    workspace.write("pipeline.toml", "nmae = 1\n");
    workspace.ser(&["watch"]).exits(2).tells("nothing was run");
}
