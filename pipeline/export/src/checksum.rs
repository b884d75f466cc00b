//! SHA-256 of files, which other tools check them by, and BLAKE3, which records have.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::{ExportError, ExportResult};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 16;

/// SHA-256 of the file at `path`, 64 hexadecimal digits, and its size.
pub(crate) fn sha256(path: &Path) -> ExportResult<(String, u64)> {
    let mut file = File::open(path).map_err(ExportError::io("read", path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(ExportError::io("read", path))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    Ok((hex(&hasher.finalize()), bytes))
}

/// BLAKE3 of the file at `path`, 64 hexadecimal digits, as records of results have it.
pub(crate) fn blake3(path: &Path) -> ExportResult<String> {
    let mut hasher = blake3::Hasher::new();
    File::open(path).and_then(|file| hasher.update_reader(file).map(drop)).map_err(ExportError::io("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's example of one block; the digest of no bytes is in NIST's test vectors.
    #[test]
    fn the_standards_examples_come_out() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("file");
        for (text, expected) in [
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ] {
            std::fs::write(&path, text).expect("write");
            assert_eq!(sha256(&path).expect("read"), (expected.to_owned(), text.len() as u64));
            assert_eq!(blake3(&path).expect("read"), ::blake3::hash(text.as_bytes()).to_hex().to_string());
        }
        let error = sha256(&folder.path().join("none")).expect_err("no file").to_string();
        assert!(error.starts_with("cannot read `") && error.ends_with("none`"), "{error}");
    }
}
