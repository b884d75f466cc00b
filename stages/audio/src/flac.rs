//! Native FLAC: every frame found, checked and decoded, and the whole held against what the stream promises.
//!
//! Format after RFC 9639. Frames are delimited here, by their headers and checksums, because a demuxer made for playback
//! looks for the next good frame and goes on; here a bad frame must be an error. Symphonia decodes the frames.
//!
//! The STREAMINFO block states much that frames state themselves, and some encoders leave it at 0 or wrong. Sizes of blocks
//! and frames are hints for buffers, and are passed over. Fewer frames than are promised are a truncated file; more of them,
//! each with its checksums, are a promise that was wrong.

use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::default::codecs::FlacDecoder;

use crate::engine::{Sink, foreign};
use crate::sniff::begins_file;
use crate::{AudioError, Container, Decoded, Limits, Unit};

/// Bytes of the stream marker `fLaC`.
const MARKER_BYTES: usize = 4;
/// Bytes of a metadata block's header: type and length.
const BLOCK_HEADER_BYTES: usize = 4;
/// Bytes of a STREAMINFO block.
const STREAM_INFO_BYTES: usize = 34;
/// Smallest and largest block that the format allows, in samples per channel.
const BLOCK_SAMPLES: (u16, u16) = (16, 65_535);
/// Sample rates in hertz by their code in a frame header, from code 1 on.
const FRAME_RATES_HZ: [u32; 11] =
    [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
/// Bits per sample by their code in a frame header; 0 where STREAMINFO tells, and for the reserved code.
const FRAME_BITS: [u16; 8] = [0, 8, 12, 0, 16, 20, 24, 32];
/// Bytes of an ID3v1 tag, which some taggers append.
const ID3V1_BYTES: usize = 128;
/// Remainders of the frame checksum, polynomial 0x8005, by leading byte.
const CRC16: [u16; 256] = crc16_table();

/// Fields of a STREAMINFO block that are used.
struct StreamInfo {
    sample_rate_hz: u32,
    channels: u16,
    bits: u16,
    /// Frames in the whole stream (the format calls them interchannel samples); `None` when the encoder did not know.
    frames: Option<u64>,
    md5: [u8; 16],
}

/// Fields of a frame's header that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameHeader {
    /// Number of the frame, or of its first sample where block sizes vary.
    number: u64,
    /// `None` where the header leaves it to STREAMINFO.
    sample_rate_hz: Option<u32>,
    channels: u16,
    /// `None` where the header leaves it to STREAMINFO.
    bits: Option<u16>,
}

/// Decodes the FLAC stream that begins at byte `start` of `file`.
pub(crate) fn decode(file: &[u8], start: usize, limits: &Limits) -> Result<Decoded, AudioError> {
    let bytes = file.get(start..).unwrap_or_default();
    let (info_block, audio) = split(bytes)?;
    let mut info = StreamInfo::read(info_block);
    if let Some(first) = FrameHeader::read(audio) {
        info.complete(&first);
    }
    let promised = info.frames.unwrap_or(0);
    let mut sink = Sink::new(Container::Flac, info.sample_rate_hz, info.channels, promised, limits)?;
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_FLAC).with_extra_data(Box::from(&info.block()[..]));
    let mut decoder = foreign(Container::Flac, "in its STREAMINFO block", || {
        FlacDecoder::try_new(&parameters, &AudioDecoderOptions::default().verify(true))
    })?;
    let mut rest = audio;
    let mut number = None;
    let mut remark = None;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        if let Some(container) = begins_file(rest).filter(|_| number.is_some()) {
            remark =
                Some(format!("a second file ({container}) begins behind it, at byte {}, and is not read", start + at));
            break;
        }
        let Some(header) = FrameHeader::read(rest) else {
            return Err(missing_frame(&info, sink.frames(), at, rest));
        };
        // Numbers count frames, or samples where block sizes vary; they never fall back.
        let found = header.number;
        if number.is_some_and(|last| found <= last) {
            return Err(malformed(format!("frame number {found} at byte {at} does not follow the one before")));
        }
        number = Some(found);
        info.check(&header, at)?;
        let Some(length) = frame_length(rest) else {
            return Err(missing_frame(&info, sink.frames(), at, rest));
        };
        sink.decode(&mut decoder, &rest[..length])?;
        rest = &rest[length..];
    }
    let found = sink.frames();
    if let Some(expected) = info.frames.filter(|&expected| found < expected) {
        return Err(truncated(Some(expected), found));
    }
    if foreign(Container::Flac, "at its end", || Ok(decoder.finalize()))?.verify_ok == Some(false) {
        return Err(malformed("its samples do not have the MD5 checksum that its header states".into()));
    }
    if let Some(expected) = info.frames.filter(|&expected| found > expected) {
        remark =
            remark.or(Some(format!("its header promises {expected} samples per channel, it holds {found}, all good")));
    }
    Ok(Decoded {
        container: Container::Flac,
        codec: "flac".into(),
        bits_per_sample: Some(info.bits),
        sample_rate_hz: info.sample_rate_hz,
        channels: info.channels,
        samples: sink.into_samples(),
        remark,
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
        let [_, _, _, _, _, _, _, _, _, _, b10, b11, b12, b13, b14, b15, b16, b17, md5 @ ..] = *block;
        let packed = u64::from_be_bytes([b10, b11, b12, b13, b14, b15, b16, b17]);
        let frames = packed & 0xf_ffff_ffff;
        Self {
            sample_rate_hz: (packed >> 44) as u32,
            channels: (packed >> 41 & 0x7) as u16 + 1,
            bits: (packed >> 36 & 0x1f) as u16 + 1,
            frames: (frames > 0).then_some(frames),
            md5,
        }
    }

    /// Takes over from the first frame what an encoder that could not go back left at 0.
    fn complete(&mut self, first: &FrameHeader) {
        if self.sample_rate_hz == 0 {
            self.sample_rate_hz = first.sample_rate_hz.unwrap_or(0);
            self.channels = first.channels;
            self.bits = first.bits.unwrap_or(self.bits);
        }
    }

    /// Refuses a frame whose format is not that of the stream.
    fn check(&self, header: &FrameHeader, at: usize) -> Result<(), AudioError> {
        let found =
            (header.sample_rate_hz.unwrap_or(self.sample_rate_hz), header.channels, header.bits.unwrap_or(self.bits));
        if found == (self.sample_rate_hz, self.channels, self.bits) {
            return Ok(());
        }
        let (rate, channels, bits) = found;
        Err(malformed(format!(
            "its header says {} Hz, {} channels, {} bits, the frame at byte {at} {rate} Hz, {channels} channels, {bits} bits",
            self.sample_rate_hz, self.channels, self.bits
        )))
    }

    /// The block without hints: any size of blocks, of frames and of the whole.
    fn block(&self) -> [u8; STREAM_INFO_BYTES] {
        let packed = u64::from(self.sample_rate_hz & 0xf_ffff) << 44
            | u64::from(self.channels.wrapping_sub(1) & 0x7) << 41
            | u64::from(self.bits.wrapping_sub(1) & 0x1f) << 36;
        let mut block = [0; STREAM_INFO_BYTES];
        let (sizes, rest) = block.split_at_mut(10);
        sizes[..2].copy_from_slice(&BLOCK_SAMPLES.0.to_be_bytes());
        sizes[2..4].copy_from_slice(&BLOCK_SAMPLES.1.to_be_bytes());
        rest[..8].copy_from_slice(&packed.to_be_bytes());
        rest[8..].copy_from_slice(&self.md5);
        block
    }
}

impl FrameHeader {
    /// The header that `bytes` start with; `None` when they start with no valid one.
    fn read(bytes: &[u8]) -> Option<Self> {
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
        let rate_at = 4 + number_bytes + size_bytes;
        let header = bytes.get(..rate_at + rate_bytes + 1)?;
        if crc8(header) != 0 {
            return None;
        }
        let stated = header[rate_at..rate_at + rate_bytes].iter().fold(0, |rate, &byte| rate << 8 | u32::from(byte));
        let sample_rate_hz = match sizes & 0x0f {
            0 => None,
            12 => Some(stated * 1_000),
            13 => Some(stated),
            14 => Some(stated * 10),
            code => FRAME_RATES_HZ.get(usize::from(code) - 1).copied(),
        };
        let bits = FRAME_BITS[usize::from(layout >> 1 & 0x07)];
        // 8 to 10 are two channels as one of them and a difference.
        let channels = if layout >> 4 < 8 { u16::from(layout >> 4) + 1 } else { 2 };
        Some(Self { number, sample_rate_hz, channels, bits: (bits > 0).then_some(bits) })
    }
}

/// Length of the frame that `bytes` start with: up to where the next header, another file or the end follows a matching
/// checksum.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let mut crc = 0_u16;
    for (at, &byte) in bytes.iter().enumerate() {
        // A frame and its own checksum leave the remainder 0.
        let ends = crc == 0
            && at > 0
            && match byte {
                0xff => FrameHeader::read(&bytes[at..]).is_some(),
                b'f' | b'O' | b'R' | b'F' => begins_file(&bytes[at..]).is_some(),
                _ => false,
            };
        if ends {
            return Some(at);
        }
        crc = crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)];
    }
    (crc == 0).then_some(bytes.len())
}

/// The error for a frame that is not where it should be, or not whole: damaged if another one follows, else cut off.
fn missing_frame(info: &StreamInfo, frames: u64, at: usize, rest: &[u8]) -> AudioError {
    let another = (1..rest.len()).any(|next| FrameHeader::read(&rest[next..]).is_some());
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
