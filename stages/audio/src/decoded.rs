//! Decoded audio: every sample of a file in memory, at the file's own rate and with its own channels.

use std::fmt;

use crate::wide;

/// Quantisation of [`Decoded::audio_hash`]: steps per full scale. 24-bit samples are exact in `f32`, and so are these.
const HASH_STEPS: f32 = 8_388_608.0;
/// Sums taken side by side, so that they can be one instruction.
const LANES: usize = 8;

/// How a file packs its audio, as found in its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// RIFF, RIFX or RF64 WAVE.
    Wav,
    /// AIFF or AIFC.
    Aiff,
    /// Native FLAC.
    Flac,
    /// MPEG audio, layer III.
    Mp3,
    /// Ogg.
    Ogg,
}

/// All audio of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The container found in the content.
    pub container: Container,
    /// The codec found in the content: `pcm_s16le`, `pcm_f32le`, `pcm_mulaw`, `flac`, `mp3`, `vorbis`, ...
    pub codec: String,
    /// Bits per stored sample; `None` for lossy codecs.
    pub bits_per_sample: Option<u16>,
    /// Frames per second, within [`SAMPLE_RATES_HZ`](crate::SAMPLE_RATES_HZ).
    pub sample_rate_hz: u32,
    /// Samples per frame, at least 1.
    pub channels: u16,
    /// Samples as they are stored, interleaved: `frame_count() * channels` values, all finite, full scale = 1.0. Lossy and
    /// floating-point files may exceed it, up to [`LARGEST_SAMPLE`](crate::LARGEST_SAMPLE). An offset is still in them;
    /// what is heard is [`mono`](Self::mono).
    pub samples: Vec<f32>,
    /// Oddities of a file that was decoded, in words: bytes behind its end that begin another file, a tag that cannot
    /// be true. `None` for nearly every file.
    pub remark: Option<String>,
}

impl Container {
    /// The word for it in tables and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Aiff => "aiff",
            Self::Flac => "flac",
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Decoded {
    /// Number of frames: samples per channel.
    pub fn frame_count(&self) -> usize {
        self.samples.len() / usize::from(self.channels.max(1))
    }

    /// Duration in seconds: frames divided by the sample rate.
    pub fn duration_s(&self) -> f64 {
        self.frame_count() as f64 / f64::from(self.sample_rate_hz)
    }

    /// Offset of each channel: the mean of its samples, full scale = 1. `channels` values.
    ///
    /// A channel that never changes has exactly its value as its mean.
    pub fn offsets(&self) -> Vec<f64> {
        let channels = usize::from(self.channels.max(1));
        let frames = self.frame_count();
        if frames == 0 {
            return vec![0.0; channels];
        }
        if channels == 1 {
            return vec![sum(&self.samples) / frames as f64];
        }
        let mut sums = vec![0.0_f64; channels];
        for frame in self.samples.chunks_exact(channels) {
            for (sum, &sample) in sums.iter_mut().zip(frame) {
                *sum += f64::from(sample);
            }
        }
        sums.iter().map(|sum| sum / frames as f64).collect()
    }

    /// One channel, as all later stages hear it: the mean of all channels, frame by frame, each channel less its
    /// [offset](Self::offsets). `frame_count()` values.
    ///
    /// The mean, not the sum: two identical channels give the level of one. Channels that never change are digital silence.
    pub fn mono(&self) -> Vec<f32> {
        let channels = usize::from(self.channels.max(1));
        if channels == 1 {
            let mut samples = self.samples.clone();
            centre(&mut samples);
            return samples;
        }
        // Offset and frame are mixed by the same operations, so that constant channels cancel to the last bit.
        let scale = 1.0 / channels as f64;
        let offset = self.offsets().iter().sum::<f64>() * scale;
        self.samples
            .chunks_exact(channels)
            .map(|frame| (frame.iter().map(|&sample| f64::from(sample)).sum::<f64>() * scale - offset) as f32)
            .collect()
    }

    /// Like [`mono`](Self::mono), without a copy where there is one channel already.
    pub fn into_mono(mut self) -> Vec<f32> {
        if self.channels > 1 {
            return self.mono();
        }
        centre(&mut self.samples);
        self.samples
    }

    /// BLAKE3 hash of sample rate, channel count and samples, as 64 hexadecimal digits.
    ///
    /// Samples are taken as they are stored, offset included, and quantised to 24 bits. A WAV file and its lossless FLAC,
    /// AIFF or float copy therefore agree, up to 24 bits per sample exactly; beyond, differences below -138 dBFS are not
    /// seen. Samples of 256 times full scale and more count with all their bits. A stereo file differs from a mono file with
    /// the same speech.
    pub fn audio_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.sample_rate_hz.to_le_bytes());
        hasher.update(&self.channels.to_le_bytes());
        let mut bytes = Vec::with_capacity(4 * 16_384);
        for block in self.samples.chunks(16_384) {
            bytes.clear();
            for &sample in block {
                // `as` saturates, and -0.0 becomes 0.
                let steps = (sample * HASH_STEPS).round() as i32;
                bytes.extend_from_slice(&steps.to_le_bytes());
                if matches!(steps, i32::MIN | i32::MAX) {
                    bytes.extend_from_slice(&sample.to_bits().to_le_bytes());
                }
            }
            hasher.update(&bytes);
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Takes the mean off. A constant becomes exactly 0.
fn centre(samples: &mut [f32]) {
    let mean = sum(samples) / samples.len().max(1) as f64;
    wide(
        #[inline(always)]
        || samples.iter_mut().for_each(|sample| *sample = (f64::from(*sample) - mean) as f32),
    );
}

/// Sum of all samples, in double precision: exact for a constant.
fn sum(samples: &[f32]) -> f64 {
    let (blocks, rest) = samples.as_chunks::<LANES>();
    let mut sums = [0.0_f64; LANES];
    wide(
        #[inline(always)]
        || {
            for block in blocks {
                for (sum, &sample) in sums.iter_mut().zip(block) {
                    *sum += f64::from(sample);
                }
            }
        },
    );
    sums.iter().sum::<f64>() + rest.iter().map(|&sample| f64::from(sample)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_mix_down_is_the_mean_of_the_channels() {
        let stereo = clip(2, vec![1.0, 0.0, -1.0, 0.5, 0.25, 0.25, -0.25, -0.75]);
        assert_eq!(stereo.mono(), [0.5, -0.25, 0.25, -0.5]);
        assert_eq!(stereo.frame_count(), 4);
        assert_eq!(stereo.duration_s(), 4.0 / 16_000.0);
        assert_eq!(clip(1, vec![0.5, -0.5]).into_mono(), [0.5, -0.5]);
        assert_eq!(stereo.clone().into_mono(), stereo.mono());
    }

    #[test]
    fn each_channel_loses_its_offset_and_keeps_the_rest() {
        let signal: Vec<f32> = (0..1_000).map(|n| if n % 2 == 0 { 0.125 } else { -0.125 }).collect();
        let shifted: Vec<f32> = signal.iter().map(|sample| sample + 0.25).collect();
        assert_eq!(clip(1, shifted.clone()).offsets(), [0.25]);
        assert_eq!(clip(1, shifted.clone()).mono(), signal);
        assert_eq!(clip(1, shifted).into_mono(), signal);
        let stereo = clip(2, signal.iter().flat_map(|sample| [sample + 0.5, sample - 0.25]).collect());
        assert_eq!(stereo.offsets(), [0.5, -0.25]);
        assert_eq!(stereo.mono(), signal);
        assert!(clip(2, Vec::new()).mono().is_empty());
    }

    #[test]
    fn channels_that_never_change_are_digital_silence() {
        for value in [0.3_f32, 1.0 / 3.0, -0.999, 1.0e-7, 4_711.1] {
            for frames in [1, 7, 16_001] {
                assert!(clip(1, vec![value; frames]).into_mono().iter().all(|sample| *sample == 0.0), "{value}");
                let different: Vec<f32> =
                    (0..frames).flat_map(|_| [value, 0.7, -value * 1.0e-9, 0.1, 0.2, 0.3, 0.4]).collect();
                assert!(clip(7, different).mono().iter().all(|sample| *sample == 0.0), "{value} and others");
            }
        }
        let dead: Vec<f32> = (0..800).flat_map(|n| [if n % 2 == 0 { 0.5 } else { -0.5 }, 0.1]).collect();
        assert_eq!(clip(2, dead).mono()[..4], [0.25, -0.25, 0.25, -0.25], "one dead channel: 6 dB lower");
    }

    #[test]
    fn the_hash_sees_samples_rate_and_channels_and_nothing_else() {
        let mono = clip(1, vec![0.5, 0.5, -0.25, -0.25]);
        let stereo = clip(2, vec![0.5, 0.5, -0.25, -0.25]);
        assert_ne!(mono.audio_hash(), stereo.audio_hash());
        let mut copy = mono.clone();
        copy.container = Container::Flac;
        copy.codec = "flac".into();
        assert_eq!(mono.audio_hash(), copy.audio_hash());
        copy.samples[3] += 2.0 / HASH_STEPS;
        assert_ne!(mono.audio_hash(), copy.audio_hash());
        let mut other_rate = mono.clone();
        other_rate.sample_rate_hz = 8_000;
        assert_ne!(mono.audio_hash(), other_rate.audio_hash());
        assert_eq!(mono.audio_hash().len(), 64);
    }

    #[test]
    fn negative_zero_and_samples_beyond_full_scale_hash_without_surprise() {
        assert_eq!(clip(1, vec![0.0]).audio_hash(), clip(1, vec![-0.0]).audio_hash());
        assert_ne!(clip(1, vec![1.5]).audio_hash(), clip(1, vec![1.0]).audio_hash());
        assert_ne!(clip(1, vec![1.0e9]).audio_hash(), clip(1, vec![1.0e10]).audio_hash(), "beyond the quantised range");
        assert_ne!(clip(1, vec![-300.0, 0.5]).audio_hash(), clip(1, vec![-301.0, 0.5]).audio_hash());
    }
}
