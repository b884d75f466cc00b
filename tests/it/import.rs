//! Features that were computed elsewhere: models, evaluation, report and export on them, and when they count as changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Float64Type};
use parquet::arrow::ArrowWriter;
use ser_schemas::functionals::Functionals;
use ser_schemas::{Clip, Emotion, Model, SummaryMetric, Table as _};

use crate::small;
use crate::util::{Workspace, skipped, source_root, wav};

/// Behind the manifest of the small pipeline: vectors and frames from elsewhere, and models of each.
const STAGES: &str = r#"
[stage.folds]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2

[stage.vectors]
kind = "import"
from = "manifest"
file = "vectors.csv"

[stage.hidden]
kind = "import"
from = "manifest"
file = "hidden.parquet"

[stage.linear]
kind = "baseline"
from = ["manifest", "vectors", "folds"]

[stage.linear_hidden]
kind = "baseline"
from = ["manifest", "hidden", "folds"]

[stage.net]
kind = "train"
from = ["manifest", "vectors", "folds"]
epochs = 2
use_functionals = false
model = { kind = "cnn-lstm", conv = [], lstm = { layers = 0 }, pooling = "mean", dense = [8] }

[stage.net_hidden]
kind = "train"
from = ["manifest", "hidden", "folds"]
epochs = 2
max_frames = 2
model = { kind = "cnn-lstm", conv = [{ channels = 8, kernel = 3 }], lstm = { hidden = 8 } }

[stage.both]
kind = "ensemble"
from = ["linear", "net_hidden"]

[stage.evaluation]
kind = "evaluate"
from = ["manifest", "folds", "linear", "linear_hidden", "net", "net_hidden", "both"]

[stage.report]
kind = "report"
from = ["manifest", "folds", "linear", "linear_hidden", "net", "net_hidden", "both", "evaluation"]
"#;

/// With a manifest, and nothing imported yet.
fn workspace() -> Workspace {
    let workspace = small::with_stages("audit", STAGES);
    workspace.ser(&["run", "manifest"]).exits(0);
    workspace
}

fn clips(workspace: &Workspace) -> Vec<Clip> {
    Clip::read_in(workspace.path("artifacts/manifest")).expect("clips")
}

/// Which of four emotions a clip has, and a number of its own.
fn values(clip: &Clip, at: usize) -> [f64; 3] {
    let class = [Emotion::NEUTRAL, Emotion::HAPPY, Emotion::SAD, Emotion::ANGRY]
        .iter()
        .position(|emotion| clip.emotion == Some(*emotion))
        .expect("one of four");
    [f64::from(class % 2 == 1), f64::from(class > 1), at as f64 * 1e-3]
}

/// The lines of a CSV file, the header first.
fn lines(clips: &[Clip]) -> Vec<String> {
    let line = |(at, clip): (usize, &Clip)| {
        let [a, b, c] = values(clip, at);
        format!("{},{a},{b},{c}\n", clip.clip_id)
    };
    std::iter::once("clip_id,odd,late,rest\n".to_owned()).chain(clips.iter().enumerate().map(line)).collect()
}

/// Three frames of each clip.
fn write_frames(path: &Path, clips: &[Clip]) {
    let frames = clips.iter().enumerate().flat_map(|(at, clip)| [values(clip, at); 3]);
    let flat = ListArray::from_iter_primitive::<Float64Type, _, _>(frames.map(|frame| Some(frame.map(Some))));
    let field = Arc::new(Field::new_list_field(arrow::array::Array::data_type(&flat).clone(), true));
    let offsets = OffsetBuffer::from_lengths(clips.iter().map(|_| 3));
    let frames: ArrayRef = Arc::new(ListArray::new(field, offsets, Arc::new(flat), None));
    write(path, clips, vec![("hidden", frames)]);
}

fn write(path: &Path, clips: &[Clip], columns: Vec<(&str, ArrayRef)>) {
    let ids: ArrayRef = Arc::new(clips.iter().map(|clip| Some(&clip.clip_id)).collect::<StringArray>());
    let batch = RecordBatch::try_from_iter([("clip_id", ids)].into_iter().chain(columns)).expect("one length");
    let mut writer = ArrowWriter::try_new(File::create(path).expect("file"), batch.schema(), None).expect("writer");
    writer.write(&batch).expect("write");
    writer.close().expect("close");
}

#[test]
fn every_model_learns_from_imported_features_and_says_so() {
    let workspace = workspace();
    let clips = clips(&workspace);
    workspace.write("vectors.csv", lines(&clips).concat());
    write_frames(&workspace.path("hidden.parquet"), &clips);
    let ran = workspace.ser(&["run"]).exits(0);
    ran.tells("40 clips, 3 functionals, from vectors.csv")
        .tells("40 clips, 120 frames of 3 features, 6 functionals, from hidden.parquet")
        .tells("40 of 40 clips are longer than `max_frames` = 2: training hears a random stretch of 2 frames");

    // What was imported tells the emotion: who learns from it is always right.
    let summary = SummaryMetric::read_in(workspace.path("artifacts/evaluation")).expect("a summary");
    for model in ["linear", "linear_hidden"] {
        let is_uar = |row: &&SummaryMetric| row.model == model && row.metric == "uar" && row.group == "overall";
        let uar = summary.iter().find(is_uar).expect("a figure");
        assert!(uar.value > 0.99, "{uar:?}");
    }
    let hash = |file: &str| blake3::hash(&std::fs::read(workspace.path(file)).expect("file")).to_hex().to_string();
    let (vectors, hidden) = (hash("vectors.csv"), hash("hidden.parquet"));
    let told = (format!("vectors.csv (BLAKE3 {vectors})"), format!("hidden.parquet (BLAKE3 {hidden})"));
    let models = Model::read_in(workspace.path("artifacts/evaluation")).expect("models");
    let imported: BTreeMap<&str, Option<String>> =
        models.iter().map(|row| (row.model.as_str(), row.imported.clone())).collect();
    assert_eq!(imported["linear"], Some(told.0.clone()));
    assert_eq!(imported["net"], Some(told.0.clone()));
    assert_eq!(imported["net_hidden"], Some(told.1.clone()));
    assert_eq!(imported["both"], Some(format!("{}; {}", told.0, told.1)));

    let read = |file: &str| std::fs::read_to_string(workspace.path(&format!("artifacts/report/{file}"))).expect(file);
    let (page, card) = (read("index.html"), read("model_card.md"));
    assert!(page.contains("Features computed elsewhere.") && page.contains(&hidden), "the page warns");
    assert!(card.contains("**Features computed elsewhere:** imported from vectors.csv"), "{card}");
    assert!(card.contains("on features that were computed elsewhere (vectors.csv)"), "{card}");

    // Nothing here computes such features of a recording; another program may.
    workspace.write("one.wav", wav(16_000, 1.0, 200.0, 0.5));
    let deaf = "no stage of `pipeline.toml` holds a trained network that hears recordings";
    workspace.ser(&["predict", "one.wav"]).exits(2).tells(deaf).tells("`net`, `net_hidden`");
    for folder in ["artifacts/net_hidden", "artifacts/net_hidden/fold=1"] {
        let refused = workspace.ser(&["predict", "one.wav", "--model", folder]).exits(2);
        refused.tells("imported from `hidden.parquet`, and hears no recordings").tells("`ser export onnx ");
    }
    for (model, takes, file) in
        [("linear", "functionals", &told.0), ("net_hidden", "frames, lengths, functionals", &told.1)]
    {
        let ran = workspace.ser(&["export", "onnx", &format!("artifacts/{model}"), "-o", "model.onnx"]).exits(0);
        ran.says(&format!("model.onnx: probabilities from {takes}")).tells(&format!("it takes features as in {file}"));
        let bytes = std::fs::read(workspace.path("model.onnx")).expect("a file");
        let has = |text: &str| bytes.windows(text.len()).any(|at| at == text.as_bytes());
        assert!(has("{\"imported\":{\"file\":") && !has("ser.sample_rate_hz"), "{model}");
    }
}

#[test]
fn a_file_that_does_not_fit_the_manifest_is_refused_with_its_clips() {
    let workspace = workspace();
    let clips = clips(&workspace);
    let all = lines(&clips);
    let run = |text: String, code: i32| {
        workspace.write("vectors.csv", text);
        workspace.ser(&["run", "vectors"]).exits(code)
    };
    let (first, last) = (&clips[0].clip_id, &clips[39].clip_id);
    run(all[..40].concat(), 1)
        .tells("1 of 40 clips of the manifest has no row")
        .tells(&format!("leave it out of the manifest, and so of every model: `exclude = [\"{last}\"]`"));
    run(all.concat() + &all[1], 1).tells(&format!("in more than one row: `{first}` (line 2 and line 42)"));
    run(all.concat().replace(&all[1], &format!("{first},0,,1\n")), 1).tells(&format!("`late` of `{first}` is NaN"));
    run(all.concat().replace("rest", "clip_id"), 1).tells("it has 2 columns named `clip_id`");
    run(all.concat().replace('/', "\\"), 1).tells("none of its 40 rows is of a clip of the manifest");
    run(all.concat() + "other/clip,1,2,3\n", 0)
        .tells("1 row is of no clip that the manifest knows")
        .tells("`other/clip`");
    // Of the clips of a manifest that has one of them no more, the file has one row too many, which is as it should be.
    let excluded = format!("manifest.exclude=[\"{first}\"]");
    workspace.ser(&["run", "vectors", "-S", &excluded]).exits(0).tells("1 row of clips that the manifest leaves out");

    let ran = workspace.ser(&["run", "vectors", "-S", "vectors.columns=[\"odd\", \"la*\"]"]).exits(0);
    ran.tells("40 clips, 2 functionals");
    let ran = workspace.ser(&["run", "vectors", "-S", "vectors.columns=[\"od\"]"]).exits(1);
    ran.tells("no column is called so (did you mean `odd`?)");
    let odd: ArrayRef = Arc::new(clips.iter().map(|clip| Some(clip.clip_id.as_str())).collect::<StringArray>());
    write(&workspace.path("hidden.parquet"), &clips, vec![("path", odd)]);
    workspace.ser(&["run", "hidden"]).exits(1).tells("`path` (Utf8); leave them out: `ignore = [\"path\"]`");

    std::fs::remove_file(workspace.path("vectors.csv")).expect("a file");
    workspace.ser(&["run", "vectors"]).exits(1).tells("vectors.csv");
    workspace.ser(&["run", "vectors", "-S", "vectors.file=x.npy"]).exits(2).tells("neither a Parquet nor a CSV file");
}

#[test]
fn a_file_counts_by_its_content() {
    let workspace = workspace();
    let clips = clips(&workspace);
    let numbers = |scale: f64| -> ArrayRef {
        Arc::new(clips.iter().enumerate().map(|(at, clip)| Some(scale * values(clip, at)[0])).collect::<Float64Array>())
    };
    let path = workspace.path("vectors.csv");
    workspace.write("vectors.csv", lines(&clips).concat());
    workspace.ser(&["run", "linear"]).exits(0);
    workspace.write("vectors.csv", lines(&clips).concat());
    let status = |workspace: &Workspace| {
        let status = workspace.ser(&["status", "--json"]).exits(0).json();
        let stages = status["stages"].as_array().expect("stages").clone();
        let of = |name: &str| stages.iter().find(|stage| stage["stage"] == name).expect("the stage").to_string();
        (of("vectors"), of("linear"))
    };
    assert!(status(&workspace).0.contains("fresh"), "{:?}", status(&workspace));
    // The same name, and other bytes: the model is made again.
    std::fs::remove_file(&path).expect("a file");
    write(&path, &clips, vec![("f0", numbers(1.0))]);
    let (vectors, linear) = status(&workspace);
    assert!(vectors.contains("`vectors.csv` changed") && linear.contains("waiting"), "{vectors} {linear}");
    let done = || {
        let record = workspace.ser(&["run", "linear", "--json"]).exits(0).json();
        let stages = record["stages"].as_array().expect("stages").clone();
        let of =
            |stage: &serde_json::Value| (stage["status"] == "done").then(|| stage["stage"].as_str().map(str::to_owned));
        stages.iter().filter_map(of).flatten().collect::<Vec<_>>()
    };
    assert_eq!(done(), ["vectors", "linear"]);
    assert!(status(&workspace).1.contains("fresh"));
    write(&path, &clips, vec![("f0", numbers(2.0))]);
    assert_eq!(done(), ["vectors", "linear"]);
    assert!(done().is_empty());
}

/// The recipe's file, from the manifest of the small pipeline, where openSMILE is installed.
#[test]
fn the_recipe_of_open_smile_makes_a_file_that_is_taken() {
    let python = source_root().join("target/python/bin/python");
    let has_it = Command::new(&python).args(["-c", "import opensmile, polars"]).output();
    if !has_it.is_ok_and(|output| output.status.success()) {
        skipped("the recipe wants `pip install opensmile polars` in target/python");
        return;
    }
    let workspace = workspace();
    let recipe = source_root().join("docs/recipes/opensmile_features.py");
    let output = Command::new(&python)
        .args([recipe.to_str().expect("UTF-8"), "artifacts/manifest/clips.parquet", "egemaps.parquet"])
        .current_dir(workspace.path("."))
        .output()
        .expect("python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let settings = ["-S", "vectors.file=egemaps.parquet"];
    workspace.ser(&[&["run", "linear"], &settings[..]].concat()).exits(0).tells("40 clips, 88 functionals");
    let table = Functionals::read(&workspace.path("artifacts/vectors/functionals")).expect("functionals");
    assert!(table.names.iter().any(|name| name == "F0semitoneFrom27.5Hz_sma3nz_amean"), "{:?}", table.names);
}
