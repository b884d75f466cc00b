//! Figures against scikit-learn, SciPy, statsmodels and cleanlab; `tests/oracles/evaluate/make.py` made the
//! reference values; those of stratified sampling are by `strata.py` beside it.

use std::path::PathBuf;

use serde_json::Value;

use ser_evaluate::bootstrap::{Draws, intervals, standard_errors};
use ser_evaluate::calibration::{Tally, fit_temperature};
use ser_evaluate::class_intervals::class_intervals;
use ser_evaluate::compare::{Pair, differences, mcnemar_mid_p, speaker_permutation};
use ser_evaluate::confusion::Confusion;
use ser_evaluate::interval::Interval;
use ser_evaluate::label_errors::candidates;
use ser_evaluate::metrics::Scores;
use ser_evaluate::sample::{Sample, Speaker};

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

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

fn counts(value: &Value) -> Vec<u64> {
    list(value).iter().map(|count| count.as_u64().expect("a count")).collect()
}

#[test]
fn intervals_agree_with_scipy() {
    let oracle = oracle("intervals.json");
    let tolerance = number(&oracle["tolerance"]);
    for case in list(&oracle["cases"]) {
        let speakers: Vec<Confusion> = list(&case["speakers"]).iter().map(matrix).collect();
        let sample = corpora(vec![speakers]);
        let found = intervals(&sample, &Draws::of(&sample, index(&case["draws"]) as u32, 5)).expect("enough speakers");
        for (metric, found) in [
            ("accuracy", found.accuracy),
            ("uar", found.uar),
            ("macro_f1", found.macro_f1),
            ("weighted_f1", found.weighted_f1),
        ] {
            agree(&format!("{} {metric}", case["name"]), found, &case["figures"][metric], tolerance);
        }
    }
}

#[test]
fn standard_errors_over_corpora_are_those_of_stratified_sampling() {
    let oracle = oracle("strata.json");
    for case in list(&oracle["cases"]) {
        let speaker = |counts: &Value| {
            let (right, clips) = (index(&counts[0]), index(&counts[1]));
            Confusion::of_pairs(2, (0..clips).map(|clip| (0, usize::from(clip >= right))))
        };
        let each = list(&case["corpora"]).iter().map(|one| list(one).iter().map(speaker).collect());
        let sample = corpora(each.collect());
        let found = standard_errors(&sample, &Draws::of(&sample, 20_000, 5), None).expect("resamples")[0];
        let close = |found: f64, what: &str, tolerance: &str| {
            let expected = number(&case[what]);
            let off = (found / expected - 1.0).abs();
            assert!(off <= number(&oracle[tolerance]), "{} {what}: {found}, expected {expected}", case["name"]);
        };
        close(found.value, "standard_error", "tolerance");
        close(found.degrees, "degrees", "degrees_tolerance");
    }
}

#[test]
fn class_intervals_agree_with_statsmodels_and_scipy() {
    let oracle = oracle("class_intervals.json");
    let tolerance = number(&oracle["tolerance"]);
    for case in list(&oracle["cases"]) {
        let speakers: Vec<Confusion> = list(&case["speakers"]).iter().map(matrix).collect();
        for (class, found) in class_intervals(&corpora(vec![speakers])).iter().enumerate() {
            for (figure, found) in [("precision", found.precision), ("recall", found.recall), ("f1", found.f1)] {
                let expected = &case[figure][class];
                let what = format!("{} {figure} {class}: {found:?}, expected {expected}", case["name"]);
                assert_eq!(found.is_none(), expected.is_null(), "{what}");
                if let Some(found) = found {
                    let off = (found.low - number(&expected[0])).abs().max((found.high - number(&expected[1])).abs());
                    assert!(off <= tolerance, "{what}");
                }
            }
        }
    }
}

fn corpora(corpora: Vec<Vec<Confusion>>) -> Sample<Confusion> {
    let none = Confusion::new(corpora.first().and_then(|speakers| speakers.first()).map_or(0, Confusion::classes));
    let speakers = |matrices: Vec<Confusion>| matrices.into_iter().map(Speaker::from).collect();
    Sample::of_speakers(&none, corpora.into_iter().map(speakers).collect(), Vec::new())
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

/// Centre and width on the logit scale, where the interval is symmetrical.
fn agree(what: &str, found: Interval, expected: &Value, tolerance: f64) {
    let logit = |share: f64| (share / (1.0 - share)).ln();
    let (low, high) = (number(&expected["low"]), number(&expected["high"]));
    let width = logit(high) - logit(low);
    for (end, found, expected) in [("low", found.low, low), ("high", found.high, high)] {
        let off = (logit(found) - logit(expected)).abs() / width;
        assert!(off <= tolerance / 2.0, "{what} {end}: {found}, expected {expected}");
    }
}

#[test]
fn calibration_agrees_with_scikit_learn() {
    let oracle = oracle("calibration.json");
    let tolerance = number(&oracle["tolerance"]);
    for case in list(&oracle["cases"]) {
        let rows = list(&case["probabilities"]).iter().map(numbers);
        let clips: Vec<(Vec<f64>, usize)> = rows.zip(list(&case["truth"]).iter().map(index)).collect();
        let mut tally = Tally::new(index(&oracle["bins"]));
        for (row, truth) in &clips {
            tally.add(row, *truth);
        }
        for (metric, found) in [("brier", tally.brier()), ("log_loss", tally.log_loss()), ("ece", tally.ece())] {
            let expected = number(&case[metric]);
            assert!((found - expected).abs() <= tolerance, "{} {metric}: {found}, expected {expected}", case["name"]);
        }
        let bins: Vec<_> = tally.reliability().collect();
        assert_eq!(bins.len(), list(&case["bins"]).len());
        for (bin, expected) in bins.iter().zip(list(&case["bins"])) {
            assert_eq!(bin.clips, expected[0].as_u64().expect("a count"));
            assert!((bin.confidence - number(&expected[1])).abs() <= tolerance);
            assert!((bin.accuracy - number(&expected[2])).abs() <= tolerance);
        }
        let temperature = fit_temperature(&clips).expect("clips");
        let expected = number(&case["temperature"]);
        assert!((temperature / expected - 1.0).abs() < 1e-6, "{}: {temperature}, expected {expected}", case["name"]);
    }
}

#[test]
fn comparisons_agree_with_scipy_and_statsmodels() {
    let oracle = oracle("comparisons.json");
    let tolerance = number(&oracle["tolerance"]);
    for case in list(&oracle["cases"]) {
        let name = &case["name"];
        let each = list(&case["clips"]).iter().zip(list(&case["first"])).zip(list(&case["second"]));
        let speakers: Vec<Pair> = each
            .map(|((clips, first), second)| Pair {
                clips: counts(clips),
                first: numbers(first),
                second: numbers(second),
            })
            .collect();
        let found = mcnemar_mid_p(index(&case["first_only"]) as u64, index(&case["second_only"]) as u64);
        let expected = number(&case["mcnemar_mid_p"]);
        assert!((found - expected).abs() < 1e-9, "{name}: {found}, expected {expected}");

        let found = speaker_permutation(&speakers, 5).expect("enough speakers");
        let bracket = numbers(&case["permutation"]);
        assert!((bracket[0]..=bracket[1]).contains(&found), "{name}: {found}, expected {bracket:?}");

        let none = Pair::new(speakers[0].clips.len());
        let one_corpus = speakers.into_iter().map(|sums| Speaker { sums, clips: Vec::new() }).collect();
        let sample = Sample::of_speakers(&none, vec![one_corpus], Vec::new());
        let [uar, _] = differences(&sample, &Draws::of(&sample, index(&case["draws"]) as u32, 5));
        let (interval, value) = (uar.interval.expect("enough speakers"), number(&case["difference"]));
        assert!((uar.first - uar.second - value).abs() < 1e-12, "{name}");
        let half = number(&case["half_width"]);
        assert!(((interval.high - interval.low) / 2.0 / half - 1.0).abs() <= tolerance, "{name}: {interval:?} {half}");
        assert!((f64::midpoint(interval.high, interval.low) - value).abs() < 1e-9, "{name}: {interval:?} {value}");
    }
}

#[test]
fn label_errors_are_those_of_cleanlab() {
    for case in list(&oracle("label_errors.json")["cases"]) {
        let rows = list(&case["probabilities"]).iter().map(numbers);
        let clips: Vec<(Vec<f64>, usize)> = rows.zip(list(&case["labels"]).iter().map(index)).collect();
        let found: Vec<usize> =
            candidates(&clips, index(&case["classes"])).iter().map(|candidate| candidate.clip).collect();
        let expected: Vec<usize> = list(&case["ranked"]).iter().map(index).collect();
        assert!(expected.len() > 10);
        assert_eq!(found, expected, "{}", case["name"]);
    }
}
