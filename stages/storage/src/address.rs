//! `s3://bucket/key`: where an object lies, as people write it.

use std::fmt;

/// What addresses begin with.
const SCHEME: &str = "s3://";

/// An object of a bucket, or with an empty key the bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object, as the store knows it.
    pub key: String,
}

impl Address {
    /// `true` if `text` means an address and no path.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The address that `text` is; or why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| format!("it does not begin with `{SCHEME}`"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        check_bucket(bucket)?;
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, key } = self;
        if key.is_empty() { write!(f, "{SCHEME}{bucket}") } else { write!(f, "{SCHEME}{bucket}/{key}") }
    }
}

/// Why no bucket can be called so. The name becomes part of a host or of a path; what older and other stores allow is
/// let through.
fn check_bucket(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it names no bucket".to_owned());
    }
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_name = (3..=255).contains(&name.len())
        && name.chars().all(usual)
        && ends(name.chars().next())
        && ends(name.chars().next_back())
        && !name.contains("..");
    if is_name {
        Ok(())
    } else {
        Err(format!("`{name}` cannot be the name of a bucket: 3 letters, digits, `-` and `.` or more"))
    }
}

/// Why the file at `below`, a key behind its prefix, has no path below a folder; `None` for those that have one.
pub(crate) fn no_path(below: &str) -> Option<String> {
    let part = below.split('/').find(|part| matches!(*part, "" | "." | ".."))?;
    let what = match part {
        "" if below.starts_with('/') => "it begins with `/`".to_owned(),
        "" => "it has an empty part".to_owned(),
        part => format!("`{part}` is a part of it"),
    };
    Some(format!("the object's key is no path: {what}; rename it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_told_as_it_was_written() {
        for text in ["s3://corpora", "s3://corpora/ravdess/Actor_01/a b+ü.wav", "s3://my.bucket-1/x//y"] {
            assert_eq!(Address::parse(text).expect("an address").to_string(), text);
        }
        let address = Address::parse("s3://corpora/a/b").expect("an address");
        assert_eq!((address.bucket.as_str(), address.key.as_str()), ("corpora", "a/b"));
    }

    #[test]
    fn what_cannot_be_part_of_a_host_or_a_path_is_no_bucket() {
        for (text, told) in [
            ("s3:///x", "names no bucket"),
            ("s3://", "names no bucket"),
            ("s3://ab/x", "`ab`"),
            ("s3://a..b/x", "`a..b`"),
            ("s3://../x", "`..`"),
            ("s3://user@host/x", "`user@host`"),
            ("s3://host:80/x", "`host:80`"),
            ("s3://bücket/x", "`bücket`"),
            ("s3://-bucket/x", "`-bucket`"),
            ("data/x", "`s3://`"),
        ] {
            let why = Address::parse(text).expect_err(text);
            assert!(why.contains(told), "{text}: {why}");
        }
    }

    #[test]
    fn keys_that_would_lead_elsewhere_have_no_path() {
        for below in ["/a.wav", "a//b.wav", "../a.wav", "a/../b.wav", "./a.wav", "a/.", ".."] {
            assert!(no_path(below).is_some(), "{below}");
        }
        for below in ["a.wav", "a/b c.wav", "a/..b.wav", "...", "a\\..\\b.wav", "a\nb.wav"] {
            assert_eq!(no_path(below), None, "{below}");
        }
    }
}
