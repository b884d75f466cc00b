//! AIFF and AIFC files: the COMM and SSND chunks, in any order.
//!
//! After Apple's "Audio Interchange File Format" 1.3 (1989) and the AIFC draft of 1991. Some corpora hold AIFF under names
//! that end in `.wav`.

use symphonia::core::codecs::audio::well_known as codec;

use crate::chunks::{Chunks, Order};
use crate::engine::{PcmFormat, decode_pcm};
use crate::{AudioError, Container, Decoded, Limits, Unit};

/// Bytes before the first chunk: `FORM`, size, `AIFF` or `AIFC`.
const PREAMBLE_BYTES: usize = 12;
/// Bytes of an SSND chunk before its samples: offset and block size.
const SSND_HEADER_BYTES: usize = 8;
/// Bias of the exponent of an 80-bit floating-point number, plus the 63 places behind the leading bit of its mantissa.
const EXTENDED_EXPONENT_OF_UNIT: i32 = 16_383 + 63;

/// A COMM chunk.
#[derive(Clone, Copy, Debug)]
struct Common {
    channels: u16,
    frames: u32,
    bits: u16,
    sample_rate_hz: u32,
    /// Compression type; `NONE` in an AIFF file.
    compression: [u8; 4],
}

/// Decodes the AIFF or AIFC file that begins at byte `start` of `file`.
pub(crate) fn decode(file: &[u8], start: usize, limits: &Limits) -> Result<Decoded, AudioError> {
    let bytes = file.get(start..).unwrap_or_default();
    let mut common = None;
    let mut sound = None;
    let mut chunks = Chunks::new(bytes.get(PREAMBLE_BYTES..).unwrap_or_default(), Order::Big);
    for chunk in chunks.by_ref() {
        match &chunk.id {
            b"COMM" if common.is_none() => common = Some(Common::read(chunk.body)?),
            b"SSND" if sound.is_none() => sound = Some(chunk),
            _ => {}
        }
    }
    let common = common.ok_or_else(|| malformed("it has no `COMM` chunk".into()))?;
    let (pcm, name) = common.pcm()?;
    crate::format::check_format(Container::Aiff, pcm.sample_rate_hz, pcm.channels)?;
    let Some(sound) = sound else {
        // A file of 0 frames may leave the chunk out.
        let no_sound = if common.frames == 0 {
            AudioError::NoSamples { container: Container::Aiff }
        } else {
            malformed(format!("it has no `SSND` chunk for its {} frames", common.frames))
        };
        return Err(no_sound);
    };
    let offset = sound.body.get(..4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes) as usize;
    let data = sound.body.get(SSND_HEADER_BYTES.saturating_add(offset)..).unwrap_or_default();
    let frame_bytes = pcm.bytes_per_sample as u64 * u64::from(pcm.channels);
    let found = data.len() as u64;
    // Writers to a pipe cannot go back to fill in the number of frames.
    let expected = if common.frames == 0 { found } else { u64::from(common.frames) * frame_bytes };
    if found < expected {
        return Err(AudioError::Truncated {
            container: Container::Aiff,
            expected: Some(expected),
            found,
            unit: Unit::Bytes,
        });
    }
    let samples = decode_pcm(&pcm, &data[..expected as usize], limits)?;
    Ok(Decoded {
        container: Container::Aiff,
        codec: name.into(),
        bits_per_sample: common.stored_bits(pcm.bytes_per_sample),
        sample_rate_hz: pcm.sample_rate_hz,
        channels: pcm.channels,
        samples,
        remark: chunks.behind(start + PREAMBLE_BYTES),
    })
}

impl Common {
    fn read(body: &[u8]) -> Result<Self, AudioError> {
        let short = || malformed(format!("its `COMM` chunk has {} bytes, expected at least 18", body.len()));
        let fixed: [u8; 18] = body.get(..18).and_then(|fixed| fixed.try_into().ok()).ok_or_else(short)?;
        let [c0, c1, f0, f1, f2, f3, b0, b1, rate @ ..] = fixed;
        Ok(Self {
            channels: u16::from_be_bytes([c0, c1]),
            frames: u32::from_be_bytes([f0, f1, f2, f3]),
            bits: u16::from_be_bytes([b0, b1]),
            sample_rate_hz: extended_to_hz(rate),
            compression: body.get(18..22).and_then(|four| four.try_into().ok()).unwrap_or(*b"NONE"),
        })
    }

    /// How the samples are stored, and the name of the codec.
    fn pcm(&self) -> Result<(PcmFormat, &'static str), AudioError> {
        let width = usize::from(self.bits.div_ceil(8));
        let (codec, name, bytes_per_sample) = match (&self.compression.to_ascii_lowercase()[..], width) {
            (b"none" | b"twos" | b"sowt", 1) => (codec::CODEC_ID_PCM_S8, "pcm_s8", 1),
            (b"raw ", 1) => (codec::CODEC_ID_PCM_U8, "pcm_u8", 1),
            (b"none" | b"twos", 2) => (codec::CODEC_ID_PCM_S16BE, "pcm_s16be", 2),
            (b"none" | b"twos", 3) | (b"in24", _) => (codec::CODEC_ID_PCM_S24BE, "pcm_s24be", 3),
            (b"none" | b"twos", 4) | (b"in32", _) => (codec::CODEC_ID_PCM_S32BE, "pcm_s32be", 4),
            (b"sowt", 2) => (codec::CODEC_ID_PCM_S16LE, "pcm_s16le", 2),
            (b"sowt", 3) | (b"42ni", _) => (codec::CODEC_ID_PCM_S24LE, "pcm_s24le", 3),
            (b"sowt", 4) | (b"23ni", _) => (codec::CODEC_ID_PCM_S32LE, "pcm_s32le", 4),
            (b"fl32", _) => (codec::CODEC_ID_PCM_F32BE, "pcm_f32be", 4),
            (b"fl64", _) => (codec::CODEC_ID_PCM_F64BE, "pcm_f64be", 8),
            (b"alaw", _) => (codec::CODEC_ID_PCM_ALAW, "pcm_alaw", 1),
            (b"ulaw", _) => (codec::CODEC_ID_PCM_MULAW, "pcm_mulaw", 1),
            _ => {
                let compression = String::from_utf8_lossy(&self.compression);
                let what = format!(
                    "compression `{}` with {} bits per sample, expected PCM, floating point or G.711",
                    compression.escape_debug(),
                    self.bits
                );
                return Err(AudioError::Unsupported { container: Container::Aiff, what });
            }
        };
        let pcm = PcmFormat {
            container: Container::Aiff,
            codec,
            bytes_per_sample,
            sample_rate_hz: self.sample_rate_hz,
            channels: self.channels,
        };
        Ok((pcm, name))
    }

    /// Valid bits per sample: the header's, where they can be true; none for the lossy codecs.
    fn stored_bits(&self, bytes_per_sample: usize) -> Option<u16> {
        let held = bytes_per_sample as u16 * 8;
        match &self.compression.to_ascii_lowercase()[..] {
            b"alaw" | b"ulaw" => None,
            b"none" | b"twos" | b"sowt" => Some(self.bits),
            _ => Some(held),
        }
    }
}

/// Rounds an 80-bit floating-point number to hertz; 0 for what is no rate at all.
fn extended_to_hz(bytes: [u8; 10]) -> u32 {
    let [e0, e1, mantissa @ ..] = bytes;
    let exponent = i32::from(u16::from_be_bytes([e0, e1])) - EXTENDED_EXPONENT_OF_UNIT;
    let hz = u64::from_be_bytes(mantissa) as f64 * f64::from(exponent).exp2();
    // A negative number has its top bit in the exponent and becomes infinite here; `as` saturates.
    hz.round() as u32
}

fn malformed(detail: String) -> AudioError {
    AudioError::Malformed { container: Container::Aiff, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_rates_are_read() {
        // Apple's own example: 44100 Hz is 0x400E AC44 0000 0000 0000.
        assert_eq!(extended_to_hz([0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]), 44_100);
        assert_eq!(extended_to_hz([0x40, 0x0d, 0xbe, 0xbc, 0, 0, 0, 0, 0, 0]), 24_414);
        assert_eq!(extended_to_hz([0; 10]), 0);
        assert_eq!(extended_to_hz([0xff; 10]), u32::MAX);
    }
}
