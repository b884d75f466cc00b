//! The same names in the same order, and the same bits, as when the digests below were stored.
//!
//! A digest that changes by accident is a mistake: rows of old and new code would stand in one table. One that changes
//! on purpose (other numbers, another order, a new set that is on by default) is stored anew from the message of the
//! failed test; if numbers of existing features change, `VERSION` rises too, so that no row of before is taken over.
//!
//! Signals are made of integers, and only on x86-64 Linux are digests compared: sines and logarithms of filter banks
//! are the platform's. Pitch goes through rustfft, which plans for the processor, so its columns are rounded first.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use ser_features::{Extractor, Params};
use serde_json::json;

const SAMPLE_RATE_HZ: u32 = 16_000;

/// Digests of names, frames and functionals, with the parameters that they belong to.
const GOLDEN: [(&str, &str); 6] = [
    ("defaults", "28edb142a2f5bd6b"),
    ("everything", "025ca2fbceda5811"),
    ("cleaned", "8d30bb56f2b07c87"),
    ("few", "369d010b0f1e916c"),
    ("shape", "5f4184d17c5e167d"),
    ("tilt", "80afa1d10e370241"),
];

fn params(name: &str) -> Params {
    let off = json!({"on": false});
    let value = match name {
        "everything" => json!({
            "mfcc": {"deltas": 2, "n_mfcc": 13}, "log_mel": {"n_mels": 41, "top_db": 60.0, "fmin_hz": 50.0},
            "spectral_centroid": true, "spectral_bandwidth": true, "spectral_rolloff": true, "spectral_flatness": true,
        }),
        "cleaned" => json!({
            "frame_s": 0.032, "hop_s": 0.008, "enhance": [{"kind": "trim-silence"}, {"kind": "pre-emphasis"}],
            "functionals": {"deltas": false, "percentiles": [5]},
        }),
        "few" => json!({"log_mel": off, "f0": off, "chroma": false, "functionals": off, "mfcc": {"deltas": 1}}),
        "shape" => json!({
            "log_mel": off, "mfcc": off, "f0": off, "chroma": false, "zcr": false, "rms": false,
            "spectral_bandwidth": true, "spectral_flatness": true,
        }),
        "tilt" => json!({"log_mel": off, "mfcc": off, "chroma": false, "spectral_tilt": true, "rhythm": true}),
        _ => json!({}),
    };
    serde_json::from_value(value).expect("parameters")
}

/// Pulses of a gliding pitch through a decaying resonance, with pauses, in noise; `seed` decides pitch and noise.
fn voice(count: usize, seed: u32) -> Vec<f32> {
    let (mut noise, mut phase, mut filter) = (seed.wrapping_mul(2_654_435_761) | 1, 0_u32, [0.0_f32; 2]);
    (0..count as u32)
        .map(|n| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (noise >> 16) as f32 / 65_536.0 - 0.5;
            phase += 500 + 40 * seed + n / 64 % 256;
            let strike = if phase >= 65_536 { 1.0 } else { 0.0 };
            phase %= 65_536;
            let sounding = if n / 2_048 % 3 == 2 { 0.0 } else { 1.0 };
            filter = [1.75 * filter[0] - 0.86 * filter[1] + strike * sounding, filter[0]];
            0.1 * filter[0] + 0.004 * hiss
        })
        .collect()
}

/// Clips of no, one, few and many frames.
fn clips() -> Vec<Vec<f32>> {
    let lengths = [0, 7, 160 * 4, 160 * 15 + 3, 160 * 31, 48_211];
    lengths.into_iter().zip(1..).map(|(length, seed)| voice(length, seed)).collect()
}

fn digest(name: &str) -> String {
    let mut extractor = Extractor::new(&params(name), SAMPLE_RATE_HZ).expect("parameters");
    let layout = extractor.layout().clone();
    let mut hash = blake3::Hasher::new();
    for name in layout.frames.names.iter().chain(&layout.functionals) {
        hash.update(name.as_bytes());
        hash.update(b"\n");
    }
    let mut update = |names: &[String], values: &[f32]| {
        for (name, value) in names.iter().cycle().zip(values) {
            let value = if name.starts_with("f0_hz") { (value * 4.0).round() + 0.0 } else { *value };
            hash.update(&value.to_bits().to_le_bytes());
        }
    };
    for clip in clips() {
        let features = extractor.extract(&clip, SAMPLE_RATE_HZ).expect("features");
        update(&layout.frames.names, &features.frames);
        update(&layout.functionals, &features.functionals);
    }
    hash.finalize().to_hex()[..16].to_owned()
}

#[test]
fn names_order_and_bits_are_those_of_before() {
    let found: Vec<(&str, String)> = GOLDEN.iter().map(|(name, _)| (*name, digest(name))).collect();
    let expected: Vec<(&str, String)> = GOLDEN.iter().map(|(name, digest)| (*name, (*digest).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_signals_have_pitch_and_pauses() {
    let mut extractor = Extractor::new(&Params::default(), SAMPLE_RATE_HZ).expect("parameters");
    let width = extractor.layout().frames.names.len();
    let features = extractor.extract(&clips()[5], SAMPLE_RATE_HZ).expect("features");
    let voiced = features.frames.chunks_exact(width).filter(|frame| frame[width - 1] > 0.0).count();
    assert!((50..features.frame_count - 50).contains(&voiced), "{voiced} of {}", features.frame_count);
}
