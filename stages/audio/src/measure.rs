//! One recording measured: all that a manifest judges it by, and all that an audit looks at.
//!
//! Ingest writes these numbers into `clips`; a program that judges a single recording takes them from here too, so that a
//! recording is usable by the same rules whether it is learnt from or predicted.

use crate::clipping::clipped_fraction;
use crate::levels::{decibels, levels};
use crate::{Decoded, Levels, bandwidth_hz, fingerprint, phase};

/// Measurements of a decoded recording. Levels are those of the mix that features hear: the mean of all channels, each
/// less its offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// Duration in seconds.
    pub duration_s: f64,
    /// Levels and silence of the mix.
    pub levels: Levels,
    /// Root mean square of the channels before they are mixed, each less its offset, in decibels relative to full scale; `None`
    /// for digital silence. With one channel, the level of the mix. Where channels cancel, the mix lies far below.
    pub channel_rms_dbfs: Option<f64>,
    /// Largest absolute mean of a channel, full scale = 1.
    pub dc_offset: f64,
    /// Share of samples, 0 to 1, at full scale or in flat tops at the highest or lowest value of their channel.
    pub clipped_fraction: f64,
    /// Highest frequency that the mix holds sound at, in hertz; `None` for digital silence.
    pub bandwidth_hz: Option<f64>,
    /// Acoustic fingerprint of the mix; `None` for digital silence.
    pub fingerprint: Option<Vec<u32>>,
    /// Phases of the low bands of the mix, as [`phase`] gives them; `None` for digital silence.
    pub phase: Option<Vec<u32>>,
}

/// Measures `audio`. Takes memory for one channel beside it.
pub fn measure(audio: &Decoded) -> Measures {
    let offsets = audio.offsets();
    let mix = audio.mono();
    let levels = levels(&mix, audio.sample_rate_hz);
    Measures {
        duration_s: audio.duration_s(),
        levels,
        channel_rms_dbfs: if offsets.len() == 1 { levels.rms_dbfs } else { channel_rms_dbfs(audio, &offsets) },
        dc_offset: offsets.iter().fold(0.0, |largest, offset| offset.abs().max(largest)),
        clipped_fraction: clipped_fraction(&audio.samples, &offsets, audio.bits_per_sample),
        bandwidth_hz: bandwidth_hz(&mix, audio.sample_rate_hz),
        fingerprint: fingerprint(&mix, audio.sample_rate_hz),
        phase: phase(&mix, audio.sample_rate_hz),
    }
}

/// Root mean square of all channels of `audio`, each less its offset in `offsets`, in decibels relative to full scale; `None`
/// for digital silence.
pub fn channel_rms_dbfs(audio: &Decoded, offsets: &[f64]) -> Option<f64> {
    let mut energy = 0.0;
    for frame in audio.samples.chunks_exact(offsets.len().max(1)) {
        for (&sample, offset) in frame.iter().zip(offsets) {
            let deviation = f64::from(sample) - offset;
            energy += deviation * deviation;
        }
    }
    decibels(energy / audio.samples.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::Container;

    fn clip(channels: u16, samples: Vec<f32>) -> Decoded {
        Decoded {
            container: Container::Wav,
            codec: "pcm_s16le".into(),
            bits_per_sample: Some(16),
            sample_rate_hz: 16_000,
            channels,
            samples,
            remark: None,
        }
    }

    fn tone(n: usize) -> f32 {
        (0.5 * (TAU * 1_000.0 * n as f64 / 16_000.0).sin()) as f32
    }

    fn stereo(frame: impl Fn(usize) -> [f32; 2]) -> Measures {
        measure(&clip(2, (0..16_000).flat_map(frame).collect()))
    }

    #[test]
    fn a_level_is_that_of_the_mix() {
        let mono = measure(&clip(1, (0..16_000).map(tone).collect()));
        assert!((mono.levels.rms_dbfs.expect("a level") + 9.03).abs() < 0.01);
        assert_eq!(mono.channel_rms_dbfs, mono.levels.rms_dbfs);
        let same = stereo(|n| [tone(n); 2]);
        assert_eq!((same.levels, same.clipped_fraction), (mono.levels, 0.0));
        let one_dead = stereo(|n| [tone(n), 0.0]);
        let lower = mono.levels.rms_dbfs.expect("level") - one_dead.levels.rms_dbfs.expect("level");
        assert!((lower - 6.02).abs() < 0.01, "{lower}");
        let of_channels = mono.levels.rms_dbfs.expect("level") - one_dead.channel_rms_dbfs.expect("level");
        assert!((of_channels - 3.01).abs() < 0.01, "{of_channels}");
    }

    #[test]
    fn channels_that_cancel_are_loud_and_their_mix_is_not() {
        let opposite = stereo(|n| [tone(n), -tone(n)]);
        assert_eq!((opposite.levels.peak_dbfs, opposite.levels.rms_dbfs), (None, None));
        assert!((opposite.channel_rms_dbfs.expect("loud") + 9.03).abs() < 0.01);
        assert_eq!((opposite.bandwidth_hz, opposite.fingerprint), (None, None));
        let nearly = stereo(|n| [tone(n), -0.98 * tone(n)]);
        let apart = nearly.channel_rms_dbfs.expect("loud") - nearly.levels.rms_dbfs.expect("level");
        assert!((apart - 39.9).abs() < 0.1, "{apart}");
    }

    #[test]
    fn an_offset_is_no_level() {
        let plain = measure(&clip(1, (0..16_000).map(tone).collect()));
        let shifted = measure(&clip(1, (0..16_000).map(|n| tone(n) + 0.25).collect()));
        assert!((shifted.dc_offset - 0.25).abs() < 1e-6 && plain.dc_offset < 1e-6);
        let distance = plain.levels.rms_dbfs.expect("level") - shifted.levels.rms_dbfs.expect("level");
        assert!(distance.abs() < 1e-4, "{distance}");
        let silence = measure(&clip(2, [0.25, -0.5].repeat(8_000)));
        assert_eq!((silence.levels.rms_dbfs, silence.channel_rms_dbfs, silence.dc_offset), (None, None, 0.5));
        let speech_behind_silence = |offset: f32| {
            let samples = (0..16_000).map(|n| offset + if n < 6_400 { 0.0 } else { tone(n) }).collect();
            measure(&clip(1, samples)).levels.leading_silence_s
        };
        for offset in [0.0, 0.001, 0.05, 0.2, -0.4] {
            assert_eq!(speech_behind_silence(offset), Some(0.4), "{offset}");
        }
    }
}
