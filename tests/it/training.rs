//! Training on more than the clips as they are, from the pipeline file to the report and to prediction.

use ser_schemas::{Comparison, Model, Prediction, Standardisation, Table, frames};

use crate::readme::{blocks, readme};
use crate::small;
use crate::util::Workspace;

/// The network of the README, and the same trained on one corpus.
const STAGES: &str = r#"
[stage.speaker_independent]
kind = "split"
from = "manifest"
protocol = "speaker-independent"
folds = 2

[stage.ravdess_only]
kind = "train"
from = ["manifest", "features", "speaker_independent"]
augment = { copies = 0.5, copy_paste = 0.3 }
standardise = "corpus"
train_corpora = ["ravdess"]

[stage.linear]
kind = "baseline"
from = ["manifest", "features", "speaker_independent"]
l2 = [100]
max_iterations = 5
standardise = "corpus"
train_corpora = ["ravdess"]

[stage.evaluation]
kind = "evaluate"
from = ["manifest", "speaker_independent", "linear", "cnn_lstm", "ravdess_only"]
resamples = 0

[stage.report]
kind = "report"
from = ["manifest", "features", "speaker_independent", "linear", "cnn_lstm", "ravdess_only", "evaluation"]
"#;

const TINY: [&str; 4] = [
    "cnn_lstm.epochs=2",
    "ravdess_only.epochs=2",
    "cnn_lstm.model={kind=\"cnn-lstm\", conv=[{channels=8, kernel=3, pool=4}], lstm={hidden=8}}",
    "ravdess_only.model={kind=\"cnn-lstm\", conv=[{channels=8, kernel=3, pool=4}], lstm={hidden=8}}",
];

fn workspace() -> Workspace {
    let shown = blocks(&readme(), "toml").into_iter().find(|block| block.contains("kind = \"vtlp\""));
    let shown = shown.expect("the README shows what more there is to train on");
    small::with_stages("features", &format!("{shown}\n{STAGES}"))
}

/// A run with tiny networks; `command` is `run` or another that takes settings.
fn with_settings<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let settings = TINY.iter().flat_map(|setting| ["-S", *setting]);
    [command].into_iter().chain(settings).chain(more.iter().copied()).collect()
}

#[test]
fn what_the_readme_shows_is_trained_compared_labelled_and_used() {
    let workspace = workspace();
    workspace.ser(&with_settings("run", &[])).exits(0);
    workspace.ser(&with_settings("status", &["--exit-code"])).exits(0);

    let copies = frames::read_clips(&workspace.path("artifacts/features").join(frames::AUGMENTED)).expect("copies");
    let variants: Vec<String> = copies.take(3).map(|copy| copy.expect("a copy").variant).collect();
    assert_eq!(variants, ["speed_1", "speed_2", "vtlp_1"]);

    let folder = |stage: &str| workspace.path(&format!("artifacts/{stage}"));
    let about = |stage: &str| Model::read_in(folder(stage)).expect("models").remove(0);
    for (stage, unheard) in [("cnn_lstm", false), ("ravdess_only", true), ("linear", true)] {
        let about = about(stage);
        assert_eq!(
            (about.standardisation, about.uses_test_speakers),
            (Some(Standardisation::Corpus), unheard),
            "{stage}"
        );
    }
    // The same clips are tested, those of the other corpus among them, and both are compared on them.
    let tested = |stage: &str| {
        let rows = Prediction::read_in(folder(stage)).expect("predictions").into_iter();
        rows.map(|row| (row.fold, row.clip_id)).collect::<Vec<_>>()
    };
    assert_eq!(tested("cnn_lstm"), tested("ravdess_only"));
    assert!(tested("ravdess_only").iter().any(|(_, clip_id)| clip_id.starts_with("tess/")));
    let compared = Comparison::read_in(folder("evaluation")).expect("comparisons");
    let both = [["cnn_lstm", "ravdess_only"], ["ravdess_only", "cnn_lstm"]];
    let are_compared = compared.iter().any(|row| both.contains(&[row.model_a.as_str(), row.model_b.as_str()]));
    assert!(are_compared, "{compared:?}");
    let page = std::fs::read_to_string(folder("report").join("index.html")).expect("a report");
    for words in
        ["per corpus", "uses the test corpus’s unlabelled clips", "the same, using unlabelled clips of the test corpus"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("uses the test speaker’s unlabelled clips"));

    let predict = |more: &[&str]| {
        workspace.ser(&[&["predict", "data/tess/OAF_happy", "--json", "--model", "artifacts/cnn_lstm"], more].concat())
    };
    let unknown = predict(&[]).exits(0).tells("`--corpus NAME` tells it, one of `ravdess`, `tess`");
    assert_eq!(unknown.json()["standardised"], "training statistics: the corpus is not known");
    let known = predict(&["--corpus", "tess"]).exits(0);
    assert_eq!(known.json()["standardised"], "corpus tess");
    assert_ne!(known.json()["probabilities"], unknown.json()["probabilities"]);
    predict(&["--corpus", "tes"]).exits(2).tells("did you mean `tess`?");
}
