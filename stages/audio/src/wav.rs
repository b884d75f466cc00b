//! WAVE files: RIFF, RIFX (big-endian) and RF64, with their chunks in any order.
//!
//! Parsed are one `fmt ` chunk and one `data` chunk, wherever they are; `bext`, `FLLR`, `LIST`, `_PMX` and all others
//! are passed over. Symphonia decodes the samples; its own reader wants `fmt ` first and refuses sizes that real
//! writers produce, so the chunks are read here.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as codec;

use crate::chunks::{Chunks, Order};
use crate::engine::{PcmFormat, decode_pcm};
use crate::{AudioError, Container, Decoded, Limits, Unit};

/// Bytes before the first chunk: `RIFF`, size, `WAVE`.
const PREAMBLE_BYTES: usize = 12;
/// Format tags (RFC 2361, mmreg.h).
const TAG_PCM: u16 = 0x0001;
const TAG_FLOAT: u16 = 0x0003;
const TAG_ALAW: u16 = 0x0006;
const TAG_MULAW: u16 = 0x0007;
const TAG_EXTENSIBLE: u16 = 0xfffe;
/// Where `WAVE_FORMAT_EXTENSIBLE` keeps the valid bits and the format tag: the first two bytes of its sub-format GUID.
const EXTENSIBLE_VALID_BITS: usize = 18;
const EXTENSIBLE_TAG: usize = 24;

/// A `fmt ` chunk.
#[derive(Clone, Copy, Debug)]
struct Format {
    tag: u16,
    channels: u16,
    sample_rate_hz: u32,
    block_align: u16,
    bits: u16,
    valid_bits: u16,
}

/// Decodes the WAVE file that begins at byte `start` of `file`.
pub(crate) fn decode(file: &[u8], start: usize, limits: &Limits) -> Result<Decoded, AudioError> {
    let bytes = file.get(start..).unwrap_or_default();
    let order = if bytes.starts_with(b"RIFX") { Order::Big } else { Order::Little };
    let mut format = None;
    let mut data = None;
    let mut second_data = false;
    let mut chunks = Chunks::new(bytes.get(PREAMBLE_BYTES..).unwrap_or_default(), order);
    for chunk in chunks.by_ref() {
        match &chunk.id {
            b"fmt " if format.is_none() => format = Some(Format::read(chunk.body, order)?),
            b"data" if data.is_none() => data = Some(chunk),
            b"data" => second_data = true,
            _ => {}
        }
    }
    let (format, data) = match (format, data) {
        (Some(format), Some(data)) => (format, data),
        (None, _) => return Err(malformed("it has no `fmt ` chunk".into())),
        (_, None) => return Err(malformed("it has no `data` chunk".into())),
    };
    let (pcm, name) = format.pcm(order)?;
    crate::format::check_format(Container::Wav, pcm.sample_rate_hz, pcm.channels)?;
    let found = data.body.len() as u64;
    if found < data.size {
        return Err(AudioError::Truncated {
            container: Container::Wav,
            expected: Some(data.size),
            found,
            unit: Unit::Bytes,
        });
    }
    let samples = decode_pcm(&pcm, data.body, limits)?;
    Ok(Decoded {
        container: Container::Wav,
        codec: name.into(),
        bits_per_sample: (!matches!(format.tag, TAG_ALAW | TAG_MULAW)).then_some(format.valid_bits),
        sample_rate_hz: pcm.sample_rate_hz,
        channels: pcm.channels,
        samples,
        remark: chunks
            .behind(start + PREAMBLE_BYTES)
            .or_else(|| second_data.then(|| "it has several `data` chunks, and only the first is read".to_owned())),
    })
}

impl Format {
    fn read(body: &[u8], order: Order) -> Result<Self, AudioError> {
        let u16_at = |at: usize| body.get(at..at + 2).and_then(|two| two.try_into().ok()).map(|two| order.u16(two));
        let u32_at = |at: usize| body.get(at..at + 4).and_then(|four| four.try_into().ok()).map(|four| order.u32(four));
        let short = || malformed(format!("its `fmt ` chunk has {} bytes, expected at least 16", body.len()));
        let mut format = Self {
            tag: u16_at(0).ok_or_else(short)?,
            channels: u16_at(2).ok_or_else(short)?,
            sample_rate_hz: u32_at(4).ok_or_else(short)?,
            block_align: u16_at(12).ok_or_else(short)?,
            bits: u16_at(14).ok_or_else(short)?,
            valid_bits: u16_at(14).ok_or_else(short)?,
        };
        if format.tag == TAG_EXTENSIBLE {
            let short = || malformed(format!("its extensible `fmt ` chunk has {} bytes, expected 40", body.len()));
            format.tag = u16_at(EXTENSIBLE_TAG).ok_or_else(short)?;
            let valid_bits = u16_at(EXTENSIBLE_VALID_BITS).ok_or_else(short)?;
            // 0 means that all bits are valid.
            if (1..=format.bits).contains(&valid_bits) {
                format.valid_bits = valid_bits;
            }
        }
        Ok(format)
    }

    /// How the samples are stored, and the name of the codec.
    fn pcm(&self, order: Order) -> Result<(PcmFormat, &'static str), AudioError> {
        let width = self.sample_bytes();
        let (codec, name): (AudioCodecId, _) = match (self.tag, width, order) {
            (TAG_PCM, 1, _) => (codec::CODEC_ID_PCM_U8, "pcm_u8"),
            (TAG_PCM, 2, Order::Little) => (codec::CODEC_ID_PCM_S16LE, "pcm_s16le"),
            (TAG_PCM, 3, Order::Little) => (codec::CODEC_ID_PCM_S24LE, "pcm_s24le"),
            (TAG_PCM, 4, Order::Little) => (codec::CODEC_ID_PCM_S32LE, "pcm_s32le"),
            (TAG_PCM, 2, Order::Big) => (codec::CODEC_ID_PCM_S16BE, "pcm_s16be"),
            (TAG_PCM, 3, Order::Big) => (codec::CODEC_ID_PCM_S24BE, "pcm_s24be"),
            (TAG_PCM, 4, Order::Big) => (codec::CODEC_ID_PCM_S32BE, "pcm_s32be"),
            (TAG_FLOAT, 4, Order::Little) => (codec::CODEC_ID_PCM_F32LE, "pcm_f32le"),
            (TAG_FLOAT, 8, Order::Little) => (codec::CODEC_ID_PCM_F64LE, "pcm_f64le"),
            (TAG_FLOAT, 4, Order::Big) => (codec::CODEC_ID_PCM_F32BE, "pcm_f32be"),
            (TAG_FLOAT, 8, Order::Big) => (codec::CODEC_ID_PCM_F64BE, "pcm_f64be"),
            (TAG_ALAW, 1, _) => (codec::CODEC_ID_PCM_ALAW, "pcm_alaw"),
            (TAG_MULAW, 1, _) => (codec::CODEC_ID_PCM_MULAW, "pcm_mulaw"),
            _ => return Err(self.unsupported()),
        };
        let pcm = PcmFormat {
            container: Container::Wav,
            codec,
            bytes_per_sample: width,
            sample_rate_hz: self.sample_rate_hz,
            channels: self.channels,
        };
        Ok((pcm, name))
    }

    /// Bytes per stored sample. 12 bits fill 2 bytes and 20 bits may fill 3 or 4, from the top; the size of a frame tells,
    /// unless it contradicts the bits.
    fn sample_bytes(&self) -> usize {
        let least = usize::from(self.bits.div_ceil(8));
        let channels = usize::from(self.channels.max(1));
        let frame = usize::from(self.block_align);
        let fits = self.tag == TAG_PCM && frame.is_multiple_of(channels) && (least..=4).contains(&(frame / channels));
        if fits { frame / channels } else { least }
    }

    fn unsupported(&self) -> AudioError {
        let (tag, bits) = (self.tag, self.bits);
        let what = match tag {
            TAG_PCM => format!("PCM with {bits} bits per sample, expected 8, 16, 24 or 32"),
            TAG_FLOAT => format!("floating point with {bits} bits per sample, expected 32 or 64"),
            TAG_ALAW | TAG_MULAW => format!("G.711 with {bits} bits per sample, expected 8"),
            0x0002 | 0x0011 => format!("ADPCM (format tag {tag:#06x}): convert it to PCM"),
            0x0055 => "MP3 in a WAVE file (format tag 0x0055): extract or convert it".into(),
            _ => format!("format tag {tag:#06x}, expected PCM, floating point or G.711"),
        };
        AudioError::Unsupported { container: Container::Wav, what }
    }
}

fn malformed(detail: String) -> AudioError {
    AudioError::Malformed { container: Container::Wav, detail }
}
