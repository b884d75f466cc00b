//! The resampler against what it promises, measured with tones.

use std::f64::consts::TAU;

use proptest::prelude::*;
use ser_audio::{ResampleError, Resampler};

/// Pairs of rates that corpora and features meet, and some that nobody chose well.
const PAIRS: [(u32, u32); 9] = [
    (48_000, 16_000),
    (44_100, 16_000),
    (24_414, 16_000),
    (22_050, 16_000),
    (96_000, 16_000),
    (8_000, 16_000),
    (16_000, 22_050),
    (16_000, 24_414),
    (11_025, 8_000),
];

fn tone(hz: f64, rate: u32, frames: usize) -> Vec<f32> {
    (0..frames).map(|n| (TAU * hz * n as f64 / f64::from(rate)).sin() as f32).collect()
}

/// Amplitude and phase of the tone of `hz` in the middle half of `signal`, under a Hann window.
fn measure(signal: &[f32], hz: f64, rate: u32) -> (f64, f64) {
    let (start, length) = (signal.len() / 4, signal.len() / 2);
    let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
    for n in 0..length {
        let window = 0.5 - 0.5 * (TAU * (n as f64 + 0.5) / length as f64).cos();
        let angle = TAU * hz * (start + n) as f64 / f64::from(rate);
        re += window * f64::from(signal[start + n]) * angle.cos();
        im += window * f64::from(signal[start + n]) * angle.sin();
        sum += window;
    }
    // The input is sin(angle): the imaginary part is in phase.
    (2.0 * re.hypot(im) / sum, re.atan2(im))
}

fn rms(signal: &[f32]) -> f64 {
    let middle = &signal[signal.len() / 4..signal.len() * 3 / 4];
    (middle.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum::<f64>() / middle.len() as f64).sqrt()
}

#[test]
fn tones_below_nine_tenths_of_the_lower_nyquist_pass_in_level_and_in_time() {
    for (from, to) in PAIRS {
        let mut resampler = Resampler::new(from, to).expect("plan");
        let nyquist = f64::from(from.min(to)) / 2.0;
        for share in [0.02, 0.1, 0.3, 0.5, 0.7, 0.85, 0.9] {
            let hz = share * nyquist;
            let output = resampler.resample(&tone(hz, from, from as usize / 2));
            let (amplitude, phase) = measure(&output, hz, to);
            let db = 20.0 * amplitude.log10();
            assert!(db.abs() < 0.01, "{from} -> {to}, {hz} Hz: {db} dB");
            // Late or early, in samples of the output.
            let shift = phase / TAU * f64::from(to) / hz;
            assert!(shift.abs() < 0.001, "{from} -> {to}, {hz} Hz: {shift} samples");
        }
    }
}

#[test]
fn tones_from_the_new_nyquist_up_are_gone() {
    for (from, to) in PAIRS.into_iter().filter(|(from, to)| from > to) {
        let mut resampler = Resampler::new(from, to).expect("plan");
        let (low, high) = (f64::from(to) / 2.0, f64::from(from) / 2.0);
        for share in [0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 0.99] {
            let hz = low + share * (high - low);
            let left = 20.0 * (rms(&resampler.resample(&tone(hz, from, from as usize / 2))) * 2.0_f64.sqrt()).log10();
            assert!(left < -100.0, "{from} -> {to}, {hz} Hz: {left} dB");
        }
    }
}

#[test]
fn images_of_a_tone_are_gone_when_the_rate_rises() {
    for (from, to) in PAIRS.into_iter().filter(|(from, to)| from < to) {
        let mut resampler = Resampler::new(from, to).expect("plan");
        let hz = 0.45 * f64::from(from);
        let output = resampler.resample(&tone(hz, from, from as usize / 2));
        let expected = tone(hz, to, output.len());
        let rest: Vec<f32> = output.iter().zip(&expected).map(|(found, expected)| found - expected).collect();
        let left = 20.0 * (rms(&rest) * 2.0_f64.sqrt()).log10();
        assert!(left < -95.0, "{from} -> {to}: {left} dB");
    }
}

#[test]
fn an_impulse_stays_where_it_was() {
    for (from, to) in PAIRS {
        let mut resampler = Resampler::new(from, to).expect("plan");
        let at = from as usize / 4;
        let mut input = vec![0.0; from as usize / 2];
        input[at] = 1.0;
        let output = resampler.resample(&input);
        let power: f64 = output.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        let centre: f64 =
            output.iter().enumerate().map(|(n, &sample)| n as f64 * f64::from(sample).powi(2)).sum::<f64>() / power;
        let expected = at as f64 * f64::from(to) / f64::from(from);
        assert!((centre - expected).abs() < 0.05, "{from} -> {to}: centre at {centre}, expected {expected}");
    }
}

#[test]
fn the_same_rate_changes_nothing() {
    let input = tone(440.0, 16_000, 1_000);
    let mut resampler = Resampler::new(16_000, 16_000).expect("plan");
    assert_eq!(resampler.resample(&input), input);
    assert_eq!(resampler.output_len(1_000), 1_000);
}

#[test]
fn a_clip_leaves_no_trace_in_the_next() {
    let input = tone(440.0, 24_414, 5_000);
    let mut fresh = Resampler::new(24_414, 16_000).expect("plan");
    let mut used = Resampler::new(24_414, 16_000).expect("plan");
    used.resample(&vec![1.0; 7_777]);
    assert_eq!(used.resample(&input), fresh.resample(&input));
}

#[test]
fn clips_shorter_than_the_filter_keep_their_length_and_level() {
    let mut resampler = Resampler::new(48_000, 16_000).expect("plan");
    for frames in [0, 1, 2, 3, 4, 100] {
        let output = resampler.resample(&vec![0.5; frames]);
        assert_eq!(output.len(), frames.div_ceil(3));
    }
    // The sum of an impulse is kept, times the ratio: 1/3.
    let mut input = vec![0.0; 3_000];
    input[1_500] = 1.0;
    let sum: f32 = resampler.resample(&input).iter().sum();
    assert!((sum - 1.0 / 3.0).abs() < 1e-4, "{sum}");
}

#[test]
fn rates_out_of_range_are_refused() {
    assert!(matches!(Resampler::new(7_999, 16_000), Err(ResampleError::RateOutOfRange { hz: 7_999 })));
    let error = Resampler::new(16_000, 192_001).err().expect("too high");
    assert_eq!(error.to_string(), "sample rate 192001 Hz, expected 8000 to 192000 Hz");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_pair_of_rates_gives_the_stated_length(from in 8_000_u32..=192_000, to in 8_000_u32..=192_000, frames in 0_usize..3_000) {
        let mut resampler = Resampler::new(from, to).expect("plan");
        let exact = (frames as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize;
        prop_assert_eq!(resampler.output_len(frames), exact);
        let output = resampler.resample(&vec![0.1; frames]);
        prop_assert_eq!(output.len(), exact);
        prop_assert!(output.iter().all(|sample| sample.is_finite() && sample.abs() < 0.2));
    }
}
