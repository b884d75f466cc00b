//! How far up a recording really reaches, whatever its sample rate says.
//!
//! A file at 48 kHz that was once at 16 kHz, or that went through a lossy codec, holds nothing above that stage's
//! cut-off but rounding. The edge is found in the mean power spectrum of the loudest frames, where there is something to
//! see: full-band studio speech lies within 60 dB of its strongest band almost up to half the sample rate, and what a
//! resampler or codec removed lies 75 dB and more below.

use crate::spectrum::PowerSpectrum;

/// Length of a frame, seconds.
const FRAME_S: f64 = 0.02;
/// So many of the loudest frames are averaged.
const LOUDEST: usize = 32;
/// Width of the bands whose powers are compared, hertz.
const BAND_HZ: f64 = 250.0;
/// A band this far below the strongest one holds no sound, decibels.
const BELOW_STRONGEST_DB: f64 = 70.0;

/// Upper edge of the highest 250 Hz band, in hertz, whose mean power lies within 70 dB of the strongest band's. At most
/// half of `sample_rate_hz`, to within a band; `None` for digital silence.
///
/// `samples` is one channel. The bands' powers are means over the 32 loudest 20 ms frames. Noise counts as sound: where a
/// recording's own noise lies above the edge of a cut, the cut is not seen, nor heard.
pub fn bandwidth_hz(samples: &[f32], sample_rate_hz: u32) -> Option<f64> {
    let rate = f64::from(sample_rate_hz);
    let frame_samples = ((FRAME_S * rate) as usize).max(1);
    let hop = frame_samples.div_ceil(2);
    let energy = |start: usize| {
        let frame = &samples[start..(start + frame_samples).min(samples.len())];
        frame.iter().map(|sample| sample * sample).sum::<f32>()
    };
    let mut frames: Vec<(f32, usize)> = (0..samples.len())
        .step_by(hop)
        .map(|start| (energy(start), start))
        .filter(|(energy, _)| *energy > 0.0)
        .collect();
    frames.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    frames.truncate(LOUDEST);

    let mut spectrum = PowerSpectrum::new(frame_samples);
    let bin_hz = rate / spectrum.transform_samples() as f64;
    let bands = (rate / 2.0 / BAND_HZ) as usize;
    let mut powers = vec![(0.0_f64, 0_u32); bands];
    for (_, start) in frames {
        for (bin, power) in spectrum.of(samples, start as isize).iter().enumerate() {
            if let Some((sum, count)) = powers.get_mut((bin as f64 * bin_hz / BAND_HZ) as usize) {
                *sum += f64::from(*power);
                *count += 1;
            }
        }
    }
    let means: Vec<f64> = powers.iter().map(|(sum, count)| sum / f64::from((*count).max(1))).collect();
    let strongest = means.iter().copied().fold(0.0, f64::max);
    let floor = strongest * 10.0_f64.powf(-BELOW_STRONGEST_DB / 10.0);
    let highest = means.iter().rposition(|power| *power > floor)?;
    Some((highest + 1) as f64 * BAND_HZ)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::Resampler;

    /// Noise with all frequencies alike, from a linear congruential generator.
    fn noise(samples: usize) -> Vec<f32> {
        let mut state = 1_u32;
        (0..samples)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
            })
            .collect()
    }

    #[test]
    fn noise_reaches_up_to_half_the_sample_rate() {
        for rate in [8_000, 16_000, 48_000] {
            assert_eq!(bandwidth_hz(&noise(rate as usize), rate), Some(f64::from(rate) / 2.0));
        }
        assert_eq!(bandwidth_hz(&noise(24_414), 24_414), Some(12_000.0), "half of 24 414 is in no whole band");
    }

    #[test]
    fn an_upsampled_recording_reaches_as_far_as_it_did() {
        let mut up = Resampler::new(16_000, 48_000).expect("both rates are known");
        let upsampled: Vec<f32> =
            up.resample(&noise(16_000)).iter().map(|sample| (sample * 32_768.0).round() / 32_768.0).collect();
        let found = bandwidth_hz(&upsampled, 48_000).expect("there is sound");
        assert!((7_500.0..=8_250.0).contains(&found), "{found}");
    }

    #[test]
    fn a_tone_reaches_as_far_as_its_band_and_silence_nowhere() {
        let tone: Vec<f32> =
            (0..16_000).map(|n| (0.5 * (TAU * 1_100.0 * f64::from(n) / 16_000.0).sin()) as f32).collect();
        let found = bandwidth_hz(&tone, 16_000).expect("there is sound");
        assert!((1_250.0..=2_000.0).contains(&found), "a Hann window leaks a little: {found}");
        assert_eq!(bandwidth_hz(&[0.0; 1_000], 16_000), None);
        assert_eq!(bandwidth_hz(&[], 16_000), None);
        assert!(bandwidth_hz(&[0.5], 8_000).is_some(), "a click has every frequency");
    }
}
