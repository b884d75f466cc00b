//! A whole pipeline small enough to be run dozens of times: 40 short tones, two folds, two epochs, a tiny network.

use crate::util::{Workspace, wav};

/// The pipeline file. The stages behind the manifest start with the audit.
pub(crate) const PIPELINE: &str = r#"
name = "small"
seed = 42

[stage.ravdess]
kind = "ingest"
corpus = "ravdess"
root = "data/ravdess"

[stage.tess]
kind = "ingest"
corpus = "tess"
root = "data/tess"

[stage.manifest]
kind = "manifest"
from = ["ravdess", "tess"]

[stage.audit]
kind = "audit"
from = "manifest"

[stage.features]
kind = "features"
from = "manifest"

[stage.folds]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2

[stage.net]
kind = "train"
from = ["manifest", "features", "folds"]
epochs = 2
model = { kind = "cnn-lstm", conv = [{ channels = 8, kernel = 3, pool = 4 }], lstm = { hidden = 8 } }

[stage.evaluation]
kind = "evaluate"
from = ["manifest", "net"]

[stage.report]
kind = "report"
from = ["manifest", "audit", "features", "folds", "net", "evaluation"]
"#;

/// The small pipeline up to the stage `before`, with `stages` in its place and behind it, and its corpora; not yet run.
pub(crate) fn with_stages(before: &str, stages: &str) -> Workspace {
    let (head, _) = PIPELINE.split_once(&format!("[stage.{before}]")).expect("a stage of it");
    let workspace = workspace();
    workspace.write("pipeline.toml", format!("{head}{stages}"));
    workspace
}

/// The small pipeline with its corpora, not yet run.
pub(crate) fn workspace() -> Workspace {
    let workspace = Workspace::with_pipeline(PIPELINE);
    let mut hz = 150.0;
    let mut tone = || {
        hz += 7.0;
        wav(16_000, 0.4, hz, 0.5)
    };
    for actor in 1..=4 {
        for emotion in [1, 3, 4, 5] {
            for take in 1..=2 {
                let name = format!("03-01-{emotion:02}-01-01-{take:02}-{actor:02}");
                workspace.write(&format!("data/ravdess/Actor_{actor:02}/{name}.wav"), tone());
            }
        }
    }
    for speaker in ["OAF", "YAF"] {
        for emotion in ["neutral", "happy", "sad", "angry"] {
            workspace.write(&format!("data/tess/{speaker}_{emotion}/{speaker}_bar_{emotion}.wav"), tone());
        }
    }
    workspace
}
