//! Symphonia's decoders behind one interface: packets go in, interleaved samples come out, within the limits.

use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::CODEC_ID_PCM_S16LE;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::PcmDecoder;

use crate::{AudioError, Container, Limits, wide};

/// Samples that one PCM packet holds, all channels together: enough to be fast, few enough to stay in the cache.
const PCM_PACKET_SAMPLES: usize = 16_384;

/// What a 16-bit sample is multiplied with to lie between -1 and 1; a power of two, so exact.
const S16_SCALE: f32 = 1.0 / 32_768.0;

/// Samples that memory is taken for before the first one is decoded.
const LARGEST_FIRST_BUFFER: usize = 1 << 24;

/// Raw samples as a container describes them.
#[derive(Clone, Debug)]
pub(crate) struct PcmFormat {
    pub(crate) container: Container,
    pub(crate) codec: AudioCodecId,
    pub(crate) bytes_per_sample: usize,
    pub(crate) sample_rate_hz: u32,
    pub(crate) channels: u16,
}

/// Collects what a decoder returns, and stops at the limits.
pub(crate) struct Sink<'a> {
    container: Container,
    sample_rate_hz: u32,
    channels: u16,
    limits: &'a Limits,
    samples: Vec<f32>,
}

impl<'a> Sink<'a> {
    /// A sink for about `frames` frames. The memory is taken only after the limits allow it.
    pub(crate) fn new(
        container: Container,
        sample_rate_hz: u32,
        channels: u16,
        frames: u64,
        limits: &'a Limits,
    ) -> Result<Self, AudioError> {
        crate::decode::check_format(container, sample_rate_hz, channels)?;
        limits.check_frames(frames, channels, sample_rate_hz)?;
        // A compressed file may promise far more than it holds, so large buffers grow with what is found.
        let samples = Vec::with_capacity((frames as usize * usize::from(channels)).min(LARGEST_FIRST_BUFFER));
        Ok(Self { container, sample_rate_hz, channels, limits, samples })
    }

    /// Frames collected so far.
    pub(crate) fn frames(&self) -> u64 {
        (self.samples.len() / usize::from(self.channels)) as u64
    }

    /// Appends the frames of `buffer`, which must have the rate and the channels of the others.
    pub(crate) fn push(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), AudioError> {
        let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        if rate != self.sample_rate_hz || channels != usize::from(self.channels) {
            let detail = format!(
                "it changes from {} channels at {} Hz to {channels} at {rate} Hz after {} frames",
                self.channels,
                self.sample_rate_hz,
                self.frames()
            );
            return Err(AudioError::Malformed { container: self.container, detail });
        }
        let more = buffer.samples_interleaved();
        self.limits.check_frames(self.frames() + buffer.frames() as u64, self.channels, self.sample_rate_hz)?;
        let start = self.samples.len();
        self.samples.resize(start + more, 0.0);
        buffer.copy_to_slice_interleaved(&mut self.samples[start..]);
        Ok(())
    }

    /// Decodes one packet and appends its frames.
    pub(crate) fn decode(&mut self, decoder: &mut dyn AudioDecoder, packet: &[u8]) -> Result<(), AudioError> {
        self.decode_packet(decoder, &PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, packet))
    }

    /// Decodes one packet whose time and trimming the container tells, and appends its frames.
    pub(crate) fn decode_packet(
        &mut self,
        decoder: &mut dyn AudioDecoder,
        packet: &PacketRef<'_>,
    ) -> Result<(), AudioError> {
        match decoder.decode_ref(packet) {
            Ok(buffer) => self.push(&buffer),
            Err(error) => Err(refused(self.container, &format!("after {} frames", self.frames()), &error)),
        }
    }

    /// All samples, interleaved.
    pub(crate) fn into_samples(self) -> Vec<f32> {
        self.samples
    }
}

/// Decodes raw samples: as many whole frames as `data` holds.
pub(crate) fn decode_pcm(format: &PcmFormat, data: &[u8], limits: &Limits) -> Result<Vec<f32>, AudioError> {
    let frame_bytes = format.bytes_per_sample * usize::from(format.channels.max(1));
    let frames = data.len() / frame_bytes;
    let mut sink = Sink::new(format.container, format.sample_rate_hz, format.channels, frames as u64, limits)?;
    if format.codec == CODEC_ID_PCM_S16LE {
        // What nearly every corpus holds: one multiplication per sample, where a decoder copies twice.
        let (samples, _) = data[..frames * frame_bytes].as_chunks::<2>();
        wide(
            #[inline(always)]
            || sink.samples.extend(samples.iter().map(|bytes| f32::from(i16::from_le_bytes(*bytes)) * S16_SCALE)),
        );
        return Ok(sink.into_samples());
    }
    let packet_frames = (PCM_PACKET_SAMPLES / usize::from(format.channels)).max(1);
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(format.codec)
        .with_sample_rate(format.sample_rate_hz)
        .with_channels(Channels::Discrete(format.channels))
        .with_max_frames_per_packet(packet_frames.min(frames) as u64);
    let mut decoder = PcmDecoder::try_new(&parameters, &AudioDecoderOptions::default())
        .map_err(|error| refused(format.container, "at its first frame", &error))?;
    for packet in data[..frames * frame_bytes].chunks(packet_frames * frame_bytes) {
        sink.decode(&mut decoder, packet)?;
    }
    Ok(sink.into_samples())
}

/// The error for a symphonia error that occurred `at` some place.
pub(crate) fn refused(container: Container, at: &str, error: &Error) -> AudioError {
    match error {
        Error::Unsupported(what) => AudioError::Unsupported { container, what: format!("{what}, {at}") },
        other => AudioError::Malformed { container, detail: format!("{at}: {other}") },
    }
}
