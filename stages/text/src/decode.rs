//! Bytes of a text file as text: never guessed in silence, never with replacement characters.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

const MARK_UTF_8: &[u8] = b"\xef\xbb\xbf";
const MARK_UTF_16_LE: &[u8] = b"\xff\xfe";
const MARK_UTF_16_BE: &[u8] = b"\xfe\xff";
const MARK_UTF_32_LE: &[u8] = b"\xff\xfe\0\0";
const MARK_UTF_32_BE: &[u8] = b"\0\0\xfe\xff";

/// Bytes that stand for no character in Windows-1252.
const NOT_IN_WINDOWS_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// Text, and the encoding it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, without a byte order mark.
    pub text: Cow<'a, str>,
    /// How its bytes were read.
    pub encoding: Encoding,
}

/// How the bytes of a text were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16 of either byte order, by its mark.
    Utf16,
    /// Windows-1252, because the bytes are not UTF-8: an assumption that the user is to be told.
    Windows1252 {
        /// The first byte that is not UTF-8.
        first: Place,
    },
}

/// A byte in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Which byte of the line, from 1.
    pub column: usize,
    /// The byte itself.
    pub byte: u8,
}

/// Why bytes are not read as text. Each is a sentence about "it", the file, and says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum DecodeError {
    /// A mark that says UTF-8, and bytes that are not.
    #[error("it is marked as UTF-8 and is not: {0} belongs to no character; save it as UTF-8")]
    BadUtf8(Place),
    /// A mark that says UTF-16, and bytes that are not.
    #[error("it is marked as UTF-16 and is not, from line {line} on: save it as UTF-8")]
    BadUtf16 { line: usize },
    /// Every other byte is zero, and no mark tells the byte order.
    #[error("it is UTF-16 without its byte order mark: save it as UTF-8, or as UTF-16 with the mark")]
    UnmarkedUtf16,
    /// A mark that says UTF-32.
    #[error("it is UTF-32, which is not read: save it as UTF-8")]
    Utf32,
    /// Control characters that no text holds.
    #[error("it is no text: it has {0}")]
    NotText(Place),
    /// UTF-8 in some lines and not in others: two files were put together, or one was edited by two programs.
    #[error("it is UTF-8 in some lines and not in others: {0} belongs to no character; save it as UTF-8")]
    Mixed(Place),
    /// Neither UTF-8 nor Windows-1252.
    #[error("it is neither UTF-8 nor Windows-1252: {0} stands for no character in them; save it as UTF-8")]
    UnknownEncoding(Place),
}

/// The text in `bytes`.
///
/// UTF-8 is read with and without its byte order mark, UTF-16 with it. Other bytes are read as Windows-1252 where all
/// of them are characters of it and no line is in UTF-8; [`Encoding::Windows1252`] says so, as it is an assumption.
///
/// # Errors
///
/// What cannot be text in any of these encodings, and UTF-16 and UTF-32 by their names.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, DecodeError> {
    if bytes.starts_with(MARK_UTF_32_LE) || bytes.starts_with(MARK_UTF_32_BE) {
        return Err(DecodeError::Utf32);
    }
    for (mark, encoding) in [(MARK_UTF_16_LE, UTF_16LE), (MARK_UTF_16_BE, UTF_16BE)] {
        if let Some(units) = bytes.strip_prefix(mark) {
            return utf16(bytes, units, encoding);
        }
    }
    let marked = bytes.strip_prefix(MARK_UTF_8);
    let content = marked.unwrap_or(bytes);
    if let Some(at) = content.iter().position(|&byte| byte == 0) {
        return Err(if is_like_utf16(content) {
            DecodeError::UnmarkedUtf16
        } else {
            DecodeError::NotText(Place::of(content, at))
        });
    }
    let first = match std::str::from_utf8(content) {
        Ok(text) => return Ok(Decoded { text: Cow::Borrowed(text), encoding: Encoding::Utf8 }),
        Err(error) => Place::of(content, error.valid_up_to()),
    };
    if marked.is_some() {
        return Err(DecodeError::BadUtf8(first));
    }
    if let Some(at) = content.iter().position(|&byte| is_control(byte)) {
        return Err(DecodeError::NotText(Place::of(content, at)));
    }
    if let Some(at) = content.iter().position(|byte| NOT_IN_WINDOWS_1252.contains(byte)) {
        return Err(DecodeError::UnknownEncoding(Place::of(content, at)));
    }
    let is_utf8 = |line: &[u8]| !line.is_ascii() && std::str::from_utf8(line).is_ok();
    if content.split(|&byte| byte == b'\n').any(is_utf8) {
        return Err(DecodeError::Mixed(first));
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(content);
    Ok(Decoded { text, encoding: Encoding::Windows1252 { first } })
}

fn utf16<'a>(
    bytes: &[u8],
    units: &'a [u8],
    encoding: &'static encoding_rs::Encoding,
) -> Result<Decoded<'a>, DecodeError> {
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(units) else {
        let big = bytes.starts_with(MARK_UTF_16_BE);
        let unit = |pair: &[u8; 2]| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
        let (pairs, _) = units.as_chunks::<2>();
        let good = char::decode_utf16(pairs.iter().map(unit)).map_while(Result::ok);
        return Err(DecodeError::BadUtf16 { line: 1 + good.filter(|&character| character == '\n').count() });
    };
    match text.find('\0') {
        None => Ok(Decoded { text, encoding: Encoding::Utf16 }),
        Some(at) => Err(DecodeError::NotText(Place::of(text.as_bytes(), at))),
    }
}

/// Whether zeros stand at every other place, as in UTF-16 of a text that is mostly ASCII.
fn is_like_utf16(bytes: &[u8]) -> bool {
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let pairs = bytes.len() / 2;
    even.max(odd) * 2 >= pairs && even.min(odd) * 8 <= even.max(odd)
}

/// Control characters other than tabs, line ends and form feeds.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c)
}

impl Place {
    fn of(bytes: &[u8], at: usize) -> Self {
        let before = bytes.get(..at).unwrap_or(bytes);
        let is_end = |at: usize, byte: u8| byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let mut ends = before.iter().enumerate().filter(|&(at, &byte)| is_end(at, byte)).map(|(at, _)| at);
        let (line, start) = ends.by_ref().fold((1, 0), |(line, _), end| (line + 1, end + 1));
        Self { line, column: 1 + at - start, byte: bytes.get(at).copied().unwrap_or_default() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte 0x{:02X} in line {}, column {}", self.byte, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        decode(bytes).expect("text").text.into_owned()
    }

    fn refused(bytes: &[u8]) -> String {
        decode(bytes).expect_err("must be refused").to_string()
    }

    fn utf16(text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn utf8_is_read_with_and_without_its_mark() {
        assert_eq!(text("id,B\u{e4}r\n".as_bytes()), "id,B\u{e4}r\n");
        assert_eq!(text("\u{feff}id,B\u{e4}r\n".as_bytes()), "id,B\u{e4}r\n");
        assert_eq!(text(b""), "");
        let decoded = decode("B\u{e4}r".as_bytes()).expect("text");
        assert!(matches!(decoded, Decoded { text: Cow::Borrowed(_), encoding: Encoding::Utf8 }));
    }

    #[test]
    fn utf16_is_read_by_its_mark_and_refused_by_name_without() {
        let line = "id,B\u{e4}r,\u{1f600}\n";
        for (mark, bytes) in
            [(MARK_UTF_16_LE, u16::to_le_bytes as fn(u16) -> [u8; 2]), (MARK_UTF_16_BE, u16::to_be_bytes)]
        {
            let marked = utf16(line, mark, bytes);
            let decoded = decode(&marked).expect("text");
            assert_eq!((decoded.text.as_ref(), decoded.encoding), (line, Encoding::Utf16));
            let unmarked = refused(&utf16(line, b"", bytes));
            assert!(unmarked.contains("UTF-16 without its byte order mark"), "{unmarked}");
        }
        let mut halved = utf16("id\nB\u{e4}r\n", MARK_UTF_16_LE, u16::to_le_bytes);
        halved.extend([0x00, 0xd8]);
        assert!(refused(&halved).contains("is not, from line 3 on"), "{}", refused(&halved));
        halved.pop();
        assert!(refused(&halved).contains("marked as UTF-16"), "an odd number of bytes");
        assert!(refused(b"\xff\xfe\0\0i\0\0\0").contains("UTF-32"));
    }

    #[test]
    fn other_bytes_are_windows_1252_and_it_is_said() {
        let decoded = decode(b"id\r\nB\xe4r\nB\xf6r\x80\n").expect("text");
        assert_eq!(decoded.text, "id\r\nB\u{e4}r\nB\u{f6}r\u{20ac}\n");
        let first = Place { line: 2, column: 2, byte: 0xe4 };
        assert_eq!(decoded.encoding, Encoding::Windows1252 { first });
        assert_eq!(first.to_string(), "byte 0xE4 in line 2, column 2");
    }

    #[test]
    fn utf_8_with_a_line_in_another_encoding_is_refused_with_its_place() {
        let why = refused(b"id\nB\xc3\xb6r\nB\xf6r\n");
        assert!(why.contains("UTF-8 in some lines and not in others: byte 0xF6 in line 3, column 2"), "{why}");
    }

    #[test]
    fn what_is_in_no_encoding_is_refused_with_its_place() {
        for byte in NOT_IN_WINDOWS_1252 {
            let why = refused(&[b'a', b'\n', b'b', byte, b'\n']);
            assert!(why.contains(&format!("byte 0x{byte:02X} in line 2, column 2")), "{why}");
        }
        assert!(refused(b"\xef\xbb\xbfid\nB\xe4r").contains("marked as UTF-8 and is not: byte 0xE4 in line 2"));
        assert!(refused(b"\x89PNG\r\n\x1a\n").contains("it is no text: it has byte 0x1A in line 2, column 1"));
        assert!(refused(b"RIFF\x24\x00\x00\x00WAVEfmt ").contains("it is no text: it has byte 0x00"));
        assert!(refused(&[0; 9]).contains("no text"));
    }

    #[test]
    fn no_bytes_become_a_replacement_character() {
        for first in 0x80..=u8::MAX {
            for second in 0x20..=u8::MAX {
                let bytes = [first, second];
                if let Ok(decoded) = decode(&bytes)
                    && matches!(decoded.encoding, Encoding::Windows1252 { .. })
                {
                    assert!(!decoded.text.contains('\u{fffd}'), "{bytes:x?}");
                    assert_eq!(decoded.text.chars().count(), 2, "{bytes:x?}");
                }
            }
        }
    }
}
