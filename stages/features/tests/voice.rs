//! Features of the voice against Praat's, tilt of the spectrum against openSMILE's and NumPy's. The reference and the
//! script that made it lie in `tests/oracles/voice`.

use std::path::PathBuf;

use ser_features::{Extractor, Params};

const RATE_HZ: u32 = 16_000;

/// How far values of a feature may lie from the reference. Half of the frames within `median`, nine tenths within
/// `most`, and their mean within `mean`: Praat decides for itself where a pulse or a resonance is, so single frames may
/// differ.
struct Tolerance {
    features: &'static [&'static str],
    /// Added to the reference's magnitude times `relative`.
    absolute: f64,
    relative: f64,
    /// Shares of that which half of the frames, nine tenths and their mean may differ by.
    median: f64,
    most: f64,
    mean: f64,
    why: &'static str,
}

const TOLERANCES: &[Tolerance] = &[];

struct Signal {
    name: String,
    samples: Vec<f32>,
    reference: serde_json::Value,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/voice")
}

fn signals() -> Vec<Signal> {
    let text = std::fs::read_to_string(folder().join("reference.json")).expect("reference.json");
    let index: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let signals = index["signals"].as_object().expect("signals");
    signals
        .iter()
        .map(|(name, reference)| {
            let bytes = std::fs::read(folder().join(format!("{name}.s16"))).expect("samples");
            let samples = bytes.as_chunks::<2>().0.iter();
            Signal {
                name: name.clone(),
                samples: samples.map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0).collect(),
                reference: reference.clone(),
            }
        })
        .collect()
}

fn params() -> Params {
    serde_json::from_value(serde_json::json!({
        "log_mel": {"on": false}, "mfcc": {"on": false}, "chroma": false, "zcr": false, "rms": false,
        "voice": true, "formants": {"on": true}, "spectral_tilt": true, "rhythm": true,
    }))
    .expect("parameters")
}

impl Signal {
    /// Our frame columns by name.
    fn found(&self) -> impl Fn(&str) -> Vec<f64> {
        let mut extractor = Extractor::new(&params(), RATE_HZ).expect("parameters");
        let names = extractor.layout().frames.names.clone();
        let frames = extractor.extract(&self.samples, RATE_HZ).expect("features").frames;
        move |name| {
            let column = names.iter().position(|found| found == name).expect(name);
            frames.iter().skip(column).step_by(names.len()).map(|value| f64::from(*value)).collect()
        }
    }

    /// The reference's, where there are any.
    fn expected(&self, name: &str) -> Vec<Option<f64>> {
        self.reference["frames"][name].as_array().expect(name).iter().map(serde_json::Value::as_f64).collect()
    }
}

#[test]
fn print_differences() {
    for signal in signals() {
        let found = signal.found();
        let voiced = found("voiced");
        for name in [
            "f0_hz",
            "hnr_db",
            "jitter",
            "shimmer_db",
            "f1_hz",
            "f1_bandwidth_hz",
            "f2_hz",
            "f2_bandwidth_hz",
            "f3_hz",
            "f3_bandwidth_hz",
            "alpha_ratio_db",
            "hammarberg_db",
            "slope_0_500_db_per_khz",
            "slope_500_1500_db_per_khz",
        ] {
            let pairs: Vec<(f64, f64)> = found(name)
                .into_iter()
                .zip(signal.expected(name))
                .zip(&voiced)
                .enumerate()
                .filter(|(i, (_, v))| **v > 0.0 && (10..61).contains(i))
                .filter_map(|(_, ((f, e), _))| Some((f, e?)))
                .filter(|(f, _)| *f != 0.0)
                .collect();
            let mut apart: Vec<f64> = pairs.iter().map(|(f, e)| (f - e).abs()).collect();
            apart.sort_by(f64::total_cmp);
            let n = apart.len();
            let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n as f64;
            println!(
                "{} {name}: n {n} mean found {:.4} expected {:.4}; apart median {:.4} q90 {:.4} max {:.4}",
                signal.name,
                mean(|p| p.0),
                mean(|p| p.1),
                apart[n / 2],
                apart[n * 9 / 10],
                apart[n - 1]
            );
        }
        println!("whole {}", signal.reference["whole"]);
    }
}
