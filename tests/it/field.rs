//! Failures that other tools' users reported, tried here: inputs at which figures stop being numbers, and classes that
//! change under a model.

use ser_schemas::functionals::Functionals;
use ser_schemas::{CalibrationBin, Epoch, Prediction, SummaryMetric, Table};

use crate::small;
use crate::util::{Workspace, wav};

fn rows<T: Table>(workspace: &Workspace, table: &str) -> Vec<T> {
    let path = workspace.path(&format!("artifacts/{table}.parquet"));
    T::read(&path).unwrap_or_else(|error| panic!("{table}: {error}"))
}

/// Noise without a pitch, from a fixed sequence.
fn whisper(duration_s: f64) -> Vec<u8> {
    let mut bytes = wav(16_000, duration_s, 200.0, 0.0);
    let mut state = 1_u32;
    for sample in bytes[44..].chunks_exact_mut(2) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        sample.copy_from_slice(&(((state >> 16) as i16) / 8).to_le_bytes());
    }
    bytes
}

#[track_caller]
fn all_figures_are_numbers(workspace: &Workspace) {
    let functionals = Functionals::read(&workspace.path("artifacts/features/functionals")).expect("functionals");
    assert!(functionals.values.iter().all(|value| value.is_finite()), "functionals");
    for epoch in rows::<Epoch>(workspace, "net/history") {
        let losses = [Some(epoch.train_loss), epoch.validation_loss, epoch.validation_uar];
        assert!(losses.into_iter().flatten().all(f64::is_finite), "{epoch:?}");
    }
    for row in rows::<Prediction>(workspace, "net/predictions") {
        let sum: f32 = row.probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-4, "{row:?}");
    }
    for row in rows::<SummaryMetric>(workspace, "evaluation/summary") {
        assert!([Some(row.value), row.low, row.high].into_iter().flatten().all(f64::is_finite), "{row:?}");
    }
}

#[test]
fn columns_that_never_vary_and_speakers_of_one_clip_leave_every_figure_a_number() {
    let workspace = small::workspace();
    for actor in 1..=3 {
        let name = format!("data/ravdess/Actor_{actor:02}/03-01-04-02-01-01-{actor:02}.wav");
        workspace.write(&name, whisper(0.8));
    }
    workspace.write("data/ravdess/Actor_09/03-01-05-01-01-01-09.wav", wav(16_000, 0.4, 400.0, 0.5));
    workspace.ser(&["run", "evaluation", "-S", "net.standardise=speaker"]).exits(0);
    all_figures_are_numbers(&workspace);
}

#[test]
fn a_last_batch_of_one_clip_and_a_clip_shorter_than_the_network_train_to_numbers() {
    let workspace = small::workspace();
    for actor in 1..=2 {
        let name = format!("data/ravdess/Actor_{actor:02}/03-01-05-02-01-01-{actor:02}.wav");
        workspace.write(&name, wav(16_000, 0.06, 300.0, 0.5));
    }
    let deep = "net.model.conv=[{channels=8,kernel=31,stride=4,pool=4},{channels=8,kernel=31,stride=4,pool=4}]";
    for changed in ["net.batch_size=1", "net.batch_size=19", deep] {
        workspace.ser(&["run", "evaluation", "-S", "manifest.min_duration_s=0.05", "-S", changed]).exits(0);
        all_figures_are_numbers(&workspace);
    }
}

#[test]
fn certainty_of_one_is_in_the_last_bin_and_every_clip_is_in_some() {
    let linear = "[stage.linear]\nkind = \"baseline\"\nmodel = \"linear\"\nfrom = [\"manifest\", \"features\", \"folds\"]\n\
        l2 = [0.000001]\nmax_iterations = 10000\n";
    let workspace = small::workspace();
    let pipeline = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("a pipeline");
    let scored = "[stage.evaluation]\nkind = \"evaluate\"\nfrom = [\"manifest\", \"net\"]";
    assert!(pipeline.contains(scored));
    let pipeline = pipeline.replace(scored, &scored.replace("\"net\"", "\"net\", \"linear\""));
    workspace.write("pipeline.toml", format!("{pipeline}{linear}"));
    // One clip whose label is wrong, of which a model that is sure of everything is sure.
    let path = |emotion: u8, take: u8| {
        workspace.path(&format!("data/ravdess/Actor_01/03-01-{emotion:02}-01-01-{take:02}-01.wav"))
    };
    std::fs::rename(path(5, 1), path(3, 3)).expect("an angry clip");
    workspace.ser(&["run", "evaluation"]).exits(0);
    let bins: Vec<CalibrationBin> = rows(&workspace, "evaluation/calibration");
    for model in ["net", "linear"] {
        let predictions: Vec<Prediction> = rows(&workspace, &format!("{model}/predictions"));
        for scaled in [false, true] {
            let of_model = bins.iter().filter(|bin| bin.model == model && bin.scaled == scaled);
            let clips: u64 = of_model.map(|bin| bin.clips).sum();
            assert_eq!(clips, predictions.len() as u64, "{model}, scaled: {scaled}");
        }
    }
    let sure = |row: &Prediction| row.probabilities.iter().any(|probability| *probability > 0.999);
    assert!(rows::<Prediction>(&workspace, "linear/predictions").iter().any(sure), "nothing is certain");
    all_figures_are_numbers(&workspace);
}

#[test]
fn a_model_keeps_the_names_of_the_classes_that_it_was_trained_with() {
    let workspace = small::workspace();
    workspace.write("new/a.wav", wav(16_000, 0.5, 333.0, 0.5));
    workspace.ser(&["run", "net"]).exits(0);
    let predict = || workspace.ser(&["predict", "new", "--json", "--model", "artifacts/net"]).exits(0).stdout;
    let before = predict();
    let pipeline = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("a pipeline");
    let all = "from = [\"ravdess\", \"tess\"]";
    workspace.write("pipeline.toml", pipeline.replace(all, &format!("{all}\nkeep = [\"happy\", \"sad\"]")));
    assert_eq!(predict(), before);
    workspace.ser(&["run", "net"]).exits(0);
    let after: serde_json::Value = serde_json::from_str(&predict()).expect("one object");
    let classes: Vec<&String> = after["probabilities"].as_object().expect("probabilities").keys().collect();
    assert_eq!(classes, ["happy", "sad"]);
}
