//! Levels of a clip: what tells a silent, clipped or mostly empty recording from a usable one.
//!
//! Loudness differs by 20 dB and more between speakers and emotions, so nothing here judges; a manifest does, by its
//! declared thresholds.

use crate::Decoded;

/// Length of the frames that silence is counted in, seconds.
const FRAME_S: f64 = 0.025;
/// A frame this far below the loudest one is silent, decibels.
const SILENCE_BELOW_LOUDEST_DB: f64 = 40.0;

/// Levels of one clip, over all its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Highest absolute sample in decibels relative to full scale; `None` for digital silence.
    pub peak_dbfs: Option<f64>,
    /// Root mean square of all samples in decibels relative to full scale; a full-scale square wave is at 0, a full-scale
    /// sine at -3.01. `None` for digital silence.
    pub rms_dbfs: Option<f64>,
    /// Share of samples at full scale, 0 to 1: at or beyond the highest value that the stored format can hold.
    pub clipped_fraction: f64,
    /// Share of 25 ms frames whose mean square lies more than 40 dB below that of the loudest frame, 0 to 1; 1 for digital
    /// silence. Frames do not overlap; the last one may be shorter.
    pub silence_fraction: f64,
    /// Silence before the first frame that is not silent, in seconds: a multiple of 25 ms. `None` for digital silence.
    pub leading_silence_s: Option<f64>,
    /// Silence after the end of the last such frame, in seconds. `None` for digital silence.
    pub trailing_silence_s: Option<f64>,
}

/// Levels of `audio`.
pub fn levels(audio: &Decoded) -> Levels {
    let samples = &audio.samples;
    if samples.is_empty() {
        return Levels {
            peak_dbfs: None,
            rms_dbfs: None,
            clipped_fraction: 0.0,
            silence_fraction: 1.0,
            leading_silence_s: None,
            trailing_silence_s: None,
        };
    }
    let full_scale = full_scale(audio.bits_per_sample);
    let mut peak = 0.0_f32;
    let mut clipped = 0_usize;
    for &sample in samples {
        let magnitude = sample.abs();
        peak = peak.max(magnitude);
        clipped += usize::from(magnitude >= full_scale);
    }
    let frame_samples =
        (FRAME_S * f64::from(audio.sample_rate_hz)).round().max(1.0) as usize * usize::from(audio.channels.max(1));
    let mut energy = 0.0;
    let mut frame_powers = Vec::with_capacity(samples.len() / frame_samples + 1);
    for frame in samples.chunks(frame_samples) {
        let frame_energy: f64 = frame.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
        energy += frame_energy;
        frame_powers.push(frame_energy / frame.len() as f64);
    }
    let loudest = frame_powers.iter().copied().fold(0.0, f64::max);
    let threshold = loudest * 10.0_f64.powf(-SILENCE_BELOW_LOUDEST_DB / 10.0);
    let is_silent = |power: f64| loudest == 0.0 || power < threshold;
    let silent = frame_powers.iter().filter(|&&power| is_silent(power)).count();
    let seconds = |samples: usize| samples as f64 / f64::from(audio.channels.max(1)) / f64::from(audio.sample_rate_hz);
    let first = frame_powers.iter().position(|&power| !is_silent(power));
    let last = frame_powers.iter().rposition(|&power| !is_silent(power));
    Levels {
        peak_dbfs: decibels(f64::from(peak) * f64::from(peak)),
        rms_dbfs: decibels(energy / samples.len() as f64),
        clipped_fraction: clipped as f64 / samples.len() as f64,
        silence_fraction: silent as f64 / frame_powers.len() as f64,
        leading_silence_s: first.map(|frame| seconds(frame * frame_samples)),
        trailing_silence_s: last.map(|frame| seconds(samples.len().saturating_sub((frame + 1) * frame_samples))),
    }
}

/// Highest positive sample of an integer format, 1.0 for floating-point and lossy ones. Negative full scale is one step
/// further out, and a clipped negative half-wave often stops at the same magnitude as the positive one.
fn full_scale(bits_per_sample: Option<u16>) -> f32 {
    match bits_per_sample {
        Some(bits @ 2..=24) => 1.0 - 2.0_f32.powi(1 - i32::from(bits)),
        _ => 1.0,
    }
}

fn decibels(power: f64) -> Option<f64> {
    (power > 0.0).then(|| 10.0 * power.log10())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::Container;

    fn clip(samples: Vec<f32>) -> Decoded {
        Decoded {
            container: Container::Wav,
            codec: "pcm_s16le".into(),
            bits_per_sample: Some(16),
            sample_rate_hz: 16_000,
            channels: 1,
            samples,
        }
    }

    fn sine(amplitude: f64, frames: usize) -> Vec<f32> {
        (0..frames).map(|n| (amplitude * (TAU * 1_000.0 * n as f64 / 16_000.0).sin()) as f32).collect()
    }

    #[test]
    fn a_half_scale_sine_is_at_minus_six_and_minus_nine_decibels() {
        let found = levels(&clip(sine(0.5, 16_000)));
        assert!((found.peak_dbfs.expect("peak") - 20.0 * 0.5_f64.log10()).abs() < 1e-6);
        assert!((found.rms_dbfs.expect("rms") - (20.0 * 0.5_f64.log10() - 10.0 * 2.0_f64.log10())).abs() < 1e-4);
        assert_eq!(found.clipped_fraction, 0.0);
        assert_eq!(found.silence_fraction, 0.0);
    }

    #[test]
    fn digital_silence_has_no_level_and_is_all_silence() {
        let found = levels(&clip(vec![0.0; 1_000]));
        let nothing = Levels {
            peak_dbfs: None,
            rms_dbfs: None,
            clipped_fraction: 0.0,
            silence_fraction: 1.0,
            leading_silence_s: None,
            trailing_silence_s: None,
        };
        assert_eq!(found, nothing);
        assert_eq!(levels(&clip(Vec::new())), found);
    }

    #[test]
    fn a_frame_counts_as_silent_below_forty_decibels_of_the_loudest_only() {
        let mut samples = sine(0.5, 1_600);
        samples.extend(sine(0.5 * 0.0101, 800));
        samples.extend(sine(0.5 * 0.0099, 1_600));
        // 4 loud frames of 400 samples, 2 just above the threshold, 4 just below it.
        assert_eq!(levels(&clip(samples)).silence_fraction, 0.4);
    }

    #[test]
    fn silence_at_the_ends_is_measured_in_whole_frames() {
        let mut samples = vec![0.0; 1_000];
        samples.extend(sine(0.5, 1_600));
        samples.extend(vec![0.0; 900]);
        let found = levels(&clip(samples));
        // The tone starts within the third frame of 400 samples and ends within the seventh.
        assert_eq!((found.leading_silence_s, found.trailing_silence_s), (Some(0.05), Some(0.04375)));
        let found = levels(&clip(sine(0.5, 1_000)));
        assert_eq!((found.leading_silence_s, found.trailing_silence_s), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn samples_at_either_end_of_the_integer_range_are_clipped() {
        let top = 32_767.0 / 32_768.0;
        let found = levels(&clip(vec![top, -1.0, -top, 32_766.0 / 32_768.0]));
        assert_eq!(found.clipped_fraction, 0.75);
        let mut float = clip(vec![top, 1.0]);
        float.bits_per_sample = Some(32);
        assert_eq!(levels(&float).clipped_fraction, 0.5);
    }

    #[test]
    fn a_quiet_speaker_is_not_silence() {
        assert_eq!(levels(&clip(sine(0.001, 16_000))).silence_fraction, 0.0);
    }
}
