//! Which container a file's first bytes belong to, and words for those of no audio container.

use crate::id3::skip_id3;
use crate::{AudioError, Container, mpeg};

/// First line of a Git-LFS pointer file (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
const GIT_LFS_VERSION: &[u8] = b"version https://git-lfs.github.com/spec/v1";
/// Characters of a text that a message quotes.
const QUOTED_CHARS: usize = 40;

/// First bytes of files that are not audio, or not decoded here, with their names.
const KNOWN_STARTS: [(&[u8], &str); 21] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"caff", "Core Audio (CAF)"),
    (b".snd", "Sun audio (AU)"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (ASF)"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (b"#!AMR", "AMR speech"),
    (b"MThd", "MIDI"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"NIST_1A", "NIST SPHERE"),
    (b"riff\x2e\x91\xcf\x11", "Sony Wave64"),
    (b"\x7fELF", "a Linux program"),
    (b"PAR1", "a Parquet table"),
    (b"SIMPLE  =", "a FITS file"),
];

/// A container and the byte at which it starts, behind any leading ID3v2 tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Wav { start: usize },
    Aiff { start: usize },
    Flac { start: usize },
    Mp3 { start: usize },
    Ogg { start: usize },
}

impl Content {
    pub(crate) fn container(self) -> Container {
        match self {
            Self::Wav { .. } => Container::Wav,
            Self::Aiff { .. } => Container::Aiff,
            Self::Flac { .. } => Container::Flac,
            Self::Mp3 { .. } => Container::Mp3,
            Self::Ogg { .. } => Container::Ogg,
        }
    }
}

/// Tells the container of a file's content.
pub(crate) fn sniff(bytes: &[u8]) -> Result<Content, AudioError> {
    if bytes.is_empty() {
        return Err(AudioError::Empty);
    }
    if bytes.starts_with(GIT_LFS_VERSION) {
        return Err(AudioError::GitLfsPointer { bytes: bytes.len() as u64 });
    }
    let start = skip_id3(bytes);
    let body = &bytes[start..];
    match begins_file(body) {
        Some(Container::Wav) => Ok(Content::Wav { start }),
        Some(Container::Aiff) => Ok(Content::Aiff { start }),
        Some(Container::Flac) => Ok(Content::Flac { start }),
        Some(Container::Ogg) => Ok(Content::Ogg { start }),
        Some(Container::Mp3) | None => match mpeg::find_first_frame(body) {
            Some(offset) => Ok(Content::Mp3 { start: start + offset }),
            None if start > 0 => {
                Err(AudioError::NotAudio { found: format!("an ID3 tag of {start} bytes and then {}", describe(body)) })
            }
            None => Err(AudioError::NotAudio { found: describe(body) }),
        },
    }
}

/// The container whose mark stands at the very beginning of `bytes`. MP3 has none.
pub(crate) fn begins_file(bytes: &[u8]) -> Option<Container> {
    let form = bytes.get(8..12).unwrap_or_default();
    match bytes.get(..4)? {
        b"RIFF" | b"RIFX" | b"RF64" | b"BW64" if form == b"WAVE" => Some(Container::Wav),
        b"FORM" if form == b"AIFF" || form == b"AIFC" => Some(Container::Aiff),
        b"fLaC" => Some(Container::Flac),
        b"OggS" => Some(Container::Ogg),
        _ => None,
    }
}

/// Words for content that begins with one of the [known marks](KNOWN_STARTS).
pub(crate) fn known_start(bytes: &[u8]) -> Option<&'static str> {
    KNOWN_STARTS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what)
}

/// Words for content that is no audio.
fn describe(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".into();
    }
    if let Some(what) = known_start(bytes).or_else(|| bytes.starts_with(b"MZ").then_some("a Windows program")) {
        return what.into();
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return "MPEG-4 (MP4, M4A)".into();
    }
    if bytes.starts_with(b"RIFF") || bytes.starts_with(b"FORM") {
        let form = String::from_utf8_lossy(bytes.get(8..12).unwrap_or_default());
        return format!("a RIFF or IFF file of form `{}`", form.escape_debug());
    }
    if matches!(bytes, [0xff, second, ..] if second & 0xf6 == 0xf0) {
        return "AAC (ADTS)".into();
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return format!("{} zero bytes", bytes.len());
    }
    let head = &bytes[..bytes.len().min(512)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A multi-byte character may be cut at the end of the head.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    if !text.is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace()) {
        let line: String = text.trim_start().chars().take(QUOTED_CHARS).collect();
        return format!("text beginning `{}`", line.escape_debug());
    }
    let hex: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("bytes {}", hex.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> String {
        match sniff(bytes) {
            Err(AudioError::NotAudio { found }) => found,
            other => panic!("expected NotAudio, found {other:?}"),
        }
    }

    #[test]
    fn content_that_is_no_audio_is_named() {
        assert_eq!(found(b"speaker,emotion\n1,angry\n"), "text beginning `speaker,emotion\\n1,angry\\n`");
        assert_eq!(found(b"PK\x03\x04rest"), "a ZIP archive");
        assert_eq!(found(b"RIFF\0\0\0\0AVI LIST"), "a RIFF or IFF file of form `AVI `");
        assert_eq!(found(b"\0\0\0\x18ftypmp42"), "MPEG-4 (MP4, M4A)");
        assert_eq!(found(&[0; 5_000]), "5000 zero bytes");
        assert_eq!(found(&[1, 2, 0xfe]), "bytes 01 02 fe");
        assert_eq!(found("é".as_bytes()), "text beginning `é`");
        assert_eq!(found(b"ID3\x04\0\0\0\0\0\x02xxPK\x03\x04"), "an ID3 tag of 12 bytes and then a ZIP archive");
        assert_eq!(found(b"ID3\x04\0\0\0\0\x7f\x7f"), "an ID3 tag of 10 bytes and then nothing");
    }

    #[test]
    fn a_pointer_and_an_empty_file_have_errors_of_their_own() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 82260\n";
        assert!(matches!(sniff(pointer), Err(AudioError::GitLfsPointer { bytes: 68 })));
        assert!(matches!(sniff(b""), Err(AudioError::Empty)));
    }

    #[test]
    fn tags_before_the_container_are_skipped() {
        let mut bytes = b"ID3\x04\0\0\0\0\x01\x00".to_vec();
        bytes.extend([0; 128]);
        bytes.extend(b"ID3\x03\0\0\0\0\0\0fLaC");
        assert_eq!(sniff(&bytes).expect("flac"), Content::Flac { start: 148 });
    }
}
