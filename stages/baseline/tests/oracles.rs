//! The linear model against scikit-learn's; `tests/oracles/baseline/make.py` made the reference values.

use std::path::PathBuf;

use ndarray::Array2;
use serde_json::Value;

use ser_baseline::Linear;

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows = list(value);
    let values = rows.iter().flat_map(|row| list(row).iter().map(|cell| cell.as_f64().expect("a number")));
    Array2::from_shape_vec((rows.len(), list(&rows[0]).len()), values.collect()).expect("rows of one length")
}

#[test]
fn probabilities_are_those_of_scikit_learn() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/baseline/logistic.json");
    let oracle: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("the oracle is there"))
        .expect("the oracle is JSON");
    let tolerance = oracle["tolerance"].as_f64().expect("a number");
    for case in list(&oracle["cases"]) {
        let rows = matrix(&case["rows"]);
        let truth: Vec<usize> =
            list(&case["truth"]).iter().map(|class| class.as_u64().expect("a class") as usize).collect();
        let classes = case["classes"].as_u64().expect("a count") as usize;
        let l2 = case["l2"].as_f64().expect("a number");
        let model = Linear::fit(&rows, &truth, classes, l2, 10_000, None).expect("fits");
        let expected = matrix(&case["probabilities"]);
        for (found, expected) in model.probabilities(&rows).iter().zip(&expected) {
            assert!((found - expected).abs() <= tolerance, "{}: {found}, expected {expected}", case["name"]);
        }
    }
}
