//! From bytes to [`Decoded`]: one entry for files, one for bytes, and the bounds that both keep.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::sniff::{Content, sniff};
use crate::{AudioError, Decoded, Unit, aiff, flac, mpeg, ogg, wav, wide};

/// Largest magnitude of a sample that is audio; full scale is 1. 32-bit integers that were never divided by their full scale
/// lie below. Beyond, the bytes are something else that is read as floating-point numbers, and powers overflow.
pub const LARGEST_SAMPLE: f32 = 1.0e10;

/// Bounds on what one file may cost. They hold before memory is taken: a file of some bytes can announce, and a
/// compressed one can contain, far more audio than there is memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Largest file that is read, in bytes.
    pub max_bytes: u64,
    /// Longest audio that is decoded, in seconds.
    pub max_duration_s: f64,
    /// Most samples that are decoded, all channels together; each takes 4 bytes of memory.
    pub max_samples: u64,
}

impl Default for Limits {
    /// 2 GiB of file, one hour of audio, 400 million samples (1.6 GB): an hour of stereo at 48 kHz fits.
    fn default() -> Self {
        Self { max_bytes: 2 << 30, max_duration_s: 3_600.0, max_samples: 400_000_000 }
    }
}

impl Limits {
    /// Checks `frames` frames against the limits.
    pub(crate) fn check_frames(&self, frames: u64, channels: u16, sample_rate_hz: u32) -> Result<(), AudioError> {
        let seconds = frames as f64 / f64::from(sample_rate_hz.max(1));
        if seconds > self.max_duration_s {
            let (found, limit) = (seconds.ceil() as u64, self.max_duration_s as u64);
            return Err(AudioError::OverLimit { found, limit, unit: Unit::Seconds });
        }
        let samples = frames.saturating_mul(u64::from(channels));
        if samples > self.max_samples {
            return Err(AudioError::OverLimit { found: samples, limit: self.max_samples, unit: Unit::Samples });
        }
        Ok(())
    }
}

/// Reads the file at `path` once and decodes all of it.
pub fn decode_file(path: &Path, limits: &Limits) -> Result<Decoded, AudioError> {
    decode(read_file(path, limits)?, limits)
}

/// Reads all bytes of the file at `path`, if it is a regular file within the limits.
pub fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>, AudioError> {
    let at = |source: io::Error| AudioError::Io { path: path.to_path_buf(), source };
    // Opening a named pipe would wait for its writer, so the kind of file is asked for first.
    let metadata = std::fs::metadata(path).map_err(at)?;
    if !metadata.is_file() {
        return Err(at(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    if metadata.len() > limits.max_bytes {
        return Err(AudioError::OverLimit { found: metadata.len(), limit: limits.max_bytes, unit: Unit::Bytes });
    }
    let mut bytes = Vec::new();
    let expected = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    bytes.try_reserve_exact(expected).map_err(|_| AudioError::OutOfMemory { bytes: metadata.len() })?;
    let file = File::open(path).map_err(at)?;
    // One byte more than allowed, so that a file that grows meanwhile is noticed rather than cut.
    file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(at)?;
    Ok(bytes)
}

/// Decodes the content of a file. The format is told by the content alone.
#[expect(clippy::needless_pass_by_value, reason = "frees the bytes of a file as soon as its samples replace them")]
pub fn decode(bytes: Vec<u8>, limits: &Limits) -> Result<Decoded, AudioError> {
    let size = bytes.len() as u64;
    if size > limits.max_bytes {
        return Err(AudioError::OverLimit { found: size, limit: limits.max_bytes, unit: Unit::Bytes });
    }
    let content = sniff(&bytes)?;
    let container = content.container();
    let decoded = match content {
        Content::Wav { start } => wav::decode(&bytes, start, limits),
        Content::Aiff { start } => aiff::decode(&bytes, start, limits),
        Content::Flac { start } => flac::decode(&bytes, start, limits),
        Content::Mp3 { start } => mpeg::decode(&bytes, start, limits),
        Content::Ogg { start } => ogg::decode(&bytes, start, limits),
    }?;
    if decoded.samples.is_empty() {
        return Err(AudioError::NoSamples { container });
    }
    check_values(&decoded)?;
    Ok(decoded)
}

/// Refuses samples that are no numbers, or too large to be any level.
fn check_values(audio: &Decoded) -> Result<(), AudioError> {
    let bad = |sample: f32| !sample.is_finite() || sample.abs() > LARGEST_SAMPLE;
    let count = wide(
        #[inline(always)]
        || audio.samples.iter().map(|&sample| usize::from(bad(sample))).sum::<usize>(),
    );
    if count == 0 {
        return Ok(());
    }
    let samples = &audio.samples;
    let count = samples.iter().filter(|sample| !sample.is_finite()).count();
    let is_first = |sample: &f32| if count > 0 { !sample.is_finite() } else { bad(*sample) };
    let first = samples.iter().position(is_first).unwrap_or(0);
    let first_frame = first / usize::from(audio.channels.max(1));
    if count > 0 {
        return Err(AudioError::NonFinite { count, samples: samples.len(), first_frame });
    }
    let value = samples.get(first).copied().unwrap_or_default();
    let detail = format!(
        "a sample of {value:e} times full scale in frame {first_frame}, at most {LARGEST_SAMPLE:e} is a level: these bytes \
         are no floating-point audio"
    );
    Err(AudioError::Malformed { container: audio.container, detail })
}
