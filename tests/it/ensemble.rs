//! Models that answer together, from the pipeline file to the report.

use std::collections::BTreeSet;

use ser_schemas::{
    CheckStatus, Comparison, ComparisonKind, Exposure, Member, Model, ModelCheck, Prediction, Table, Use,
};

use crate::readme::{blocks, readme};
use crate::small;
use crate::util::Workspace;

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
    let workspace = small::workspace();
    let ensemble = blocks(&readme(), "toml").into_iter().find(|block| block.contains("kind = \"ensemble\""));
    let head = small::PIPELINE.split("[stage.folds]").next().expect("a head");
    workspace.write("pipeline.toml", format!("{head}{STAGES}\n{}", ensemble.expect("the README shows an ensemble")));
    workspace
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
    // Its members hear recordings, it does not.
    let ran = workspace.ser(&["predict", "data/tess", "--model", "artifacts/together"]).exits(2);
    ran.tells("name the folder of one of its members: `artifacts/cnn_lstm`\n");
    let ran = workspace.ser(&["export", "onnx", "artifacts/together"]).exits(2);
    ran.tells("name the folder of one of its members: `artifacts/cnn_lstm`, `artifacts/linear`\n");
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
