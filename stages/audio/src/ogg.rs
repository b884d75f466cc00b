//! Ogg Vorbis: the pages checked here, the packets read and decoded by symphonia.
//!
//! Pages after RFC 3533. A reader made for playback skips pages that fail their checksum; here such a page is an error, and
//! so is a stream without the page that is marked as its last.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::packet::Packet;
use symphonia::default::codecs::VorbisDecoder;
use symphonia::default::formats::OggReader;

use crate::engine::{Sink, refused};
use crate::{AudioError, Container, Decoded, Limits, Unit};

/// Bytes of a page header before its segment table.
const PAGE_HEADER_BYTES: usize = 27;
/// Where the checksum stands in the page header.
const CRC_AT: usize = 22;
/// Header flag of the last page of a stream.
const LAST_PAGE: u8 = 0x04;
/// A granule position of -1: no packet ends on this page.
const NO_GRANULE: u64 = u64::MAX;
/// Remainders of the page checksum, polynomial 0x04c11db7, by leading byte.
const CRC32: [u32; 256] = crc32_table();

/// One page.
struct Page<'a> {
    flags: u8,
    granule: u64,
    serial: u32,
    sequence: u32,
    bytes: &'a [u8],
    body: &'a [u8],
}

/// Decodes an Ogg stream.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, AudioError> {
    let expected = check_pages(bytes)?;
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let mut reader = OggReader::try_new(source, FormatOptions::default())
        .map_err(|error| refused(Container::Ogg, "in its header packets", &error))?;
    let parameters = reader
        .tracks()
        .first()
        .and_then(|track| track.codec_params.as_ref())
        .and_then(|parameters| parameters.audio())
        .cloned()
        .ok_or_else(|| unsupported("it holds no audio stream"))?;
    if parameters.codec != CODEC_ID_VORBIS {
        return Err(unsupported("its codec is not Vorbis"));
    }
    let rate = parameters.sample_rate.unwrap_or(0);
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count() as u16);
    let mut sink = Sink::new(Container::Ogg, rate, channels, 0, limits)?;
    limits.check_frames(expected, channels, rate)?;
    let mut decoder = VorbisDecoder::try_new(&parameters, &AudioDecoderOptions::default())
        .map_err(|error| refused(Container::Ogg, "in its header packets", &error))?;
    while let Some(packet) = next_packet(&mut reader, &sink)? {
        sink.decode_packet(&mut decoder, &packet.as_packet_ref())?;
    }
    if sink.frames() < expected {
        return Err(truncated(Some(expected), sink.frames(), Unit::Frames));
    }
    Ok(Decoded {
        container: Container::Ogg,
        codec: "vorbis".into(),
        bits_per_sample: None,
        sample_rate_hz: rate,
        channels,
        samples: sink.into_samples(),
        remark: None,
    })
}

fn next_packet(reader: &mut OggReader<'_>, sink: &Sink<'_>) -> Result<Option<Packet>, AudioError> {
    match reader.next_packet() {
        Ok(packet) => Ok(packet),
        // The pages are known to be whole, so this is the end of the last one.
        Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(refused(Container::Ogg, &format!("after {} frames", sink.frames()), &error)),
    }
}

/// Checks that all pages are whole and follow each other up to the last. Returns the last granule position: the number of
/// frames, for Vorbis.
fn check_pages(bytes: &[u8]) -> Result<u64, AudioError> {
    let mut rest = bytes;
    let mut previous: Option<Page<'_>> = None;
    let mut frames = 0;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let page = Page::read(rest, at, bytes.len())?;
        if crc32(page.bytes) != 0 {
            return Err(malformed(format!("the page at byte {at} does not match its checksum")));
        }
        if let Some(previous) = &previous {
            if page.serial != previous.serial {
                return Err(unsupported("it holds more than one stream"));
            }
            if page.sequence != previous.sequence.wrapping_add(1) {
                let (last, next) = (previous.sequence, page.sequence);
                return Err(malformed(format!("page {next} follows page {last} at byte {at}")));
            }
        } else {
            name_codec(page.body)?;
        }
        if page.granule != NO_GRANULE {
            frames = page.granule;
        }
        rest = &rest[page.bytes.len()..];
        let last = page.flags & LAST_PAGE != 0;
        previous = Some(page);
        if last {
            return if rest.starts_with(b"OggS") { Err(unsupported("streams are chained in it")) } else { Ok(frames) };
        }
    }
    Err(truncated(None, bytes.len() as u64, Unit::Bytes))
}

impl<'a> Page<'a> {
    fn read(bytes: &'a [u8], at: usize, file_bytes: usize) -> Result<Self, AudioError> {
        let cut = |length: usize| truncated(Some((at + length) as u64), file_bytes as u64, Unit::Bytes);
        if !bytes.starts_with(&b"OggS"[..bytes.len().min(4)]) {
            return Err(malformed(format!("no page at byte {at}")));
        }
        let header: [u8; PAGE_HEADER_BYTES] = bytes
            .get(..PAGE_HEADER_BYTES)
            .and_then(|header| header.try_into().ok())
            .ok_or_else(|| cut(PAGE_HEADER_BYTES))?;
        let [_, _, _, _, _, flags, numbers @ .., segments] = header;
        let [g0, g1, g2, g3, g4, g5, g6, g7, s0, s1, s2, s3, q0, q1, q2, q3, ..] = numbers;
        let body_at = PAGE_HEADER_BYTES + usize::from(segments);
        let table = bytes.get(PAGE_HEADER_BYTES..body_at).ok_or_else(|| cut(body_at))?;
        let end = body_at + table.iter().map(|&size| usize::from(size)).sum::<usize>();
        let body = bytes.get(body_at..end).ok_or_else(|| cut(end))?;
        Ok(Self {
            flags,
            granule: u64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]),
            serial: u32::from_le_bytes([s0, s1, s2, s3]),
            sequence: u32::from_le_bytes([q0, q1, q2, q3]),
            bytes: &bytes[..end],
            body,
        })
    }
}

/// Refuses, by name, codecs other than Vorbis, by the first packet of the stream.
fn name_codec(first_packet: &[u8]) -> Result<(), AudioError> {
    let codecs: [(&[u8], &str); 4] =
        [(b"OpusHead", "Opus"), (b"\x7fFLAC", "FLAC in Ogg"), (b"Speex   ", "Speex"), (b"fishead\0", "a Skeleton")];
    if first_packet.starts_with(b"\x01vorbis") {
        return Ok(());
    }
    match codecs.iter().find(|(start, _)| first_packet.starts_with(start)) {
        Some((_, name)) => Err(unsupported(&format!("its codec is {name}, expected Vorbis"))),
        None => Err(unsupported("its codec is not Vorbis")),
    }
}

/// Checksum of a page, computed as if its own field were zero, less that field: 0 for a good page.
fn crc32(page: &[u8]) -> u32 {
    let crc = page.iter().enumerate().fold(0_u32, |crc, (at, &byte)| {
        let byte = if (CRC_AT..CRC_AT + 4).contains(&at) { 0 } else { byte };
        crc << 8 ^ CRC32[usize::from((crc >> 24) as u8 ^ byte)]
    });
    let stated = page.get(CRC_AT..CRC_AT + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes);
    crc ^ stated
}

const fn crc32_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

fn truncated(expected: Option<u64>, found: u64, unit: Unit) -> AudioError {
    AudioError::Truncated { container: Container::Ogg, expected, found, unit }
}

fn unsupported(what: &str) -> AudioError {
    AudioError::Unsupported { container: Container::Ogg, what: what.into() }
}

fn malformed(detail: String) -> AudioError {
    AudioError::Malformed { container: Container::Ogg, detail }
}
