//! Native FLAC: every frame found, checked and decoded, and the whole held against what the stream promises.
//!
//! Format after RFC 9639. Frames are delimited here, by their headers and checksums, because a demuxer made for playback
//! looks for the next good frame and goes on; here a bad frame must be an error. Symphonia decodes the frames.

use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::default::codecs::FlacDecoder;

use crate::engine::{Sink, refused};
use crate::{AudioError, Container, Decoded, Limits, Unit};

/// Bytes of the stream marker `fLaC`.
const MARKER_BYTES: usize = 4;
/// Bytes of a metadata block's header: type and length.
const BLOCK_HEADER_BYTES: usize = 4;
/// Bytes of a STREAMINFO block.
const STREAM_INFO_BYTES: usize = 34;
/// Bytes of an ID3v1 tag, which some taggers append.
const ID3V1_BYTES: usize = 128;
/// Remainders of the frame checksum, polynomial 0x8005, by leading byte.
const CRC16: [u16; 256] = crc16_table();

/// What is used of a STREAMINFO block.
struct StreamInfo {
    sample_rate_hz: u32,
    channels: u16,
    bits: u16,
    /// Frames in the whole stream (the format calls them interchannel samples); `None` when the encoder did not know.
    frames: Option<u64>,
}

/// Decodes a FLAC stream.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, AudioError> {
    let (info_block, audio) = split(bytes)?;
    let info = StreamInfo::read(info_block);
    let promised = info.frames.unwrap_or(0);
    let mut sink = Sink::new(Container::Flac, info.sample_rate_hz, info.channels, promised, limits)?;
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_FLAC).with_extra_data(Box::from(&info_block[..]));
    let mut decoder = FlacDecoder::try_new(&parameters, &AudioDecoderOptions::default().verify(true))
        .map_err(|error| refused(Container::Flac, "in its STREAMINFO block", &error))?;
    let mut rest = audio;
    let mut number = None;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let Some(found) = frame_number(rest) else {
            return Err(missing_frame(&info, sink.frames(), at, rest));
        };
        // Numbers count frames, or samples where block sizes vary; they never fall back.
        if number.is_some_and(|last| found <= last) {
            return Err(malformed(format!("frame number {found} at byte {at} does not follow the one before")));
        }
        number = Some(found);
        let Some(length) = frame_length(rest) else {
            return Err(missing_frame(&info, sink.frames(), at, rest));
        };
        sink.decode(&mut decoder, &rest[..length])?;
        rest = &rest[length..];
    }
    match info.frames {
        Some(expected) if sink.frames() < expected => return Err(truncated(Some(expected), sink.frames())),
        Some(expected) if sink.frames() > expected => {
            return Err(malformed(format!("its header promises {expected} frames, it holds {}", sink.frames())));
        }
        _ => {}
    }
    if decoder.finalize().verify_ok == Some(false) {
        return Err(malformed("its samples do not have the MD5 checksum that its header states".into()));
    }
    Ok(Decoded {
        container: Container::Flac,
        codec: "flac".into(),
        bits_per_sample: Some(info.bits),
        sample_rate_hz: info.sample_rate_hz,
        channels: info.channels,
        samples: sink.into_samples(),
        remark: None,
    })
}

/// The STREAMINFO block, and the frames behind the last metadata block.
fn split(bytes: &[u8]) -> Result<(&[u8; STREAM_INFO_BYTES], &[u8]), AudioError> {
    let mut rest = bytes.get(MARKER_BYTES..).unwrap_or_default();
    let mut info = None;
    loop {
        let cut = || AudioError::Truncated {
            container: Container::Flac,
            expected: None,
            found: bytes.len() as u64,
            unit: Unit::Bytes,
        };
        let header: [u8; BLOCK_HEADER_BYTES] =
            rest.get(..BLOCK_HEADER_BYTES).and_then(|header| header.try_into().ok()).ok_or_else(cut)?;
        let [kind, l2, l1, l0] = header;
        let length = u32::from_be_bytes([0, l2, l1, l0]) as usize;
        let block = rest.get(BLOCK_HEADER_BYTES..BLOCK_HEADER_BYTES + length).ok_or_else(cut)?;
        if info.is_none() {
            let block: &[u8; STREAM_INFO_BYTES] = block.try_into().map_err(|_| {
                malformed(format!("its first block has {length} bytes, expected the {STREAM_INFO_BYTES} of STREAMINFO"))
            })?;
            if kind & 0x7f != 0 {
                return Err(malformed(format!("its first block is of type {}, expected STREAMINFO", kind & 0x7f)));
            }
            info = Some(block);
        }
        rest = &rest[BLOCK_HEADER_BYTES + length..];
        if kind & 0x80 != 0 {
            break;
        }
    }
    let tag_at = rest.len().saturating_sub(ID3V1_BYTES);
    if rest[tag_at..].len() == ID3V1_BYTES && rest[tag_at..].starts_with(b"TAG") {
        rest = &rest[..tag_at];
    }
    let info = info.ok_or_else(|| malformed("it has no STREAMINFO block".into()))?;
    Ok((info, rest))
}

impl StreamInfo {
    fn read(block: &[u8; STREAM_INFO_BYTES]) -> Self {
        // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of frames.
        let [.., b10, b11, b12, b13, b14, b15, b16, b17, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *block;
        let packed = u64::from_be_bytes([b10, b11, b12, b13, b14, b15, b16, b17]);
        let frames = packed & 0xf_ffff_ffff;
        Self {
            sample_rate_hz: (packed >> 44) as u32,
            channels: (packed >> 41 & 0x7) as u16 + 1,
            bits: (packed >> 36 & 0x1f) as u16 + 1,
            frames: (frames > 0).then_some(frames),
        }
    }
}

/// The coded number of the frame whose header `bytes` start with; `None` when they start with no valid frame header.
fn frame_number(bytes: &[u8]) -> Option<u64> {
    let &[0xff, sync, sizes, layout, lead, ..] = bytes else { return None };
    if sync & 0xfe != 0xf8 || layout & 0x01 != 0 || sizes >> 4 == 0 || sizes & 0x0f == 0x0f || layout >> 4 > 10 {
        return None;
    }
    // The number is coded like a UTF-8 character of up to 7 bytes.
    let ones = lead.leading_ones() as usize;
    let number_bytes = match ones {
        0 => 1,
        2..=7 => ones,
        _ => return None,
    };
    let mut number = u64::from(lead) & (0x7f >> ones.min(7));
    for &byte in bytes.get(5..4 + number_bytes)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        number = number << 6 | u64::from(byte & 0x3f);
    }
    let size_bytes = match sizes >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    let rate_bytes = match sizes & 0x0f {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    let header = bytes.get(..4 + number_bytes + size_bytes + rate_bytes + 1)?;
    (crc8(header) == 0).then_some(number)
}

/// Length of the frame that `bytes` start with: up to where the next header, or the end, follows a matching checksum.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let mut crc = 0_u16;
    for (at, &byte) in bytes.iter().enumerate() {
        // A frame and its own checksum leave the remainder 0.
        if crc == 0 && byte == 0xff && at > 0 && frame_number(&bytes[at..]).is_some() {
            return Some(at);
        }
        crc = crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)];
    }
    (crc == 0).then_some(bytes.len())
}

/// The error for a frame that is not where it should be, or not whole: damaged if another one follows, else cut off.
fn missing_frame(info: &StreamInfo, frames: u64, at: usize, rest: &[u8]) -> AudioError {
    let another = (1..rest.len()).any(|next| frame_number(&rest[next..]).is_some());
    if another || info.frames.is_some_and(|expected| frames >= expected) {
        return malformed(format!("no valid frame at byte {at}, after {frames} samples per channel"));
    }
    truncated(info.frames, frames)
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x07 })
    })
}

const fn crc16_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x8005 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

fn truncated(expected: Option<u64>, found: u64) -> AudioError {
    AudioError::Truncated { container: Container::Flac, expected, found, unit: Unit::Frames }
}

fn malformed(detail: String) -> AudioError {
    AudioError::Malformed { container: Container::Flac, detail }
}
