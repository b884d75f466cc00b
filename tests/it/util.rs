//! A folder to run the program in, and failures that tell enough to be understood from a log.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Makes the default pipeline small enough for a test: two folds, two epochs, a network of a few hundred weights, and
/// few penalties to try.
const TINY: &[&str] = &[
    "speaker_independent.folds=2",
    "random.folds=2",
    "linear.l2=[300, 30]",
    "linear_per_speaker.l2=[100]",
    "linear_random.l2=[300, 30]",
    "linear_across_corpora.l2=[100]",
    "cnn_lstm.epochs=2",
    "cnn_lstm_per_speaker.epochs=1",
    "cnn_lstm_random.epochs=1",
    "cnn_lstm.model.conv=[{channels=8, kernel=3, pool=4}]",
    "cnn_lstm_per_speaker.model.conv=[{channels=8, kernel=3, pool=4}]",
    "cnn_lstm_random.model.conv=[{channels=8, kernel=3, pool=4}]",
    "cnn_lstm.model.lstm.hidden=8",
    "cnn_lstm_per_speaker.model.lstm.hidden=8",
    "cnn_lstm_random.model.lstm.hidden=8",
];

/// The folder of the source.
pub(crate) fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A temporary folder with a pipeline file.
pub(crate) struct Workspace {
    dir: TempDir,
}

/// Result of a command.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    told: String,
}

impl Workspace {
    /// With the pipeline file that ships with the source.
    pub(crate) fn with_default_pipeline() -> Self {
        let text = std::fs::read_to_string(source_root().join("pipeline.toml")).expect("pipeline.toml");
        Self::with_pipeline(&text)
    }

    /// With `text` as the pipeline file.
    pub(crate) fn with_pipeline(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("temporary folder");
        std::fs::write(dir.path().join("pipeline.toml"), text).expect("pipeline.toml");
        Self { dir }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(relative);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("folder");
        }
        std::fs::write(path, bytes).expect("file");
    }

    /// Runs `ser` in this folder.
    pub(crate) fn ser(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program starts");
        self.ran(arguments, &output)
    }

    /// `ser`, not started yet, in this folder and without variables that change what it does.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ser"));
        command.args(arguments).current_dir(self.dir.path()).env_remove("SER_DATA").env("NO_COLOR", "1");
        command
    }

    /// Runs `ser run` with the networks of the default pipeline made tiny.
    pub(crate) fn run_tiny(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["run"];
        for setting in TINY {
            all.extend(["-S", setting]);
        }
        all.extend(arguments);
        self.ser(&all)
    }

    /// `ser status` of what [`run_tiny`](Self::run_tiny) runs.
    pub(crate) fn status_tiny(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["status"];
        for setting in TINY {
            all.extend(["-S", setting]);
        }
        all.extend(arguments);
        self.ser(&all)
    }

    /// What a command that was started by itself came to.
    pub(crate) fn ran(&self, arguments: &[&str], output: &Output) -> Ran {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut files = Vec::new();
        list(self.dir.path(), self.dir.path(), &mut files);
        let told = format!(
            "\ncommand: ser {}\nfolder: {}\nexit: {:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n--- files\n{}\n",
            arguments.join(" "),
            self.dir.path().display(),
            output.status,
            files.join("\n"),
        );
        Ran { code: output.status.code().unwrap_or(-1), stdout, stderr, told }
    }
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.told);
        self
    }

    /// Asserts that stdout holds `text`.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "stdout lacks {text:?}{}", self.told);
        self
    }

    /// Asserts that stderr holds `text`.
    #[track_caller]
    pub(crate) fn tells(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "stderr lacks {text:?}{}", self.told);
        self
    }

    /// stdout as JSON, line by line.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<serde_json::Value> {
        let object = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}{}", self.told));
        self.stdout.lines().map(object).collect()
    }

    /// stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is no JSON: {error}{}", self.told))
    }
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) {
    // Long listings of clips help nobody.
    if files.len() > 120 {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if path.is_dir() && !path.is_symlink() {
            list(root, &path, files);
        } else {
            files.push(format!("{shown}  {} bytes", entry.metadata().map_or(0, |metadata| metadata.len())));
        }
    }
}

/// Baselines that answer together: an ensemble that no network decides.
const ENSEMBLE: &str = r#"
[stage.ensemble]
kind = "ensemble"
from = ["majority", "linear"]
mean = "geometric"
weights = "validation"
"#;

/// One run of the whole default pipeline and of an ensemble on the demo corpora, shared by the tests that only look at
/// its result.
pub(crate) fn demo_run() -> &'static (Workspace, Ran) {
    static RUN: OnceLock<(Workspace, Ran)> = OnceLock::new();
    RUN.get_or_init(|| {
        let workspace = Workspace::with_default_pipeline();
        let text = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("pipeline.toml");
        workspace.write("pipeline.toml", text + ENSEMBLE);
        let ran = workspace.run_tiny(&["--demo", "demo"]);
        (workspace, ran)
    })
}

/// A model of the demo run, as an argument.
pub(crate) fn model(stage: &str) -> String {
    let (trained, ran) = demo_run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    trained.path(&format!("artifacts/{stage}")).to_str().expect("UTF-8").to_owned()
}

/// A mono 16-bit WAV file: a tone of `hz` with a soft start and end.
pub(crate) fn wav(sample_rate_hz: u32, duration_s: f64, hz: f64, gain: f64) -> Vec<u8> {
    let count = (f64::from(sample_rate_hz) * duration_s).round() as u32;
    let samples = (0..count).map(|sample| {
        let time_s = f64::from(sample) / f64::from(sample_rate_hz);
        let window = (std::f64::consts::PI * time_s / duration_s).sin();
        let value = gain * window * (std::f64::consts::TAU * hz * time_s).sin();
        (value * 32767.0).round() as i16
    });
    ser_audio::testing::mono_wav(sample_rate_hz, samples)
}

/// Says that a test could not do its work here.
#[expect(clippy::print_stderr, reason = "the one way in which a test can say so")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
