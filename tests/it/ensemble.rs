//! Models that answer together, from the pipeline file to the report.

use std::collections::BTreeSet;

use ser_schemas::{
    CheckStatus, Comparison, ComparisonKind, Exposure, Member, Model, ModelCheck, Prediction, Table, Use,
};

use crate::readme::{blocks, readme};
use crate::small;
use crate::util::{Workspace, demo_run};

/// Two protocols, on each a network and a linear model; the ensemble of one is the README's.
const STAGES: &str = r#"
[stage.speaker_independent]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2

[stage.random]
kind = "split"
from = "manifest"
protocol = "random"
folds = 2
validation_fraction = 0.2

[stage.linear]
kind = "baseline"
from = ["manifest", "features", "speaker_independent"]
l2 = [100]
max_iterations = 5

[stage.linear_random]
kind = "baseline"
from = ["manifest", "features", "random"]
l2 = [100]
max_iterations = 5

[stage.cnn_lstm]
kind = "train"
from = ["manifest", "features", "speaker_independent"]
epochs = 2
model = { kind = "cnn-lstm", conv = [{ channels = 8, kernel = 3, pool = 4 }], lstm = { hidden = 8 } }

[stage.cnn_lstm_random]
kind = "train"
from = ["manifest", "features", "random"]
epochs = 2
model = { kind = "cnn-lstm", conv = [{ channels = 8, kernel = 3, pool = 4 }], lstm = { hidden = 8 } }

[stage.together_random]
kind = "ensemble"
from = ["cnn_lstm_random", "linear_random"]
weights = "validation"

[stage.evaluation]
kind = "evaluate"
from = [
    "manifest", "speaker_independent", "random", "linear", "linear_random", "cnn_lstm", "cnn_lstm_random", "together",
    "together_random",
]
resamples = 0

[stage.report]
kind = "report"
main_model = "together"
from = [
    "manifest", "features", "speaker_independent", "random", "linear", "linear_random", "cnn_lstm", "cnn_lstm_random",
    "together", "together_random", "evaluation",
]
"#;

fn workspace() -> Workspace {
    let ensemble = blocks(&readme(), "toml").into_iter().find(|block| block.contains("kind = \"ensemble\""));
    small::with_stages("folds", &format!("{STAGES}\n{}", ensemble.expect("the README shows an ensemble")))
}

fn rows<T: Table>(workspace: &Workspace, stage: &str) -> Vec<T> {
    T::read_in(workspace.path(&format!("artifacts/{stage}"))).expect("the stage was run")
}

#[test]
fn the_readmes_ensemble_is_evaluated_compared_and_shown_like_any_model() {
    let workspace = workspace();
    workspace
        .ser(&["run"])
        .exits(0)
        .says("together_random")
        .tells("weights fitted on the validation clips of each fold: ");
    let predictions: Vec<Prediction> = rows(&workspace, "together");
    assert_eq!(predictions.len(), rows::<Prediction>(&workspace, "cnn_lstm").len());
    for row in &predictions {
        assert!((row.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{row:?}");
    }
    let members: Vec<Member> = rows(&workspace, "together");
    let folds: BTreeSet<u32> = predictions.iter().map(|row| row.fold).collect();
    assert_eq!(members.len(), 2 * folds.len());
    for fold in folds {
        let sum: f64 = members.iter().filter(|row| row.fold == fold).map(|row| row.weight).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{members:?}");
    }
    let about = rows::<Model>(&workspace, "together").remove(0);
    assert_eq!(about.inputs, "frames,functionals");
    let selected = rows::<Exposure>(&workspace, "together").iter().filter(|row| row.used_for == Use::Selection).count();
    let held = Prediction::VALIDATION.file;
    let held = Prediction::read(&workspace.path(&format!("artifacts/together/{held}"))).expect("predictions").len();
    assert_eq!((selected, held > 0), (held, true));

    let checks: Vec<ModelCheck> = rows(&workspace, "evaluation");
    let own: Vec<&ModelCheck> = checks.iter().filter(|row| row.model == "together").collect();
    assert!(own.len() >= 8 && own.iter().all(|row| row.status == CheckStatus::Passed), "{own:?}");
    let comparisons: Vec<Comparison> = rows(&workspace, "evaluation");
    let gaps: BTreeSet<(&str, &str)> = comparisons
        .iter()
        .filter(|row| row.kind == ComparisonKind::ProtocolGap)
        .map(|row| (row.model_a.as_str(), row.model_b.as_str()))
        .collect();
    let twins = ["cnn_lstm", "linear", "together"].map(|name| (format!("{name}_random"), name));
    assert_eq!(gaps, twins.iter().map(|(random, name)| (random.as_str(), *name)).collect());

    let page = std::fs::read_to_string(workspace.path("artifacts/report/index.html")).expect("report");
    for told in [
        "Weights of the members of together",
        "Does together earn its keep?",
        "Lead: UAR of together less that of the model",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let card = std::fs::read_to_string(workspace.path("artifacts/report/model_card.md")).expect("card");
    assert!(card.contains("An ensemble: the arithmetic mean of the probabilities of cnn_lstm and linear."), "{card}");
    workspace.ser(&["status", "--exit-code"]).exits(0);
    let ran = workspace.ser(&["export", "onnx", "artifacts/together"]).exits(2);
    ran.tells("average by the weights of its `members.parquet`: `artifacts/cnn_lstm`, `artifacts/linear`\n");
    predicts_what_its_members_say(&workspace);
}

/// The answers for some recordings, in their order.
fn answers(workspace: &Workspace, model: &str) -> Vec<Vec<f64>> {
    let model = format!("artifacts/{model}");
    let ran = workspace.ser(&["predict", "data/tess", "--uncalibrated", "--json", "--model", &model]).exits(0);
    let probabilities = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let all = row["probabilities"].as_object().expect("probabilities").values();
        all.map(|value| value.as_f64().expect("a number")).collect()
    };
    ran.stdout.lines().map(probabilities).collect()
}

/// What an ensemble says in a fold, of what its members say there.
fn pooled(is_geometric: bool, weights: &[f64], members: &[Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
    let of = |recording: usize, class: usize| -> f64 {
        let told = weights.iter().zip(members).map(|(weight, member)| (weight, member[recording][class]));
        if is_geometric {
            told.map(|(weight, value)| weight * value.max(1e-12).ln()).sum::<f64>().exp()
        } else {
            told.map(|(weight, value)| weight * value).sum()
        }
    };
    let (recordings, classes) = (members[0].len(), members[0][0].len());
    let row = |recording: usize| {
        let row: Vec<f64> = (0..classes).map(|class| of(recording, class)).collect();
        let sum: f64 = row.iter().sum();
        row.into_iter().map(|value| value / sum).collect()
    };
    (0..recordings).map(row).collect()
}

#[track_caller]
fn assert_near(found: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert_eq!((found.len(), found[0].len()), (expected.len(), expected[0].len()));
    let apart = found.iter().flatten().zip(expected.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart < 1e-5, "{apart}: {found:?}, expected {expected:?}");
}

fn predicts_what_its_members_say(workspace: &Workspace) {
    let weights = |ensemble: &str, fold: u32| -> (Vec<String>, Vec<f64>) {
        let of_fold = rows::<Member>(workspace, ensemble).into_iter().filter(|row| row.fold == fold);
        of_fold.map(|row| (row.member, row.weight)).unzip()
    };
    let in_fold = |ensemble: &str, fold: u32| {
        let (names, weights) = weights(ensemble, fold);
        let members: Vec<_> = names.iter().map(|name| answers(workspace, &format!("{name}/fold={fold}"))).collect();
        pooled(false, &weights, &members)
    };
    let mean = |folds: &[Vec<Vec<f64>>]| pooled(false, &[0.5, 0.5], folds);
    let together = [0, 1].map(|fold| in_fold("together", fold));
    let found = answers(workspace, "together");
    assert_near(&found, &mean(&together));

    // An ensemble of an ensemble and of one of its members, by another mean; its answer counts no model twice that hears once.
    let text = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("pipeline.toml");
    let nested = "[stage.nested]\nkind = \"ensemble\"\nfrom = [\"together\", \"linear\"]\nmean = \"geometric\"\n";
    workspace.write("pipeline.toml", format!("{text}\n{nested}"));
    workspace.ser(&["run", "nested", "--quiet"]).exits(0);
    let folds: Vec<Vec<Vec<f64>>> = (0..2)
        .zip(&together)
        .map(|(fold, together)| {
            let linear = answers(workspace, &format!("linear/fold={fold}"));
            pooled(true, &[0.5, 0.5], &[linear, together.clone()])
        })
        .collect();
    assert_near(&answers(workspace, "nested"), &mean(&folds));
    let ran = workspace.ser(&["predict", "data/tess", "--model", "artifacts/nested"]).exits(0);
    ran.tells("the geometric mean of linear (0.50) and together (0.50) in each of 2 folds, averaged over these");

    // From another folder, and where a member is gone.
    let inside = |arguments: &[&str]| {
        let output =
            workspace.command(arguments).current_dir(workspace.path("artifacts/nested")).output().expect("starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(inside(&["predict", "../../data/tess", "--model", "."]).0, Some(0));
    std::fs::rename(workspace.path("artifacts/linear"), workspace.path("artifacts/aside")).expect("rename");
    for ensemble in ["together", "nested"] {
        let ran = workspace.ser(&["predict", "data/tess", "--model", &format!("artifacts/{ensemble}")]).exits(1);
        ran.tells("member `linear` of the ensemble")
            .tells("there is no folder `artifacts/linear`")
            .tells("`ser run linear`");
    }
    std::fs::rename(workspace.path("artifacts/aside"), workspace.path("artifacts/linear")).expect("rename");
    let fold = workspace.path("artifacts/linear/fold=1");
    std::fs::rename(&fold, workspace.path("artifacts/fold")).expect("rename");
    let ran = workspace.ser(&["predict", "data/tess", "--model", "artifacts/together"]).exits(1);
    ran.tells("member `linear` of the ensemble `artifacts/together`").tells("has no `fold=1`");
    std::fs::rename(workspace.path("artifacts/fold"), &fold).expect("rename");
    assert_eq!(answers(workspace, "together"), found);
}

/// The most frequent emotion left no model, but what it says is known; the linear model is standardised by training clips.
#[test]
fn an_ensemble_of_baselines_predicts() {
    let (trained, _) = demo_run();
    let about = |model: &str| {
        let model = format!("artifacts/{model}");
        let ran = trained.ser(&["predict", "demo/ravdess/Actor_01", "--json", "--model", &model]).exits(0);
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<serde_json::Value>>()
    };
    let (alone, together) = (about("linear"), about("ensemble"));
    assert_eq!(alone.len(), together.len());
    for (alone, together) in alone.iter().zip(&together) {
        assert_eq!((&alone["path"], &together["standardised"]), (&together["path"], &serde_json::Value::Null));
        let sum: f64 =
            together["probabilities"].as_object().expect("all").values().filter_map(serde_json::Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{together}");
    }
    trained
        .ser(&["predict", "demo", "--model", "artifacts/majority"])
        .exits(2)
        .tells("gives every recording the same answer");
}

#[test]
fn members_that_do_not_fit_are_told_when_the_file_is_read_or_as_soon_as_they_are_there() {
    let workspace = workspace();
    let text = std::fs::read_to_string(workspace.path("pipeline.toml")).expect("pipeline.toml");
    let with = |members: &str, more: &str| {
        let own = "[\"cnn_lstm_random\", \"linear_random\"]\nweights = \"validation\"";
        assert!(text.contains(own));
        workspace.write("pipeline.toml", text.replace(own, &format!("{members}\n{more}")));
    };
    with("[]", "");
    let ran = workspace.ser(&["graph"]).exits(2).tells("must read at least 1 stage");
    let hint = ran.stderr.lines().find(|line| line.contains("hint:")).expect("a hint");
    for (name, is_advice) in
        [("`cnn_lstm`", true), ("`linear_random`", true), ("`linear`", true), ("`together_random`", false)]
    {
        assert_eq!(hint.contains(name), is_advice, "{name}: {hint}");
    }
    with("[\"linear\", \"linear\"]", "");
    workspace.ser(&["graph"]).exits(2).tells("reads `linear` twice");
    with("[\"linear\", \"manifest\"]", "");
    workspace.ser(&["graph"]).exits(2).tells("cannot read `manifest`");
    with("[\"linear_random\", \"cnn_lstm_random\"]", "weights = \"best\"");
    workspace.ser(&["graph"]).exits(2).tells("weights");
    with("[\"linear_random\", \"cnn_lstm_random\"]", "weights = { linear_random = -1, cnn_lstm_random = 1 }");
    workspace.ser(&["graph"]).exits(2).tells("weights");
    // All of it at once, with lines.
    with("[\"linear\", \"linear_random\"]", "weights = { linear = 1, liner_random = 1 }\nmeen = \"geometric\"");
    workspace.ser(&["graph"]).exits(2).tells("did you mean `mean`?");
    with("[\"linear\", \"linear_random\"]", "weights = { linear = 1, liner_random = 1 }");
    let ran = workspace.ser(&["run"]).exits(2).tells("3 mistakes in");
    ran.tells("`linear_random` is a model of split `random`, and `linear` of `speaker_independent`")
        .tells("did you mean `linear_random`?")
        .tells("there is none for member `linear_random`");
    assert!(!workspace.path("artifacts").exists(), "nothing is trained before");
}
