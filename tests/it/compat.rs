//! A model that an earlier version trained still says what it said then.

use std::path::Path;

use serde_json::Value;

use crate::util::{Workspace, wav};

/// Of natural logarithms of probabilities, which also tell what the network thought of emotions that it excludes. Other
/// instructions add up in another order; that moves them by less than a thousandth.
const TOLERANCE: f64 = 0.02;

#[test]
fn a_model_of_the_first_format_gives_the_probabilities_that_it_gave() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/compat/model.v1");
    let expected = std::fs::read_to_string(folder.join("predictions.jsonl")).expect("predictions of its time");
    let workspace = Workspace::with_default_pipeline();
    workspace.write("high.wav", wav(48_000, 1.5, 210.0, 0.5));
    workspace.write("low.wav", wav(16_000, 0.8, 140.0, 0.3));
    let model = folder.to_str().expect("UTF-8");
    let ran = workspace.ser(&["predict", "high.wav", "low.wav", "--json", "--model", model]).exits(0);
    assert_eq!(ran.stdout.lines().count(), expected.lines().count(), "{}", ran.stdout);
    for (now, then) in ran.stdout.lines().zip(expected.lines()) {
        let read = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
        let (now, then) = (read(now), read(then));
        assert_eq!(now["emotion"], then["emotion"]);
        let then = then["probabilities"].as_object().expect("probabilities");
        assert_eq!(now["probabilities"].as_object().expect("probabilities").len(), then.len());
        for (emotion, then) in then {
            let (now, then) = (now["probabilities"][emotion].as_f64(), then.as_f64().expect("a number"));
            let near = now.is_some_and(|now| (now.ln() - then.ln()).abs() < TOLERANCE);
            assert!(near, "{emotion}: {now:?}, then {then}");
        }
    }
}
