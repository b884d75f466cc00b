//! Chunks of RIFF and IFF files, the way they are found rather than the way they should be.
//!
//! A chunk is four characters, a size and that many bytes, padded to an even number. Writers forget the pad byte, leave
//! sizes at 0 or at the largest number because they could not seek back, and put anything before and after the samples.

use crate::Container;
use crate::sniff::{begins_file, known_start, sniff};

/// Bytes of a chunk header: identifier and size.
const HEADER_BYTES: usize = 8;
/// Sizes from here on stand for "unknown" when the file is shorter: writers to a pipe leave 0xFFFFFFFF (ffmpeg),
/// 0x7FFFF000 and more (SoX), or such a number less the headers.
const PLACEHOLDER_FROM: u64 = 0x7fff_0000;

/// So many bytes behind the last chunk are no padding: sound that a size leaves out, or a foreign tag.
const MANY_BYTES: usize = 1024;

/// Byte order of sizes and samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// One chunk. `body` is what the file holds of it: less than `size` bytes where the file ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    pub(crate) id: [u8; 4],
    /// Size that the header states, in bytes.
    pub(crate) size: u64,
    pub(crate) body: &'a [u8],
}

/// Walks the chunks of `bytes`, which start behind the form type of the file.
pub(crate) struct Chunks<'a> {
    bytes: &'a [u8],
    position: usize,
    order: Order,
    /// Size of the `data` chunk where a `ds64` chunk states it (RF64).
    data_size_64: Option<u64>,
}

impl Order {
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { bytes, position: 0, order, data_size_64: None }
    }

    /// `true` if the bytes at `position` could be a chunk header: four printable characters.
    fn plausible(&self, position: usize) -> bool {
        self.bytes
            .get(position..position + HEADER_BYTES)
            .is_some_and(|header| header[..4].iter().all(|byte| (b' '..=b'~').contains(byte)))
    }

    /// In words, what lies behind the chunks that were walked, where it begins another file. `before` is where the walk
    /// started in the file, in bytes.
    pub(crate) fn behind(&self, before: usize) -> Option<String> {
        let rest = self.bytes.get(self.position..)?;
        // Some writers fill up the last block.
        let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
        let rest = &rest[zeros..];
        let at = before + self.position + zeros;
        let known = match sniff(rest) {
            Ok(content) => Some(content.container().as_str()),
            Err(_) => known_start(rest),
        };
        match known {
            Some(what) => Some(format!("a second file ({what}) begins behind it, at byte {at}, and is not read")),
            None if rest.len() >= MANY_BYTES && !rest.starts_with(b"TAG") && !rest.starts_with(b"ID3") => Some(
                format!("{} bytes that no chunk holds lie behind it, from byte {at}, and are not read", rest.len()),
            ),
            None => None,
        }
    }

    /// Size of a sample chunk whose header says `stated` and behind which `left` bytes follow.
    fn sample_size(&self, stated: u64, left: u64, body_at: usize) -> u64 {
        if let Some(size) = self.data_size_64 {
            return size;
        }
        let unknown = match stated {
            // Nothing but chunks behind a size of 0 means that there really are no samples.
            0 => left > 0 && !self.plausible(body_at),
            _ => stated > left && stated >= PLACEHOLDER_FROM,
        };
        // Nobody can tell where samples without a stated size end but by the header of the file that was appended.
        if unknown { self.next_file(body_at).map_or(left, |at| (at - body_at) as u64) } else { stated }
    }

    /// Where the first RIFF or IFF file behind `from` begins.
    fn next_file(&self, from: usize) -> Option<usize> {
        let is_one = |at: &usize| {
            matches!(self.bytes[*at], b'R' | b'F')
                && matches!(begins_file(&self.bytes[*at..]), Some(Container::Wav | Container::Aiff))
        };
        (from..self.bytes.len()).find(is_one)
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.plausible(self.position) || begins_file(&self.bytes[self.position..]).is_some() {
            return None;
        }
        let header: [u8; HEADER_BYTES] = self.bytes[self.position..self.position + HEADER_BYTES].try_into().ok()?;
        let [a, b, c, d, size @ ..] = header;
        let id = [a, b, c, d];
        let body_at = self.position + HEADER_BYTES;
        let left = self.bytes.len() - body_at;
        let stated = u64::from(self.order.u32(size));
        let size =
            if matches!(&id, b"data" | b"SSND") { self.sample_size(stated, left as u64, body_at) } else { stated };
        let held = usize::try_from(size).unwrap_or(usize::MAX).min(left);
        let body = &self.bytes[body_at..body_at + held];
        if &id == b"ds64" {
            // riffSize, dataSize, sampleCount, each 64 bits (EBU Tech 3306).
            self.data_size_64 = body.get(8..16).and_then(|size| size.try_into().ok()).map(u64::from_le_bytes);
        }
        let end = body_at + held;
        let padded = end + (held & 1);
        // The pad byte is zero where writers keep to the rule, and absent where they do not.
        self.position = if padded != end && !self.plausible(padded) && self.plausible(end) { end } else { padded };
        Some(Chunk { id, size, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(bytes: &[u8]) -> Vec<(String, u64, usize)> {
        Chunks::new(bytes, Order::Little)
            .map(|chunk| (String::from_utf8_lossy(&chunk.id).into_owned(), chunk.size, chunk.body.len()))
            .collect()
    }

    #[test]
    fn odd_chunks_are_padded_or_not() {
        let padded = b"odd \x03\0\0\0abc\0next\x02\0\0\0xy";
        let unpadded = b"odd \x03\0\0\0abcnext\x02\0\0\0xy";
        let expected = [("odd ".to_string(), 3, 3), ("next".to_string(), 2, 2)];
        assert_eq!(ids(padded), expected);
        assert_eq!(ids(unpadded), expected);
    }

    #[test]
    fn placeholders_reach_to_the_end_and_other_sizes_are_believed() {
        assert_eq!(ids(b"data\xff\xff\xff\xff\x01\x02\x03"), [("data".to_string(), 3, 3)]);
        assert_eq!(ids(b"data\0\xf0\xff\x7f\x01\x02\x03"), [("data".to_string(), 3, 3)]);
        assert_eq!(ids(b"data\0\0\0\0\x01\x02\x03"), [("data".to_string(), 3, 3)]);
        assert_eq!(ids(b"data\0\0\0\0LIST\x02\0\0\0xy"), [("data".to_string(), 0, 0), ("LIST".to_string(), 2, 2)]);
        assert_eq!(ids(b"data\x09\0\0\0\x01\x02\x03"), [("data".to_string(), 9, 3)]);
    }

    #[test]
    fn a_file_behind_the_chunks_is_no_chunk() {
        let chunk = b"data\x04\0\0\0\x01\x02\x03\x04".to_vec();
        let behind = |second: &[u8]| {
            let bytes = [&chunk, second].concat();
            let mut chunks = Chunks::new(&bytes, Order::Little);
            let walked = chunks.by_ref().count();
            (walked, chunks.behind(12))
        };
        let told = |container: &str, at: u32| {
            (1, Some(format!("a second file ({container}) begins behind it, at byte {at}, and is not read")))
        };
        assert_eq!(behind(b"RIFF\x04\0\0\0WAVE"), told("wav", 24));
        assert_eq!(behind(b"\0\0FORM\0\0\0\x04AIFF"), told("aiff", 26));
        assert_eq!(behind(b"OggS\0\x02"), told("ogg", 24));
        assert_eq!(behind(b"fLaC\0\0\0\x22"), told("flac", 24));
        assert_eq!(behind(b"ID3\x03\0\0\0\0\0\x02xxfLaC\0\0\0\x22"), told("flac", 24));
        assert_eq!(behind(b"\x1aE\xdf\xa3\0\0\0\0"), told("Matroska or WebM", 24));
        assert_eq!(behind(b"id3 \x02\0\0\0xx"), (2, None), "a chunk");
        assert_eq!(behind(b"ID3\x03\0\0\0\0\0\x02xx"), (1, None), "a tag");
        assert_eq!(behind(b""), (1, None));
        let pcm = [[0xff, 0x07].repeat(600), vec![1]].concat();
        let told = "1201 bytes that no chunk holds lie behind it, from byte 24, and are not read";
        assert_eq!(behind(&pcm), (1, Some(told.to_owned())));
        assert_eq!(behind(&pcm[..1000]), (1, None), "padding of some kind");
    }

    #[test]
    fn samples_without_a_size_end_where_another_file_begins() {
        let bytes = b"data\xff\xff\xff\xff\x01\x02\x03\x04RIFF\x04\0\0\0WAVE";
        let mut chunks = Chunks::new(bytes, Order::Little);
        assert_eq!(chunks.next().map(|chunk| chunk.body.len()), Some(4));
        assert!(chunks.next().is_none() && chunks.behind(0).is_some());
    }

    #[test]
    fn a_chunk_that_ends_beyond_the_file_is_the_last() {
        assert_eq!(ids(b"LIST\xff\xff\xff\xffabcd"), [("LIST".to_string(), 0xffff_ffff, 4)]);
        assert_eq!(ids(b"LIS"), []);
        assert_eq!(ids(b"\x00\x01\x02\x03\x04\0\0\0"), []);
    }
}
