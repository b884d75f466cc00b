//! Features against librosa's, functionals against numpy's. The reference and the script that made it lie in
//! `tests/oracles/features`.

use std::path::PathBuf;

use ser_features::{Extractor, Params};

/// How far a value may lie from its reference: `absolute`, plus `relative` times the reference's magnitude.
struct Tolerance {
    features: &'static str,
    absolute: f64,
    relative: f64,
    why: &'static str,
}

const TOLERANCES: &[Tolerance] = &[
    Tolerance {
        features: "log_mel",
        absolute: 0.01,
        relative: 0.0,
        why: "dB, that is 0.23 % of power: room for 32-bit rounding in either FFT, which weighs most in the quietest bands",
    },
    Tolerance { features: "mfcc", absolute: 0.02, relative: 1e-5, why: "sums of 64 log-mel values, each as above" },
    Tolerance { features: "chroma", absolute: 2e-4, relative: 0.0, why: "a quotient of two 32-bit sums over 257 bins" },
    Tolerance { features: "zcr", absolute: 1e-7, relative: 0.0, why: "a count over the window's length" },
    Tolerance { features: "rms", absolute: 1e-7, relative: 1e-5, why: "32-bit sums of 400 squares" },
    Tolerance {
        features: "spectral_centroid_hz",
        absolute: 0.05,
        relative: 1e-5,
        why: "librosa sums 257 terms in 32 bits, we in 64",
    },
    Tolerance { features: "spectral_bandwidth_hz", absolute: 0.05, relative: 1e-5, why: "as the centroid" },
    Tolerance {
        features: "spectral_rolloff_hz",
        absolute: 1e-3,
        relative: 1e-6,
        why: "a bin's frequency: equal or wrong",
    },
    Tolerance {
        features: "spectral_flatness",
        absolute: 1e-5,
        relative: 1e-3,
        why: "bins below 1e-10 are rounding errors",
    },
];

/// Slopes multiply a feature's error by up to the reciprocal of the clip's length in seconds; `short` has none.
const SLOPE_FACTOR: f64 = 20.0;

struct Reference {
    name: String,
    params: Params,
    sample_rate_hz: u32,
    names: Vec<String>,
    samples: Vec<f32>,
    frames: Vec<f32>,
    functionals: Vec<f32>,
    pyin_hz: Vec<f32>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/features")
}

fn floats(file: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder().join(file)).expect(file);
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn statistics() -> Vec<String> {
    serde_json::from_value(index()["statistics"].clone()).expect("statistics")
}

fn index() -> serde_json::Value {
    let text = std::fs::read_to_string(folder().join("reference.json")).expect("reference.json");
    serde_json::from_str(&text).expect("JSON")
}

fn references() -> Vec<Reference> {
    let index = index();
    let signals = index["signals"].as_object().expect("signals");
    signals
        .iter()
        .map(|(name, signal)| {
            let number = |key: &str| signal[key].as_f64().expect(key);
            let mut params = Params {
                spectral_centroid: true,
                spectral_bandwidth: true,
                spectral_rolloff: true,
                spectral_flatness: true,
                ..Params::default()
            };
            params.log_mel.n_mels = number("n_mels") as u32;
            params.log_mel.fmin_hz = number("fmin_hz");
            params.log_mel.fmax_hz = Some(number("fmax_hz"));
            params.mfcc.n_mfcc = number("n_mfcc") as u32;
            params.mfcc.deltas = 2;
            let samples = std::fs::read(folder().join(format!("{name}.s16"))).expect("samples");
            Reference {
                name: name.clone(),
                params,
                sample_rate_hz: number("sample_rate_hz") as u32,
                names: serde_json::from_value(signal["names"].clone()).expect("names"),
                samples: samples
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|bytes| f32::from(i16::from_le_bytes(*bytes)) / 32_768.0)
                    .collect(),
                frames: floats(&format!("{name}.frames.f32")),
                functionals: floats(&format!("{name}.functionals.f32")),
                pyin_hz: floats(&format!("{name}.pyin.f32")),
            }
        })
        .collect()
}

fn tolerance(feature: &str) -> &'static Tolerance {
    let found = TOLERANCES.iter().filter(|tolerance| feature.starts_with(tolerance.features));
    found.max_by_key(|tolerance| tolerance.features.len()).expect(feature)
}

/// Collects values outside their tolerance, so that one run shows them all.
#[derive(Default)]
struct Misses(Vec<String>);

impl Misses {
    fn compare(&mut self, what: &str, feature: &str, factor: f64, expected: f32, found: f32) {
        let tolerance = tolerance(feature);
        let (expected, found) = (f64::from(expected), f64::from(found));
        let allowed = factor * (tolerance.absolute + tolerance.relative * expected.abs());
        if (expected - found).abs() > allowed || found.is_nan() {
            self.0.push(format!("{what}: expected {expected}, found {found}, allowed {allowed} ({})", tolerance.why));
        }
    }

    fn assert_none(&self) {
        assert!(
            self.0.is_empty(),
            "{} values differ, the first:\n{}",
            self.0.len(),
            self.0[..self.0.len().min(20)].join("\n")
        );
    }
}

#[test]
fn frames_agree_with_librosa() {
    let mut misses = Misses::default();
    for reference in references() {
        let mut extractor = Extractor::new(&reference.params, reference.sample_rate_hz).expect("parameters");
        let width = extractor.layout().frames.names.len();
        let found = extractor.extract(&reference.samples, reference.sample_rate_hz).expect("features");
        assert_eq!(extractor.layout().frames.names[..width - 2], reference.names, "{}", reference.name);
        assert_eq!(found.frame_count * reference.names.len(), reference.frames.len(), "{}", reference.name);
        let rows = found.frames.chunks_exact(width).zip(reference.frames.chunks_exact(reference.names.len()));
        for (index, (found, expected)) in rows.enumerate() {
            for ((name, expected), found) in reference.names.iter().zip(expected).zip(found) {
                misses.compare(&format!("{}, frame {index}, {name}", reference.name), name, 1.0, *expected, *found);
            }
        }
    }
    misses.assert_none();
}

#[test]
fn functionals_agree_with_numpy() {
    let mut misses = Misses::default();
    let statistics = statistics();
    for reference in references() {
        let mut extractor = Extractor::new(&reference.params, reference.sample_rate_hz).expect("parameters");
        let found = extractor.extract(&reference.samples, reference.sample_rate_hz).expect("features").functionals;
        let names = reference.names.iter().flat_map(|name| statistics.iter().map(move |statistic| (name, statistic)));
        assert_eq!(names.clone().count(), reference.functionals.len());
        for (index, (name, statistic)) in names.enumerate() {
            let full = format!("{name}_{statistic}");
            assert_eq!(extractor.layout().functionals[index], full);
            let factor = if statistic == "slope" { SLOPE_FACTOR } else { 1.0 };
            misses.compare(
                &format!("{}, {full}", reference.name),
                name,
                factor,
                reference.functionals[index],
                found[index],
            );
        }
    }
    misses.assert_none();
}

/// pYIN decodes pitch over the whole clip in steps of 10 cents (0.6 %), YIN frame by frame in none: where both hear a
/// voice they must agree to 1.5 % (pYIN's rounding, and the glide within their different windows). They decide about
/// voicing by different rules, so up to 6 of some 70 frames may differ in that.
#[test]
fn pitch_agrees_with_librosas_pyin() {
    for name in ["voice", "telephone"] {
        let reference = references().into_iter().find(|reference| reference.name == name).expect(name);
        let mut extractor = Extractor::new(&reference.params, reference.sample_rate_hz).expect("parameters");
        let width = extractor.layout().frames.names.len();
        let found = extractor.extract(&reference.samples, reference.sample_rate_hz).expect("features");
        let track: Vec<(f32, f32)> =
            found.frames.chunks_exact(width).map(|row| row[width - 2]).zip(reference.pyin_hz.iter().copied()).collect();
        let both: Vec<&(f32, f32)> = track.iter().filter(|(yin, pyin)| *yin > 0.0 && *pyin > 0.0).collect();
        assert!(both.len() >= 38, "{name}: {} frames are voiced in both of {track:?}", both.len());
        for (yin, pyin) in both {
            assert!((yin / pyin - 1.0).abs() < 0.015, "{name}: {yin} Hz, pYIN {pyin} Hz");
        }
        let differ = track.iter().filter(|(yin, pyin)| (*yin > 0.0) != (*pyin > 0.0)).count();
        assert!(differ <= 6, "{name}: {differ} frames differ about voicing: {track:?}");
    }
}
