//! ID3v2 tags in front of a file, of whatever container.

/// Bytes of an ID3v2 tag header: `ID3`, version, flags, size.
const ID3_HEADER_BYTES: usize = 10;

/// Number of leading bytes that are ID3v2 tags.
pub(crate) fn skip_id3(bytes: &[u8]) -> usize {
    let mut start = 0;
    while let Some(header) = bytes.get(start..start + ID3_HEADER_BYTES) {
        let size_bytes = &header[6..10];
        if !header.starts_with(b"ID3") || size_bytes.iter().any(|&byte| byte >= 0x80) {
            break;
        }
        let size = size_bytes.iter().fold(0, |size, &byte| size << 7 | usize::from(byte));
        let footer = if header[5] & 0x10 == 0 { 0 } else { ID3_HEADER_BYTES };
        start = (start + ID3_HEADER_BYTES + size + footer).min(bytes.len());
    }
    start
}
