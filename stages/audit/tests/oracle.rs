//! Measures against SciPy, scikit-learn and NumPy; `tests/oracles/audit/make.py` made the values and states the
//! tolerances.

use std::path::Path;

use ser_audit::{Measures, Params, associations, durations, shortcuts};
use ser_schemas::{Clip, Emotion};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    associations: Vec<AssociationCase>,
    shortcuts: Vec<ShortcutCase>,
    durations: Vec<DurationCase>,
}

#[derive(Deserialize)]
struct AssociationCase {
    name: String,
    pairs: Vec<(usize, usize)>,
    chi_squared: f64,
    cramers_v_uncorrected: f64,
    cramers_v: f64,
    normalised_mutual_information: f64,
    effective_classes: f64,
}

#[derive(Deserialize)]
struct ShortcutCase {
    name: String,
    values: Vec<f64>,
    emotions: Vec<usize>,
    balanced_accuracy: f64,
    skill: f64,
}

#[derive(Deserialize)]
struct DurationCase {
    name: String,
    values: Vec<f64>,
    mean_s: f64,
    sd_s: f64,
    quantiles_s: [f64; 5],
}

fn reference() -> Reference {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/audit/reference.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the oracle is there"))
        .expect("the oracle is understood")
}

fn clip(number: usize, emotion: usize) -> Clip {
    let mut clip = Clip::found(format!("c/{number:04}"), "c".into(), "path".into(), 1);
    clip.emotion = Some(Emotion::BUILT_IN[emotion]);
    clip
}

/// Relative to the expected value where that is large.
fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

#[test]
fn associations_agree_with_scipy_and_scikit_learn() {
    for case in reference().associations {
        let clips: Vec<Clip> = case
            .pairs
            .iter()
            .enumerate()
            .map(|(number, (emotion, speaker))| {
                let mut clip = clip(number, *emotion);
                clip.speaker = Some(format!("c:{speaker}"));
                clip
            })
            .collect();
        let rows = associations(&clips).expect("associates");
        let row = rows.iter().find(|row| row.property_b == "speaker").expect("all have a speaker");
        let name = &case.name;
        assert!(close(row.chi_squared, case.chi_squared, 1e-10), "{name}: {row:?}");
        let uncorrected = row.cramers_v_uncorrected.expect("there are several values");
        assert!(close(uncorrected, case.cramers_v_uncorrected, 1e-10), "{name}: {row:?}");
        let corrected = row.cramers_v.expect("there are several values");
        assert!(close(corrected, case.cramers_v, 1e-10), "{name}: {row:?}");
        let mutual = row.normalised_mutual_information.expect("there are several values");
        assert!(close(mutual, case.normalised_mutual_information, 1e-10), "{name}: {row:?}");

        let measures = Measures::of(&Params::default(), &clips).expect("measures");
        let effective = measures.class_balance[0].effective_classes;
        assert!(close(effective, case.effective_classes, 1e-12), "{name}: {effective}");
    }
}

#[test]
fn shortcuts_agree_with_scikit_learn() {
    for case in reference().shortcuts {
        let clips: Vec<Clip> = case
            .values
            .iter()
            .zip(&case.emotions)
            .enumerate()
            .map(|(number, (value, emotion))| {
                let mut clip = clip(number, *emotion);
                clip.rms_dbfs = Some(*value);
                clip
            })
            .collect();
        let rows = shortcuts(&clips);
        let row = rows.iter().find(|row| row.target == "emotion").expect("there are three emotions");
        assert!(close(row.balanced_accuracy, case.balanced_accuracy, 1e-12), "{}: {row:?}", case.name);
        assert!(close(row.skill, case.skill, 1e-12), "{}: {row:?}", case.name);
    }
}

#[test]
fn durations_agree_with_numpy() {
    for case in reference().durations {
        let clips: Vec<Clip> = case
            .values
            .iter()
            .enumerate()
            .map(|(number, seconds)| {
                let mut clip = clip(number, 0);
                clip.duration_s = Some(*seconds);
                clip
            })
            .collect();
        let row = &durations(&clips).expect("describes")[0];
        assert!(close(row.mean_s, case.mean_s, 1e-12), "{}: {row:?}", case.name);
        assert!(close(row.sd_s.expect("several clips"), case.sd_s, 1e-12), "{}: {row:?}", case.name);
        let found = [row.p05_s, row.p25_s, row.median_s, row.p75_s, row.p95_s];
        for (found, expected) in found.into_iter().zip(case.quantiles_s) {
            assert!(close(found, expected, 1e-12), "{}: {row:?}", case.name);
        }
    }
}
