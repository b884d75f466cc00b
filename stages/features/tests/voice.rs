//! Features of the voice against Praat's, tilt of the spectrum against openSMILE's and NumPy's. The reference and the
//! script that made it lie in `tests/oracles/voice`.

use std::path::PathBuf;

use ser_features::{Extractor, Formants, Params};

const RATE_HZ: u32 = 16_000;

/// How far values of a feature may lie from the reference: half of the frames of a signal within `median`, and their
/// mean within `mean`. Single frames may lie further: where a pulse or a weak resonance is taken to be is a choice in
/// both.
struct Tolerance {
    feature: &'static str,
    median: f64,
    mean: f64,
    /// Added to both, times the mean of the reference.
    relative: f64,
    why: &'static str,
}

const PRAAT: &[Tolerance] = &[
    Tolerance {
        feature: "hnr_db",
        median: 2.5,
        mean: 2.0,
        relative: 0.0,
        why: "our window is ten periods long, Praat's always 9 / 65 s, over which jitter adds up",
    },
    Tolerance {
        feature: "jitter",
        median: 2e-4,
        mean: 2e-4,
        relative: 0.05,
        why: "the same pulses, but for those at the ends of a frame's 48 ms",
    },
    Tolerance {
        feature: "shimmer_db",
        median: 0.02,
        mean: 0.02,
        relative: 0.2,
        why: "of the pulses at the ends of those 48 ms Praat takes no amplitude",
    },
    Tolerance {
        feature: "f1_hz",
        median: 0.0,
        mean: 0.0,
        relative: 0.02,
        why: "low-passes differ from 5060 Hz on, and with them the poles next to 5500 Hz",
    },
    Tolerance { feature: "f2_hz", median: 0.0, mean: 0.0, relative: 0.02, why: "as the first" },
    Tolerance {
        feature: "f3_hz",
        median: 0.0,
        mean: 0.0,
        relative: 0.02,
        why: "as the first, and nearer to those poles",
    },
    Tolerance {
        feature: "f1_bandwidth_hz",
        median: 5.0,
        mean: 5.0,
        relative: 0.03,
        why: "as the frequency; a bandwidth follows small changes of the spectrum",
    },
    Tolerance {
        feature: "f2_bandwidth_hz",
        median: 5.0,
        mean: 5.0,
        relative: 0.18,
        why: "as of the first; that of `rough` is wider than its distance to the first",
    },
    Tolerance { feature: "f3_bandwidth_hz", median: 5.0, mean: 5.0, relative: 0.1, why: "as of the first" },
];

/// How far any inner frame may lie from openSMILE's or NumPy's value: `absolute`, plus `relative` times its magnitude.
struct Spectral {
    feature: &'static str,
    reference: &'static str,
    absolute: f64,
    relative: f64,
    why: &'static str,
}

const SPECTRAL: &[Spectral] = &[
    Spectral {
        feature: "alpha_ratio_db",
        reference: "alpha_ratio_db",
        absolute: 0.05,
        relative: 0.0,
        why: "openSMILE's window is symmetric, and its low band begins at 0 Hz",
    },
    Spectral {
        feature: "hammarberg_db",
        reference: "hammarberg_db",
        absolute: 0.1,
        relative: 0.0,
        why: "openSMILE's window is symmetric",
    },
    Spectral {
        feature: "slope_0_500_db_per_khz",
        reference: "slope_0_500_db_per_khz",
        absolute: 0.05,
        relative: 1e-4,
        why: "powers in single precision, the weakest next to 0 Hz",
    },
    Spectral {
        feature: "slope_500_1500_db_per_khz",
        reference: "slope_500_1500_db_per_khz",
        absolute: 0.01,
        relative: 1e-4,
        why: "powers in single precision",
    },
    Spectral {
        feature: "slope_0_500_db_per_khz",
        reference: "opensmile_slope_0_500_db_per_khz",
        absolute: 4.0,
        relative: 0.1,
        why: "openSMILE's depends on the level, and is of a symmetric window",
    },
    Spectral {
        feature: "slope_500_1500_db_per_khz",
        reference: "opensmile_slope_500_1500_db_per_khz",
        absolute: 2.0,
        relative: 0.0,
        why: "openSMILE's depends on the level",
    },
];

/// Frames well within the sound.
const INNER: std::ops::Range<usize> = 10..61;

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
fn voiced_frames_agree_with_praat() {
    let mut misses = Vec::new();
    for signal in signals() {
        let found = signal.found();
        // Both must hear the same period: of `rough`, YIN takes some frames for unvoiced and a few for an octave lower.
        let heard = found("f0_hz").into_iter().zip(signal.expected("f0_hz")).enumerate();
        let same: Vec<bool> = heard
            .map(|(index, (hz, praat))| {
                INNER.contains(&index) && praat.is_some_and(|praat| (hz / praat - 1.0).abs() < 0.03)
            })
            .collect();
        for Tolerance { feature, median, mean, relative, why } in PRAAT {
            let pairs: Vec<(f64, f64)> = found(feature)
                .into_iter()
                .zip(signal.expected(feature))
                .zip(&same)
                .filter(|((found, _), same)| **same && *found != 0.0)
                .filter_map(|((found, expected), _)| Some((found, expected?)))
                .collect();
            let count = pairs.len();
            assert!(count >= 20, "{}, {feature}: {count} frames", signal.name);
            let ours = pairs.iter().map(|pair| pair.0).sum::<f64>() / count as f64;
            let theirs = pairs.iter().map(|pair| pair.1).sum::<f64>() / count as f64;
            let mut apart: Vec<f64> = pairs.iter().map(|(found, expected)| (found - expected).abs()).collect();
            apart.sort_by(f64::total_cmp);
            let middle = apart[count / 2];
            if middle > median + relative * theirs || (ours - theirs).abs() > mean + relative * theirs {
                misses.push(format!(
                    "{}, {feature}: mean {ours:.5}, expected {theirs:.5}; half of {count} beyond {middle:.5} ({why})",
                    signal.name
                ));
            }
        }
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}

#[test]
fn tilt_agrees_with_opensmile_and_least_squares() {
    let mut misses = Vec::new();
    for signal in signals() {
        let found = signal.found();
        for Spectral { feature, reference, absolute, relative, why } in SPECTRAL {
            let pairs = found(feature).into_iter().zip(signal.expected(reference)).enumerate();
            for (index, (found, expected)) in pairs.filter(|(index, _)| INNER.contains(index)) {
                let expected = expected.expect(reference);
                if (found - expected).abs() > absolute + relative * expected.abs() {
                    let at = format!("{}, frame {index}, {reference}", signal.name);
                    misses.push(format!("{at}: {found}, expected {expected} ({why})"));
                }
            }
        }
    }
    let first = &misses[..misses.len().min(20)];
    assert!(misses.is_empty(), "{} values differ, the first:\n{}", misses.len(), first.join("\n"));
}

/// The mean over frames against Praat's value of all pulses. Frames weigh periods by how many frames they lie in, and
/// of `rough` YIN takes the least regular ones for unvoiced.
#[test]
fn whole_signals_have_praats_jitter_and_shimmer() {
    for signal in signals() {
        let found = signal.found();
        let allowed = if signal.name == "rough" { 0.4 } else { 0.15 };
        for feature in ["jitter", "shimmer_db"] {
            let values: Vec<f64> = found(feature)[INNER].iter().copied().filter(|value| *value != 0.0).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let expected = signal.reference["whole"][feature].as_f64().expect(feature);
            assert!((mean / expected - 1.0).abs() < allowed, "{}, {feature}: {mean}, expected {expected}", signal.name);
        }
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
