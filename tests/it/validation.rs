//! `ser validation`: models by their validation clips alone.

use crate::small;
use crate::util::Workspace;

/// The small pipeline with a linear model, an ensemble, and a split without validation clips.
fn workspace() -> Workspace {
    let workspace = small::workspace();
    let more = r#"
[stage.linear]
kind = "baseline"
from = ["manifest", "features", "folds"]
model = "linear"

[stage.both]
kind = "ensemble"
from = ["net", "linear"]

[stage.random]
kind = "split"
from = "manifest"
protocol = "random"
folds = 2
validation_fraction = 0.0

[stage.linear_random]
kind = "baseline"
from = ["manifest", "features", "random"]
model = "linear"
"#;
    workspace.write("pipeline.toml", format!("{}{more}", small::PIPELINE));
    workspace
}

#[test]
fn models_are_ranked_without_an_evaluation() {
    let workspace = workspace();
    let refused = workspace.ser(&["validation"]).exits(2);
    refused.tells("no stage of `pipeline.toml` that makes models has been run").tells("ser run");

    workspace.ser(&["run", "net", "linear", "both", "linear_random"]).exits(0);
    assert!(!workspace.path("artifacts/evaluation").exists());
    let shown = workspace.ser(&["validation"]).exits(0);
    let shown = shown.says("UAR").says("less the leader's").tells("test clips were not looked at");
    let names = ["net", "linear", "both"];
    let mut order: Vec<&str> = shown.stdout.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    let rows = workspace.ser(&["validation", "--json"]).exits(0).json();
    let rows = rows.as_array().expect("a list").clone();
    assert_eq!(rows.iter().map(|row| row["model"].as_str().expect("a name")).collect::<Vec<_>>(), order);
    assert!(rows.windows(2).all(|two| two[0]["value"].as_f64() >= two[1]["value"].as_f64()), "{rows:?}");
    assert!(rows[0]["behind"].is_null() && rows[1]["leader"] == rows[0]["model"], "{rows:?}");
    let behind = rows[2]["value"].as_f64().expect("a figure") - rows[0]["value"].as_f64().expect("a figure");
    assert!((rows[2]["behind"].as_f64().expect("a difference") - behind).abs() < 1e-12, "{rows:?}");
    order.sort_unstable();
    let mut all = names;
    all.sort_unstable();
    assert_eq!(order, all, "a split without validation clips has no rows");

    let one = workspace.ser(&["validation", "linear", "linear"]).exits(0);
    assert_eq!(one.stdout.lines().count(), 2, "{}", one.stdout);
    workspace.ser(&["validation", "linear_random"]).exits(0).says("no validation clips: `linear_random`");
    workspace.ser(&["validation", "liner"]).exits(2).tells("there is no stage `liner`").tells("did you mean `linear`?");
    workspace.ser(&["validation", "folds"]).exits(2).tells("stage `folds` makes no model");
    workspace.ser(&["validation", "evaluation"]).exits(2).tells("stage `evaluation` has not been run");
}
