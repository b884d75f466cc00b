//! Ogg pages, after RFC 3533: found, checked and taken apart into packets.

use super::{malformed, truncated, unsupported};
use crate::sniff::sniff;
use crate::{AudioError, Unit};

/// Bytes of a page header before its segment table.
const PAGE_HEADER_BYTES: usize = 27;
/// Where the checksum stands in the page header.
const CRC_AT: usize = 22;
/// Header flag of a page that begins with the rest of a packet.
const CONTINUED: u8 = 0x01;
/// Header flag of the last page of a stream.
const LAST_PAGE: u8 = 0x04;
/// A granule position of -1: no packet ends on this page.
const NO_GRANULE: i64 = -1;
/// Bytes of a segment that is not the last of its packet.
const FULL_SEGMENT: u8 = 255;
/// Packets that a Vorbis stream begins with: identification, comments, setup.
const HEADER_PACKETS: usize = 3;
/// Remainders of the page checksum, polynomial 0x04c11db7, by leading byte.
const CRC32: [u32; 256] = crc32_table();

/// One page.
pub(super) struct Page<'a> {
    flags: u8,
    granule: i64,
    serial: u32,
    sequence: u32,
    bytes: &'a [u8],
    /// Sizes of the segments of `body`.
    segments: &'a [u8],
    body: &'a [u8],
}

/// All pages of a stream, whole and in order up to the one that is marked as its last.
pub(super) struct Stream<'a> {
    pub(super) pages: Vec<Page<'a>>,
    /// Byte at which numbers of pages are left out right behind the header packets: a stream that was joined while it ran.
    pub(super) joined_at: Option<usize>,
    /// The data behind the last page, in words, where they begin another file.
    pub(super) behind: Option<String>,
}

impl<'a> Stream<'a> {
    /// Checks the pages of a stream. `start` is where it begins in its file.
    pub(super) fn read(bytes: &'a [u8], start: usize) -> Result<Self, AudioError> {
        let mut stream = Self { pages: Vec::new(), joined_at: None, behind: None };
        let mut packets = 0;
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            let page = Page::read(rest, at, bytes.len())?;
            if crc32(page.bytes) != 0 {
                return Err(malformed(format!("the page at byte {at} does not match its checksum")));
            }
            if let Some(previous) = stream.pages.last() {
                if page.serial != previous.serial {
                    return Err(unsupported("it holds more than one stream"));
                }
                if page.sequence != previous.sequence.wrapping_add(1) {
                    let (last, next) = (previous.sequence, page.sequence);
                    if packets != HEADER_PACKETS {
                        return Err(malformed(format!("page {next} follows page {last} at byte {at}")));
                    }
                    stream.joined_at = Some(at);
                }
            } else {
                name_codec(page.body)?;
            }
            packets += page.packet_ends();
            rest = &rest[page.bytes.len()..];
            let last = page.is_last();
            stream.pages.push(page);
            if last {
                if rest.starts_with(b"OggS") {
                    return Err(unsupported("streams are chained in it"));
                }
                stream.behind = sniff(rest).ok().map(|content| {
                    let (what, at) = (content.container(), start + bytes.len() - rest.len());
                    format!("a second file ({what}) begins behind it, at byte {at}, and is not read")
                });
                return Ok(stream);
            }
        }
        Err(truncated(None, bytes.len() as u64, Unit::Bytes))
    }
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
            granule: i64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]),
            serial: u32::from_le_bytes([s0, s1, s2, s3]),
            sequence: u32::from_le_bytes([q0, q1, q2, q3]),
            bytes: &bytes[..end],
            segments: table,
            body,
        })
    }

    /// `true` if the page is marked as the last of its stream.
    pub(super) fn is_last(&self) -> bool {
        self.flags & LAST_PAGE != 0
    }

    /// Where the stream is at the end of the last packet that ends here; `None` when none does.
    pub(super) fn position(&self) -> Option<i64> {
        (self.granule != NO_GRANULE).then_some(self.granule)
    }

    /// Number of packets that end here.
    fn packet_ends(&self) -> usize {
        self.segments.iter().filter(|&&size| size < FULL_SEGMENT).count()
    }

    /// Appends the packets that end here to `packets`. `unfinished` is what the pages before hold of the first one, and
    /// becomes what this page holds of a packet that goes on behind it.
    pub(super) fn take_packets(
        &self,
        unfinished: &mut Option<Vec<u8>>,
        packets: &mut Vec<Vec<u8>>,
    ) -> Result<(), AudioError> {
        let continued = self.flags & CONTINUED != 0;
        if unfinished.is_some() && !continued {
            return Err(malformed(format!("page {} does not continue the packet of the page before", self.sequence)));
        }
        // The rest of a packet whose beginning was never captured is no packet.
        let mut headless = continued && unfinished.is_none();
        let mut body = self.body;
        for &size in self.segments {
            let (segment, rest) = body.split_at_checked(usize::from(size)).unwrap_or((body, &[]));
            body = rest;
            let packet = unfinished.get_or_insert_default();
            packet.extend_from_slice(segment);
            if size < FULL_SEGMENT {
                let whole = unfinished.take().unwrap_or_default();
                if !headless {
                    packets.push(whole);
                }
                headless = false;
            }
        }
        if headless {
            *unfinished = None;
        }
        Ok(())
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
