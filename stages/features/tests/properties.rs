//! Properties of the features of every recording, however odd.

use proptest::prelude::*;
use ser_features::{Extractor, Params};

fn everything() -> Params {
    let mut params: Params = serde_json::from_value(serde_json::json!({
        "spectral_centroid": true, "spectral_bandwidth": true, "spectral_rolloff": true, "spectral_flatness": true,
        "mfcc": {"deltas": 2}, "voice": true, "formants": {"on": true}, "spectral_tilt": true, "rhythm": true,
    }))
    .expect("parameters");
    params.functionals.percentiles = vec![10, 90];
    params
}

fn odd_sample() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -1.0f32..1.0,
        2 => Just(0.0),
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::MAX), Just(f32::MIN)],
        1 => prop_oneof![Just(1e-30f32), Just(1e-45f32), Just(-1e-20f32)],
    ]
}

fn check(extractor: &mut Extractor, samples: &[f32], rate_hz: u32) {
    let features = extractor.extract(samples, rate_hz).expect("features");
    let layout = extractor.layout();
    assert!(features.frame_count >= 1);
    assert_eq!(features.frames.len(), features.frame_count * layout.frames.names.len());
    assert_eq!(features.functionals.len(), layout.functionals.len());
    for (index, value) in features.frames.iter().enumerate() {
        assert!(value.is_finite(), "{}", layout.frames.names[index % layout.frames.names.len()]);
    }
    for (name, value) in layout.functionals.iter().zip(&features.functionals) {
        assert!(value.is_finite(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn features_are_finite_for_any_samples(samples in prop::collection::vec(odd_sample(), 0..3_000)) {
        let mut extractor = Extractor::new(&everything(), 16_000).expect("parameters");
        check(&mut extractor, &samples, 16_000);
    }

    #[test]
    fn features_do_not_depend_on_the_clip_before(
        first in prop::collection::vec(-1.0f32..1.0, 0..3_000), second in prop::collection::vec(-1.0f32..1.0, 0..3_000),
    ) {
        let mut used = Extractor::new(&everything(), 16_000).expect("parameters");
        used.extract(&first, 16_000).expect("features");
        let mut fresh = Extractor::new(&everything(), 16_000).expect("parameters");
        prop_assert_eq!(
            used.extract(&second, 16_000).expect("features"),
            fresh.extract(&second, 16_000).expect("features")
        );
    }
}

#[test]
fn silence_constants_and_the_loudest_noise_are_finite() {
    let mut extractor = Extractor::new(&everything(), 16_000).expect("parameters");
    for value in [0.0, 1.0, -1.0, f32::MAX, f32::NAN] {
        check(&mut extractor, &vec![value; 5_000], 16_000);
    }
    let alternating: Vec<f32> = (0..5_000).map(|n| if n % 2 == 0 { 1e30 } else { -1e30 }).collect();
    check(&mut extractor, &alternating, 16_000);
}

/// Louder by `gain`, levels move by its decibels, within `allowed_db`, and nothing else moves.
fn assert_only_levels_move(clip: &[f32], gain: f32, allowed_db: f32) {
    let mut extractor = Extractor::new(&everything(), 16_000).expect("parameters");
    let gain_db = 20.0 * gain.log10();
    let moved: Vec<f32> = clip.iter().map(|sample| sample * gain).collect();
    check(&mut extractor, &moved, 16_000);
    let [plain, moved] = [clip, &moved].map(|clip| extractor.extract(clip, 16_000).expect("features").frames);
    let names = &extractor.layout().frames.names;
    for (index, (a, b)) in plain.iter().zip(&moved).enumerate() {
        let name = &names[index % names.len()];
        let (expected, allowed) = match name.as_str() {
            "rms" => (a * gain, a * gain * 1e-5),
            "mfcc_00" => (a + 8.0 * gain_db, allowed_db),
            name if name.starts_with("log_mel") => (a + gain_db, allowed_db),
            name if name.ends_with("_hz") => (*a, 0.5),
            _ => (*a, 0.01),
        };
        assert!((b - expected).abs() <= allowed, "{name}, {gain_db} dB: {a} became {b}, expected {expected}");
    }
}

/// Floating-point files that were never divided by the full scale of integers are legal; the audit tells of them.
#[test]
fn recordings_at_the_scale_of_integers_are_louder_and_nothing_else() {
    let clip: Vec<f32> = (0_u16..8_000)
        .map(|n| (f32::from(n) / 73.0).fract() * 0.5 - 0.25 + (f32::from(n) * 0.731).sin() * 0.02)
        .collect();
    // 70 dB, and the full scales of 16 and 32 bits.
    for gain in [3_162.0, 32_768.0, 2_147_483_648.0] {
        assert_only_levels_move(&clip, gain, 0.05);
    }
}

/// Samples beyond those of any decoder are limited: powers would overflow, and a chroma be infinity over itself.
#[test]
fn samples_too_large_for_powers_are_limited() {
    let mut extractor = Extractor::new(&everything(), 16_000).expect("parameters");
    let limited = extractor.load(vec![1e30, -1e30, 0.5, f32::NAN], 16_000).expect("samples");
    assert_eq!(limited, [ser_audio::LARGEST_SAMPLE, -ser_audio::LARGEST_SAMPLE, 0.5, 0.0]);
    let square =
        |level: f32| -> Vec<f32> { (0..5_000).map(|n| if n / 40 % 2 == 0 { level } else { -level }).collect() };
    for level in [ser_audio::LARGEST_SAMPLE, 1e30] {
        check(&mut extractor, &square(level), 16_000);
    }
}

#[test]
fn gain_moves_levels_by_decibels_and_leaves_the_rest() {
    let clip: Vec<f32> = (0..8_000)
        .map(|n| {
            let t = n as f32 / 16_000.0;
            (1..10).map(|h| (std::f32::consts::TAU * 180.0 * h as f32 * t).sin() / h as f32).sum::<f32>() * 0.2
                + ((n * n) as f32 * 0.731).sin() * 0.02
        })
        .collect();
    assert_only_levels_move(&clip, 0.5, 0.01);
}

#[test]
fn a_recording_at_another_rate_has_nearly_the_same_features() {
    let tone = |rate: u32| -> Vec<f32> {
        (0..rate).map(|n| 0.3 * (std::f64::consts::TAU * 440.0 * f64::from(n) / f64::from(rate)).sin() as f32).collect()
    };
    let mut extractor = Extractor::new(&everything(), 16_000).expect("parameters");
    let names = extractor.layout().frames.names.clone();
    let at = |name: &str| names.iter().position(|found| found == name).expect(name);
    for rate in [24_414, 44_100, 48_000] {
        let features = extractor.extract(&tone(rate), rate).expect("features");
        assert_eq!(features.frame_count, 101, "{rate} Hz");
        let middle = &features.frames[50 * names.len()..51 * names.len()];
        assert!((middle[at("f0_hz")] - 440.0).abs() < 1.0, "{rate} Hz: {}", middle[at("f0_hz")]);
        assert!((middle[at("rms")] - 0.3 / 2.0_f32.sqrt()).abs() < 2e-3, "{rate} Hz: {}", middle[at("rms")]);
        assert_eq!(middle[at("chroma_09")], 1.0, "{rate} Hz");
    }
}

#[test]
fn parameters_that_do_not_fit_the_sample_rate_are_named() {
    let mut params = Params::default();
    params.log_mel.fmax_hz = Some(9_000.0);
    let message = Extractor::new(&params, 16_000).err().expect("above half the sample rate").to_string();
    assert!(message.contains("`log_mel.fmax_hz`: 9000 Hz"), "{message}");
    let mut params = Params::default();
    params.log_mel.n_mels = 256;
    let message = Extractor::new(&params, 16_000).err().expect("empty bands").to_string();
    assert!(message.contains("`log_mel.n_mels`") && message.contains("use fewer bands"), "{message}");
}

#[test]
fn so_many_samples_are_so_many_frames() {
    let mut extractor = Extractor::new(&Params::default(), 16_000).expect("valid");
    for frames in [1, 2, 600] {
        let samples = extractor.samples_of(frames);
        let mut count = |samples: usize| extractor.extract(&vec![0.1; samples], 16_000).expect("features").frame_count;
        assert_eq!((count(samples), count(samples + 1)), (frames, frames + 1));
    }
}
