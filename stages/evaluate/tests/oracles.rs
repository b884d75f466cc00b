//! Metrics against scikit-learn and intervals against NumPy; `tests/oracles/evaluate/make.py` made the figures.

use std::path::PathBuf;

use serde_json::Value;

use ser_evaluate::bootstrap::{Interval, speaker_intervals};
use ser_evaluate::confusion::Confusion;
use ser_evaluate::metrics::Scores;

fn oracle(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/evaluate").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("the oracle is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn index(value: &Value) -> usize {
    value.as_u64().expect("an index") as usize
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let oracle = oracle("metrics.json");
    let tolerance = number(&oracle["tolerance"]);
    let close = |found: f64, expected: &Value, what: &str| {
        assert!((found - number(expected)).abs() <= tolerance, "{what}: found {found}, expected {expected}");
    };
    let cases = list(&oracle["cases"]);
    assert!(cases.len() >= 10);
    for case in cases {
        let name = &case["name"];
        let pairs = list(&case["pairs"]).iter().map(|pair| (index(&pair[0]), index(&pair[1])));
        let scores = Scores::of(&Confusion::of_pairs(index(&case["classes"]), pairs));
        close(scores.accuracy, &case["accuracy"], &format!("{name} accuracy"));
        close(scores.uar, &case["uar"], &format!("{name} uar"));
        close(scores.macro_f1, &case["macro_f1"], &format!("{name} macro_f1"));
        close(scores.weighted_f1, &case["weighted_f1"], &format!("{name} weighted_f1"));
        for (class, found) in scores.classes.iter().enumerate() {
            close(found.precision, &case["precision"][class], &format!("{name} precision {class}"));
            close(found.recall, &case["recall"][class], &format!("{name} recall {class}"));
            close(found.f1, &case["f1"][class], &format!("{name} f1 {class}"));
            close(found.support as f64, &case["support"][class], &format!("{name} support {class}"));
        }
    }
}

#[test]
fn macro_f1_runs_over_classes_that_occur_and_not_over_all_that_are_predicted() {
    let oracle = oracle("metrics.json");
    let case = list(&oracle["cases"])
        .iter()
        .find(|case| case["name"] == "a class without clips, predicted")
        .expect("the case is there");
    let pairs = list(&case["pairs"]).iter().map(|pair| (index(&pair[0]), index(&pair[1])));
    let found = Scores::of(&Confusion::of_pairs(index(&case["classes"]), pairs)).macro_f1;
    assert!((found - number(&case["macro_f1"])).abs() < 1e-12);
    assert!((found - number(&case["macro_f1_over_all_seen"])).abs() > 0.1, "the two rules differ here");
}

#[test]
fn intervals_agree_with_an_independent_bootstrap() {
    for case in list(&oracle("bootstrap.json")["cases"]) {
        let speakers: Vec<Confusion> = list(&case["speakers"]).iter().map(matrix).collect();
        let draws = index(&case["draws"]) as u32;
        let found = speaker_intervals(&speakers, draws, 5).expect("enough speakers");
        let recall = found.classes[0].expect("class 0 has clips of all").recall;
        for (metric, found) in [
            ("accuracy", found.accuracy),
            ("uar", found.uar),
            ("macro_f1", found.macro_f1),
            ("weighted_f1", found.weighted_f1),
            ("recall_0", recall),
        ] {
            agree(&format!("{} {metric}", case["name"]), found, &case["figures"][metric]);
        }
    }
}

fn matrix(rows: &Value) -> Confusion {
    let mut matrix = Confusion::new(list(rows).len());
    for (truth, row) in list(rows).iter().enumerate() {
        for (said, count) in list(row).iter().enumerate() {
            (0..index(count)).for_each(|_| matrix.add(truth, said));
        }
    }
    matrix
}

fn agree(what: &str, found: Interval, expected: &Value) {
    for (end, found) in [("low", found.low), ("high", found.high)] {
        let bracket = &expected[end];
        // The last digits differ where a resampled figure has one value only a sum apart.
        let (from, to) = (number(&bracket[0]) - 1e-12, number(&bracket[1]) + 1e-12);
        assert!((from..=to).contains(&found), "{what} {end}: {found}, expected {from} to {to}");
    }
}
