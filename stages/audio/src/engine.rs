//! Symphonia's decoders behind one interface: packets go in, interleaved samples come out, within the limits.
//!
//! These decoders are foreign code, and return errors for damaged input. Should one fail to and panic, its file is damaged all
//! the same, and the thousands of others must still be read: panics are caught around them, here and nowhere else.

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

/// Factor that brings a 16-bit sample to between -1 and 1; a power of two, so exact.
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
        crate::format::check_format(container, sample_rate_hz, channels)?;
        limits.check_frames(frames, channels, sample_rate_hz)?;
        let mut sink = Self { container, sample_rate_hz, channels, limits, samples: Vec::new() };
        // A compressed file may promise far more than it holds, so large buffers grow with what is found.
        sink.reserve((frames as usize).saturating_mul(usize::from(channels)).min(LARGEST_FIRST_BUFFER))?;
        Ok(sink)
    }

    fn reserve(&mut self, samples: usize) -> Result<(), AudioError> {
        let bytes = samples as u64 * size_of::<f32>() as u64;
        self.samples.try_reserve(samples).map_err(|_| AudioError::OutOfMemory { bytes })
    }

    /// Sample rate of all frames, in hertz.
    pub(crate) fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Samples per frame.
    pub(crate) fn channels(&self) -> u16 {
        self.channels
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
        self.reserve(more)?;
        let start = self.samples.len();
        self.samples.resize(start + more, 0.0);
        buffer.copy_to_slice_interleaved(&mut self.samples[start..]);
        Ok(())
    }

    /// Appends `frames` frames of silence.
    pub(crate) fn push_silence(&mut self, frames: u64) -> Result<(), AudioError> {
        self.limits.check_frames(self.frames() + frames, self.channels, self.sample_rate_hz)?;
        let more = frames as usize * usize::from(self.channels);
        self.reserve(more)?;
        self.samples.resize(self.samples.len() + more, 0.0);
        Ok(())
    }

    /// Decodes one packet and appends its frames.
    pub(crate) fn decode(&mut self, decoder: &mut dyn AudioDecoder, packet: &[u8]) -> Result<(), AudioError> {
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, packet);
        let at = format!("after {} frames", self.frames());
        let buffer = foreign(self.container, &at, || decoder.decode_ref(&packet))?;
        self.push(&buffer)
    }

    /// Leaves `frames` frames, counted from `first`; both are cut to what there is.
    pub(crate) fn keep(&mut self, first: u64, frames: u64) {
        let channels = u64::from(self.channels);
        let end = first.saturating_add(frames).saturating_mul(channels).min(self.samples.len() as u64);
        self.samples.truncate(end as usize);
        self.samples.drain(..first.saturating_mul(channels).min(end) as usize);
    }

    /// Removes `frames` frames from `first` on; both are cut to what there is.
    pub(crate) fn remove(&mut self, first: u64, frames: u64) {
        let channels = u64::from(self.channels);
        let all = self.samples.len() as u64;
        let start = first.saturating_mul(channels).min(all);
        let end = first.saturating_add(frames).saturating_mul(channels).min(all);
        self.samples.drain(start as usize..end as usize);
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
    let mut decoder = foreign(format.container, "at its first frame", || {
        PcmDecoder::try_new(&parameters, &AudioDecoderOptions::default())
    })?;
    for packet in data[..frames * frame_bytes].chunks(packet_frames * frame_bytes) {
        sink.decode(&mut decoder, packet)?;
    }
    Ok(sink.into_samples())
}

/// Result of `work` of symphonia's. `at` says where in the file, for the error that its errors and panics become.
pub(crate) fn foreign<T>(
    container: Container,
    at: &str,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, AudioError> {
    match ser_stage::foreign(work) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Error::Unsupported(what))) => Err(AudioError::Unsupported { container, what: format!("{what}, {at}") }),
        Ok(Err(error)) => Err(AudioError::Malformed { container, detail: format!("{at}: {error}") }),
        Err(_) => Err(AudioError::Malformed { container, detail: format!("{at}: the decoder gave up on it") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_decoder_is_an_error_of_its_file() {
        let failing = || -> Result<(), Error> { panic!("index out of bounds") };
        let found = foreign(Container::Mp3, "after 576 frames", failing).expect_err("caught");
        assert_eq!(found.to_string(), "damaged mp3 file: after 576 frames: the decoder gave up on it");
        let refusing = || -> Result<(), Error> { Err(Error::Unsupported("layer 4")) };
        let found = foreign(Container::Mp3, "at its first frame", refusing).expect_err("refused");
        assert_eq!(found.to_string(), "unsupported mp3 file: layer 4, at its first frame");
    }

    #[test]
    fn a_sink_keeps_what_it_is_told_to() {
        let limits = Limits { max_duration_s: 1.0, ..Limits::default() };
        let mut sink = Sink::new(Container::Mp3, 8_000, 2, 0, &limits).expect("a sink");
        sink.push_silence(8_000).expect("a second");
        assert!(matches!(sink.push_silence(1), Err(AudioError::OverLimit { .. })));
        sink.keep(1_000, 6_000);
        assert_eq!(sink.frames(), 6_000);
        sink.remove(5_990, 100);
        sink.remove(10, 10);
        sink.remove(u64::MAX, u64::MAX);
        assert_eq!(sink.frames(), 5_980);
        sink.keep(5_979, u64::MAX);
        assert_eq!(sink.frames(), 1);
        sink.keep(7, 7);
        assert_eq!(sink.frames(), 0);
    }
}
