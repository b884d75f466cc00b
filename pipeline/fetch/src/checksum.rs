//! Checksums as publishers state them, computed while bytes pass.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A checksum with the name of its algorithm, written `md5:` or `sha256:` and hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Checksum {
    /// MD5 (RFC 1321), which repositories state. It tells damage, and no more than that.
    Md5([u8; 16]),
    /// SHA-256 (FIPS 180-4).
    Sha256([u8; 32]),
}

/// Text that is no [`Checksum`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no checksum: expected `md5:` and 32 hexadecimal digits, or `sha256:` and 64")]
pub struct NoChecksum(String);

/// The checksums of bytes that came by so far.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    md5: Option<Md5>,
    sha256: Sha256,
}

/// The checksums of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    pub(crate) sha256: Checksum,
    /// Known of files that were to have one.
    md5: Option<Checksum>,
}

impl Hasher {
    /// For a file that is to have `checksums`. SHA-256 is computed in any case: by it the journal knows a file.
    pub(crate) fn new(checksums: &[Checksum]) -> Self {
        let with_md5 = checksums.iter().any(|checksum| matches!(checksum, Checksum::Md5(_)));
        Self { md5: with_md5.then(Md5::new), sha256: Sha256::new() }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.sha256.update(bytes);
    }

    pub(crate) fn finish(self) -> Hashed {
        let md5 = self.md5.map(|md5| Checksum::Md5(md5.finalize().into()));
        Hashed { sha256: Checksum::Sha256(self.sha256.finalize().into()), md5 }
    }
}

impl Hashed {
    /// The first of `checksums` that the file is not known to have, with the one that it has.
    pub(crate) fn differs(&self, checksums: &[Checksum]) -> Option<(Checksum, Checksum)> {
        checksums.iter().find_map(|expected| {
            let found = match expected {
                Checksum::Md5(_) => self.md5.unwrap_or(self.sha256),
                Checksum::Sha256(_) => self.sha256,
            };
            (found != *expected).then_some((*expected, found))
        })
    }
}

/// The checksums of the first `bytes` of a file, as far as it has so many.
pub(crate) fn hash_file(path: &Path, bytes: u64, mut hasher: Hasher) -> std::io::Result<(Hasher, u64)> {
    let mut file = File::open(path)?.take(bytes);
    let mut buffer = vec![0; 1 << 16];
    let mut read = 0;
    loop {
        let some = file.read(&mut buffer)?;
        if some == 0 {
            return Ok((hasher, read));
        }
        hasher.update(&buffer[..some]);
        read += some as u64;
    }
}

impl Checksum {
    fn parts(&self) -> (&'static str, &[u8]) {
        match self {
            Self::Md5(bytes) => ("md5", bytes),
            Self::Sha256(bytes) => ("sha256", bytes),
        }
    }

    /// The digits alone.
    pub(crate) fn hex(&self) -> String {
        let mut text = String::new();
        for byte in self.parts().1 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.parts().0, self.hex())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Checksum {
    type Err = NoChecksum;

    fn from_str(text: &str) -> Result<Self, NoChecksum> {
        let parsed = text.split_once(':').and_then(|(name, digits)| match name.to_ascii_lowercase().as_str() {
            "md5" => Some(Self::Md5(bytes(digits)?)),
            "sha256" | "sha-256" => Some(Self::Sha256(bytes(digits)?)),
            _ => None,
        });
        parsed.ok_or_else(|| NoChecksum(text.to_owned()))
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

impl TryFrom<String> for Checksum {
    type Error = NoChecksum;

    fn try_from(text: String) -> Result<Self, NoChecksum> {
        text.parse()
    }
}

impl From<Checksum> for String {
    fn from(checksum: Checksum) -> Self {
        checksum.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test values of RFC 1321, A.5, and of FIPS 180-4's example for one block.
    #[test]
    fn the_published_values_of_abc() {
        let md5: Checksum = "md5:900150983cd24fb0d6963f7d28e17f72".parse().expect("MD5");
        let sha256: Checksum =
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".parse().expect("SHA-256");
        let mut hasher = Hasher::new(&[md5]);
        hasher.update(b"a");
        hasher.update(b"bc");
        let hashed = hasher.finish();
        assert_eq!(hashed.sha256, sha256);
        assert_eq!(hashed.differs(&[sha256, md5]), None);
        let other = Checksum::Md5([0; 16]);
        assert_eq!(hashed.differs(&[md5, other]), Some((other, md5)));
        let without_md5 = Hashed { md5: None, ..hashed };
        assert_eq!(without_md5.differs(&[sha256, md5]), Some((md5, sha256)), "what was not computed is not right");
    }

    #[test]
    fn what_is_no_checksum_is_told_with_what_one_is() {
        for text in
            ["", "md5:", "900150983cd24fb0d6963f7d28e17f72", "md5:90015", "sha1:900150983cd24fb0d6963f7d28e17f72"]
        {
            let error = text.parse::<Checksum>().expect_err(text).to_string();
            assert!(error.contains("expected `md5:` and 32"), "{error}");
        }
        let umlauts = format!("md5:{}", "ä".repeat(16));
        assert!(umlauts.parse::<Checksum>().is_err());
        let upper: Checksum = "MD5:900150983CD24FB0D6963F7D28E17F72".parse().expect("upper case");
        assert_eq!(upper.to_string(), "md5:900150983cd24fb0d6963f7d28e17f72");
    }
}
