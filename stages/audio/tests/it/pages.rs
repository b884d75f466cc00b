//! Ogg pages taken apart and put together again.

/// One page: everything but its checksum, which is computed when it is written.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) flags: u8,
    pub(crate) granule: i64,
    pub(crate) serial: u32,
    pub(crate) sequence: u32,
    pub(crate) segments: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Page {
    /// The pages of a well-formed file.
    pub(crate) fn all(bytes: &[u8]) -> Vec<Self> {
        let mut pages = Vec::new();
        let mut rest = bytes;
        while rest.starts_with(b"OggS") {
            let segments = rest[27..27 + usize::from(rest[26])].to_vec();
            let body_at = 27 + segments.len();
            let end = body_at + segments.iter().map(|&size| usize::from(size)).sum::<usize>();
            let four = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes"));
            pages.push(Self {
                flags: rest[5],
                granule: i64::from_le_bytes(rest[6..14].try_into().expect("eight bytes")),
                serial: four(14),
                sequence: four(18),
                segments,
                body: rest[body_at..end].to_vec(),
            });
            rest = &rest[end..];
        }
        pages
    }

    /// A page of whole packets.
    pub(crate) fn of(packets: &[Vec<u8>], flags: u8, granule: i64, serial: u32, sequence: u32) -> Self {
        let lacing = |packet: &Vec<u8>| {
            let full = packet.len() / 255;
            std::iter::repeat_n(255_u8, full).chain([(packet.len() % 255) as u8])
        };
        let segments = packets.iter().flat_map(lacing).collect();
        Self { flags, granule, serial, sequence, segments, body: packets.concat() }
    }

    /// The packets of a page that holds whole ones.
    pub(crate) fn packets(&self) -> Vec<Vec<u8>> {
        let mut packets = vec![Vec::new()];
        let mut body = &self.body[..];
        for &size in &self.segments {
            let (segment, rest) = body.split_at(usize::from(size));
            packets.last_mut().expect("one").extend(segment);
            body = rest;
            if size < 255 {
                packets.push(Vec::new());
            }
        }
        packets.pop();
        packets
    }

    /// The page as bytes, with its checksum.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"OggS\0".to_vec();
        bytes.push(self.flags);
        bytes.extend(self.granule.to_le_bytes());
        bytes.extend(self.serial.to_le_bytes());
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.push(self.segments.len() as u8);
        bytes.extend(&self.segments);
        bytes.extend(&self.body);
        let crc = bytes.iter().fold(0_u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 24, |crc: u32, _| {
                if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
            })
        });
        bytes[22..26].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// A file of `pages`.
pub(crate) fn file(pages: &[Page]) -> Vec<u8> {
    pages.iter().flat_map(Page::bytes).collect()
}
