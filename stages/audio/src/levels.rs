//! Levels of a clip: what tells a silent, clipped or mostly empty recording from a usable one.
//!
//! Loudness differs by 20 dB and more between speakers and emotions, so nothing here judges; a manifest does, by its
//! declared thresholds.

/// Length of the frames that silence is counted in, seconds.
const FRAME_S: f64 = 0.025;
/// A frame this far below the loudest one is silent, decibels.
const SILENCE_BELOW_LOUDEST_DB: f64 = 40.0;

/// Levels of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Highest absolute sample in decibels relative to full scale; `None` for digital silence.
    pub peak_dbfs: Option<f64>,
    /// Root mean square of all samples in decibels relative to full scale; a full-scale square wave is at 0, a full-scale
    /// sine at -3.01. `None` for digital silence.
    pub rms_dbfs: Option<f64>,
    /// Share of 25 ms frames whose mean square lies more than 40 dB below that of the loudest frame, 0 to 1; 1 for digital
    /// silence. Frames do not overlap; the last one may be shorter.
    pub silence_fraction: f64,
    /// Silence before the first frame that is not silent, in seconds: a multiple of 25 ms. `None` for digital silence.
    pub leading_silence_s: Option<f64>,
    /// Silence after the end of the last such frame, in seconds. `None` for digital silence.
    pub trailing_silence_s: Option<f64>,
}

impl Levels {
    /// Those of digital silence.
    const SILENCE: Self = Self {
        peak_dbfs: None,
        rms_dbfs: None,
        silence_fraction: 1.0,
        leading_silence_s: None,
        trailing_silence_s: None,
    };
}

/// Levels of one channel without offset.
pub fn levels(samples: &[f32], sample_rate_hz: u32) -> Levels {
    if samples.is_empty() {
        return Levels::SILENCE;
    }
    let peak = f64::from(samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs())));
    let rate = f64::from(sample_rate_hz.max(1));
    let frame_samples = frame_samples(sample_rate_hz);
    let mut energy = 0.0;
    let frames = sounding(samples, frame_samples, |frame_energy| energy += frame_energy);
    let silent = frames.iter().filter(|&&sounds| !sounds).count();
    let first = frames.iter().position(|&sounds| sounds);
    let last = frames.iter().rposition(|&sounds| sounds);
    Levels {
        peak_dbfs: decibels(peak * peak),
        rms_dbfs: decibels(energy / samples.len() as f64),
        silence_fraction: silent as f64 / frames.len() as f64,
        leading_silence_s: first.map(|frame| (frame * frame_samples) as f64 / rate),
        trailing_silence_s: last.map(|frame| samples.len().saturating_sub((frame + 1) * frame_samples) as f64 / rate),
    }
}

/// Which frames of a channel without offset are not silent, as [`Levels::silence_fraction`] counts them, and their length in
/// samples: 25 ms, without overlap; the last frame may be shorter.
pub fn sounding_frames(samples: &[f32], sample_rate_hz: u32) -> (usize, Vec<bool>) {
    let frame_samples = frame_samples(sample_rate_hz);
    (frame_samples, sounding(samples, frame_samples, |_| {}))
}

fn frame_samples(sample_rate_hz: u32) -> usize {
    (FRAME_S * f64::from(sample_rate_hz.max(1))).round().max(1.0) as usize
}

/// `seen` is told the energy of each frame, in order.
fn sounding(samples: &[f32], frame_samples: usize, mut seen: impl FnMut(f64)) -> Vec<bool> {
    let mut frame_powers = Vec::with_capacity(samples.len() / frame_samples + 1);
    for frame in samples.chunks(frame_samples) {
        let frame_energy: f64 = frame.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
        seen(frame_energy);
        frame_powers.push(frame_energy / frame.len() as f64);
    }
    let loudest = frame_powers.iter().copied().fold(0.0, f64::max);
    let threshold = loudest * 10.0_f64.powf(-SILENCE_BELOW_LOUDEST_DB / 10.0);
    frame_powers.into_iter().map(|power| loudest > 0.0 && power >= threshold).collect()
}

/// A power in decibels; `None` for none.
pub(crate) fn decibels(power: f64) -> Option<f64> {
    (power > 0.0).then(|| 10.0 * power.log10())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(amplitude: f64, frames: usize) -> Vec<f32> {
        (0..frames).map(|n| (amplitude * (TAU * 1_000.0 * n as f64 / 16_000.0).sin()) as f32).collect()
    }

    #[test]
    fn a_half_scale_sine_is_at_minus_six_and_minus_nine_decibels() {
        let found = levels(&sine(0.5, 16_000), 16_000);
        assert!((found.peak_dbfs.expect("peak") - 20.0 * 0.5_f64.log10()).abs() < 1e-6);
        assert!((found.rms_dbfs.expect("rms") - (20.0 * 0.5_f64.log10() - 10.0 * 2.0_f64.log10())).abs() < 1e-4);
        assert_eq!(found.silence_fraction, 0.0);
    }

    #[test]
    fn digital_silence_has_no_level_and_is_all_silence() {
        let found = levels(&vec![0.0; 1_000], 16_000);
        assert_eq!(found, Levels::SILENCE);
        assert_eq!(levels(&[], 16_000), found);
    }

    #[test]
    fn a_frame_counts_as_silent_below_forty_decibels_of_the_loudest_only() {
        let mut samples = sine(0.5, 1_600);
        samples.extend(sine(0.5 * 0.0101, 800));
        samples.extend(sine(0.5 * 0.0099, 1_600));
        // 4 loud frames of 400 samples, 2 just above the threshold, 4 just below it.
        assert_eq!(levels(&samples, 16_000).silence_fraction, 0.4);
    }

    #[test]
    fn silence_at_the_ends_is_measured_in_whole_frames() {
        let mut samples = vec![0.0; 1_000];
        samples.extend(sine(0.5, 1_600));
        samples.extend(vec![0.0; 900]);
        let found = levels(&samples, 16_000);
        // The tone starts within the third frame of 400 samples and ends within the seventh.
        assert_eq!((found.leading_silence_s, found.trailing_silence_s), (Some(0.05), Some(0.04375)));
        let sounds = [false, false, true, true, true, true, true, false, false];
        assert_eq!(sounding_frames(&samples, 16_000), (400, sounds.to_vec()));
        let found = levels(&sine(0.5, 1_000), 16_000);
        assert_eq!((found.leading_silence_s, found.trailing_silence_s), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn a_quiet_speaker_is_not_silence() {
        assert_eq!(levels(&sine(0.001, 16_000), 16_000).silence_fraction, 0.0);
    }
}
