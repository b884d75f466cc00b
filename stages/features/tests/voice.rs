//! Features of the voice against Praat's, tilt of the spectrum against openSMILE's and NumPy's. The reference and the
//! script that made it lie in `tests/oracles/voice`.

use std::path::PathBuf;

use ser_features::{Extractor, Formants, Params};

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

#[test]
fn other_columns_are_the_same_with_and_without() {
    let (plain, more) =
        (Params::default(), Params { voice: true, spectral_tilt: true, rhythm: true, ..Params::default() });
    let more = Params { formants: Formants { on: true, ..Formants::default() }, ..more };
    let [mut plain, mut more] = [plain, more].map(|params| Extractor::new(&params, RATE_HZ).expect("parameters"));
    let (before, after) = (plain.layout().clone(), more.layout().clone());
    let (width, more_width) = (before.frames.names.len(), after.frames.names.len());
    assert_eq!((&after.frames.names[..width], more_width), (&before.frames.names[..], width + 14));
    assert_eq!(after.functionals[..before.functionals.len()], before.functionals);
    for signal in signals() {
        let [plain, more] = [&mut plain, &mut more].map(|it| it.extract(&signal.samples, RATE_HZ).expect("features"));
        for (a, b) in plain.frames.chunks_exact(width).zip(more.frames.chunks_exact(more_width)) {
            assert_eq!(a, &b[..width], "{}", signal.name);
        }
        assert_eq!(plain.functionals, more.functionals[..before.functionals.len()], "{}", signal.name);
    }
}

#[test]
fn an_a_of_220_hz_is_three_octaves_up_and_silence_has_no_voice() {
    let tone = (0..8_000_u16).map(|n| 0.3 * (std::f64::consts::TAU * 220.0 * f64::from(n) / 16_000.0).sin() as f32);
    let clip: Vec<f32> = tone.chain((0..8_000).map(|_| 0.0)).collect();
    let mut extractor = Extractor::new(&params(), RATE_HZ).expect("parameters");
    let names = extractor.layout().frames.names.clone();
    let features = extractor.extract(&clip, RATE_HZ).expect("features");
    let frame = |index: usize| names.iter().zip(&features.frames[index * names.len()..]);
    for (name, value) in frame(25) {
        match name.as_str() {
            "f0_semitones" => assert!((value - 36.0).abs() < 0.05, "{value}"),
            "hnr_db" => assert!(*value > 45.0, "{value}"),
            "jitter" | "shimmer_db" => assert!(*value > 0.0 && *value < 1e-3, "{name} {value}"),
            _ => {}
        }
    }
    assert!(frame(80).all(|(_, value)| *value == 0.0), "{:?}", frame(80).collect::<Vec<_>>());
}

#[test]
fn sets_about_voiced_frames_need_them() {
    for (key, value) in [
        ("voice", serde_json::json!(true)),
        ("formants", serde_json::json!({"on": true})),
        ("spectral_tilt", serde_json::json!(true)),
        ("rhythm", serde_json::json!(true)),
    ] {
        let params: Params =
            serde_json::from_value(serde_json::json!({"f0": {"on": false}, key: value})).expect("parameters");
        let message = Extractor::new(&params, RATE_HZ).err().expect("no voiced frames").to_string();
        assert!(message.contains(&format!("`{key}")) && message.contains("set `f0.on = true`"), "{message}");
    }
}

#[test]
fn formants_fit_below_half_the_sample_rate() {
    let params: Params = serde_json::from_value(serde_json::json!({"formants": {"on": true}})).expect("parameters");
    let message = Extractor::new(&params, 8_000).err().expect("too high").to_string();
    assert!(message.contains("`formants.max_hz`: 5500 Hz does not lie below"), "{message}");
    let params = Params { formants: Formants { on: true, max_hz: 4_000.0 }, ..params };
    for rate_hz in [8_000, 11_025, 22_050, 44_100] {
        assert!(Extractor::new(&params, rate_hz).is_ok(), "{rate_hz} Hz");
    }
}
