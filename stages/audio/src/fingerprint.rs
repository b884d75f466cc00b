//! An acoustic fingerprint: what stays of a take when it is re-encoded, resampled, padded or played louder.
//!
//! After Haitsma and Kalker, *A Highly Robust Audio Fingerprinting System* (ISMIR 2002): for each time step, 32 bits that say
//! for neighbouring bands which of them gains on the other. Signs of differences know no level, and no filter that is smooth
//! over two bands. It differs from the paper in this:
//!
//! - the bands lie evenly from 200 to 3500 Hz, each 100 Hz wide, so that they resolve the harmonics of a voice. The
//!   same words in another take have another melody, and must not look alike. A telephone passes these bands, and a
//!   sample rate of 8 kHz holds them;
//! - differences are of logarithms, 80 ms apart, and energies are smoothed over 140 ms (64 ms frames, 7 steps of 20 ms), so
//!   that half a step of misalignment changes few bits;
//! - the floor under the logarithms and the choice of frames that count are relative to the clip's loudest frame, so that
//!   neither silence nor what a codec does to it makes bits.

use crate::decimate::decimate;
use crate::spectrum::{PowerSpectrum, symmetric_hann};

/// Time between two words, seconds. Readers of the table know it as `ser_schemas::FINGERPRINT_STEP_S`.
const STEP_S: f64 = 0.02;
/// Length of a frame, seconds.
const FRAME_S: f64 = 0.064;
/// Steps over which energies are smoothed.
const SMOOTHED: usize = 7;
/// Steps between the two moments that are compared.
const LAG: usize = 4;
/// One band more than there are bits.
const BANDS: usize = 33;
/// Edges of the lowest and the highest band, hertz.
const RANGE_HZ: (f64, f64) = (200.0, 3_500.0);
/// Lowest sample rate that decimation may leave, hertz: twice the highest edge and some.
const ANALYSIS_RATE_HZ: u32 = 8_000;
/// A frame this far below the loudest one does not count, decibels.
const INACTIVE_BELOW_LOUDEST_DB: f64 = 30.0;
/// Floor of a band's energy below that of the loudest frame's bands on average, decibels.
const FLOOR_BELOW_LOUDEST_DB: f64 = 50.0;

/// The fingerprint of one channel: one word for every full 20 ms (at least one), for the moment at `20 ms * index`. Bit `b` is set
/// when, over the last 80 ms, the band that begins at `200 Hz + b * 100 Hz` gained on the next one. 0 stands for a frame that does not
/// count: 30 dB and more below the loudest, or among the first four. `None` when no frame counts, as in silence.
pub fn fingerprint(samples: &[f32], sample_rate_hz: u32) -> Option<Vec<u32>> {
    let energies = smoothed(&energies(samples, sample_rate_hz));
    let totals: Vec<f32> = energies.iter().map(|bands| bands.iter().sum()).collect();
    let loudest = totals.iter().copied().fold(0.0_f32, f32::max);
    if loudest <= 0.0 {
        return None;
    }
    let below = |db: f64| (f64::from(loudest) * 10.0_f64.powf(-db / 10.0)) as f32;
    let (active, floor) = (below(INACTIVE_BELOW_LOUDEST_DB), below(FLOOR_BELOW_LOUDEST_DB) / BANDS as f32);
    let slopes: Vec<[f32; BANDS - 1]> = energies
        .iter()
        .map(|bands| {
            let logs = bands.map(|energy| (energy + floor).ln());
            std::array::from_fn(|band| logs[band] - logs[band + 1])
        })
        .collect();
    let word = |now: usize| {
        let then = now.checked_sub(LAG)?;
        (totals[now] > active).then(|| {
            let gains = slopes[now].iter().zip(&slopes[then]).enumerate();
            gains.fold(0_u32, |word, (bit, (now, then))| word | (u32::from(now > then) << bit))
        })
    };
    let words: Vec<u32> = (0..totals.len()).map(|now| word(now).unwrap_or(0)).collect();
    words.iter().any(|word| *word != 0).then_some(words)
}

/// Mean power in each band, step by step.
fn energies(samples: &[f32], sample_rate_hz: u32) -> Vec<[f32; BANDS]> {
    let factor = (sample_rate_hz / ANALYSIS_RATE_HZ).max(1);
    let rate = f64::from(sample_rate_hz) / f64::from(factor);
    let samples = decimate(samples, factor as usize);
    let frame_samples = (FRAME_S * rate).round() as usize;
    let mut spectrum = PowerSpectrum::new(frame_samples.max(1));
    let bins_per_hz = spectrum.transform_samples() as f64 / rate;
    let width_hz = (RANGE_HZ.1 - RANGE_HZ.0) / BANDS as f64;
    // 64 ms resolve 16 Hz, so that no band is empty.
    let edge = |band: usize| ((RANGE_HZ.0 + width_hz * band as f64) * bins_per_hz).ceil() as usize;
    let steps = ((samples.len() as f64 / rate / STEP_S) as usize).max(1);
    (0..steps)
        .map(|step| {
            let centre = (step as f64 * STEP_S * rate).round() as isize;
            let power = spectrum.of(&samples, centre - (frame_samples / 2) as isize);
            std::array::from_fn(|band| {
                let bins = &power[edge(band).min(power.len())..edge(band + 1).min(power.len())];
                bins.iter().sum::<f32>() / bins.len().max(1) as f32
            })
        })
        .collect()
}

/// Each band under a short window along time; beyond the ends there is nothing.
fn smoothed(energies: &[[f32; BANDS]]) -> Vec<[f32; BANDS]> {
    let weights = symmetric_hann(SMOOTHED);
    let sum: f32 = weights.iter().sum();
    (0..energies.len())
        .map(|now| {
            let mut bands = [0.0_f32; BANDS];
            for (tap, weight) in weights.iter().enumerate() {
                let Some(others) = (now + tap).checked_sub(SMOOTHED / 2).and_then(|at| energies.get(at)) else {
                    continue;
                };
                for (band, energy) in bands.iter_mut().zip(others) {
                    *band += weight / sum * energy;
                }
            }
            bands
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::Resampler;

    /// Something like a voice at 48 kHz: harmonics of a moving pitch under moving weights, between silences.
    fn voice(seed: f64) -> Vec<f32> {
        let mut phase = 0.0;
        let at = |n: usize| {
            let t = n as f64 / 48_000.0;
            phase += (150.0 + 40.0 * (TAU * (0.9 + seed) * t + seed).sin() + 15.0 * (TAU * 2.3 * t + 5.0 * seed).sin())
                / 48_000.0;
            if !(0.2..1.8).contains(&t) {
                return 0.0;
            }
            let harmonics = (1..=20).map(|k| {
                let weight =
                    1.0 + (TAU * (1.1 + 0.37 * f64::from(k) + seed) * t + f64::from(k * k) * (1.0 + seed)).sin();
                weight * (TAU * phase * f64::from(k)).sin() / f64::from(k)
            });
            (0.1 * harmonics.sum::<f64>()) as f32
        };
        (0..96_000).map(at).collect()
    }

    /// Share of equal bits over the steps that count in both, `b` moved by `steps`.
    fn similarity(a: &[u32], b: &[u32], steps: usize) -> f64 {
        let both: Vec<u32> = a
            .iter()
            .zip(&b[steps..])
            .filter(|(a, b)| **a != 0 && **b != 0)
            .map(|(a, b)| (a ^ b).count_ones())
            .collect();
        assert!(both.len() > 30, "only {} steps to compare", both.len());
        1.0 - f64::from(both.iter().sum::<u32>()) / (32.0 * both.len() as f64)
    }

    #[test]
    fn copies_agree_whatever_their_level_rate_and_padding() {
        let original = voice(0.0);
        let words = fingerprint(&original, 48_000).expect("there is a voice");
        assert_eq!(words.len(), 100);
        let quieter: Vec<f32> = original.iter().map(|sample| sample * 0.5).collect();
        assert_eq!(fingerprint(&quieter, 48_000), Some(words.clone()), "half is exact in binary");

        let resampled = Resampler::new(48_000, 16_000).expect("rates").resample(&original);
        let found = similarity(&words, &fingerprint(&resampled, 16_000).expect("a voice"), 0);
        assert!(found > 0.95, "resampled: {found}");

        let padded: Vec<f32> = std::iter::repeat_n(0.0, 9_600).chain(original.iter().copied()).collect();
        let found = similarity(&words, &fingerprint(&padded, 48_000).expect("a voice"), 10);
        assert!(found > 0.99, "padded by ten steps: {found}");
        let between: Vec<f32> = std::iter::repeat_n(0.0, 480).chain(original.iter().copied()).collect();
        let found = similarity(&words, &fingerprint(&between, 48_000).expect("a voice"), 0);
        assert!(found > 0.9, "half a step late, the worst there is: {found}");
    }

    #[test]
    fn another_voice_agrees_by_chance_only() {
        let (a, b) = (fingerprint(&voice(0.0), 48_000), fingerprint(&voice(0.31), 48_000));
        let found = similarity(&a.expect("a voice"), &b.expect("a voice"), 0);
        assert!((0.35..0.65).contains(&found), "{found}");
    }

    #[test]
    fn silence_has_no_fingerprint_and_short_clips_do_no_harm() {
        let silence = vec![0.0; 16_000];
        assert_eq!(fingerprint(&silence, 16_000), None);
        assert_eq!(fingerprint(&[], 16_000), None);
        assert_eq!(fingerprint(&[0.5], 192_000), None);
        let words = fingerprint(&voice(0.0), 48_000).expect("a voice");
        assert!(words[..4].iter().chain(&words[96..]).all(|word| *word == 0), "silence at both ends does not count");
    }
}
