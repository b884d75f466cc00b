//! Decoded audio: every sample of a file in memory, at the file's own rate and with its own channels.

use std::fmt;

/// Quantisation of [`Decoded::audio_hash`]: steps per full scale. 24-bit samples are exact in `f32`, and so are these.
const HASH_STEPS: f32 = 8_388_608.0;

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
    /// Samples, interleaved: `frame_count() * channels` values, all finite, full scale = 1.0. Lossy and floating-point
    /// files may exceed it.
    pub samples: Vec<f32>,
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

    /// One channel: the mean of all channels, frame by frame. `frame_count()` values.
    ///
    /// The mean, not the sum: two identical channels give the level of one.
    pub fn mono(&self) -> Vec<f32> {
        let channels = usize::from(self.channels.max(1));
        if channels == 1 {
            return self.samples.clone();
        }
        let scale = 1.0 / channels as f64;
        self.samples
            .chunks_exact(channels)
            .map(|frame| (frame.iter().map(|&sample| f64::from(sample)).sum::<f64>() * scale) as f32)
            .collect()
    }

    /// Like [`mono`](Self::mono), without a copy where there is one channel already.
    pub fn into_mono(self) -> Vec<f32> {
        if self.channels <= 1 { self.samples } else { self.mono() }
    }

    /// BLAKE3 hash of sample rate, channel count and samples, as 64 hexadecimal digits.
    ///
    /// Samples are quantised to 24 bits first. A WAV file and its lossless FLAC, AIFF or float copy therefore agree, up to
    /// 24 bits per sample exactly; beyond, differences below -138 dBFS are not seen. A stereo file differs from a mono
    /// file with the same speech.
    pub fn audio_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.sample_rate_hz.to_le_bytes());
        hasher.update(&self.channels.to_le_bytes());
        let mut bytes = Vec::with_capacity(4 * 16_384);
        for block in self.samples.chunks(16_384) {
            bytes.clear();
            for &sample in block {
                // `as` saturates, and -0.0 becomes 0.
                bytes.extend_from_slice(&((sample * HASH_STEPS).round() as i32).to_le_bytes());
            }
            hasher.update(&bytes);
        }
        hasher.finalize().to_hex().to_string()
    }
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
        }
    }

    #[test]
    fn a_mix_down_is_the_mean_of_the_channels() {
        let stereo = clip(2, vec![1.0, 0.0, -0.5, 0.5, 0.25, 0.25]);
        assert_eq!(stereo.mono(), [0.5, 0.0, 0.25]);
        assert_eq!(stereo.frame_count(), 3);
        assert_eq!(stereo.duration_s(), 3.0 / 16_000.0);
        assert_eq!(clip(3, vec![0.3, 0.6, 0.9]).mono(), [0.6]);
        assert_eq!(clip(1, vec![0.3, 0.6]).into_mono(), [0.3, 0.6]);
        assert_eq!(stereo.clone().into_mono(), stereo.mono());
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
        assert_eq!(clip(1, vec![1.0e9]).audio_hash(), clip(1, vec![1.0e10]).audio_hash());
    }
}
