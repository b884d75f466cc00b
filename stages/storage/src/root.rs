//! Where a corpus begins: a folder, or a prefix of a bucket.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::address::{Address, no_path};
use crate::error::StorageError;

/// Where a corpus begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A folder, as it can be opened.
    Folder(PathBuf),
    /// Everything in a bucket whose key begins with a prefix.
    Bucket(Prefix),
}

/// What is below a place in a bucket, which is no folder: it is there as long as anything is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    bucket: String,
    /// Empty, or with `/` at its end.
    prefix: String,
}

/// Why a text is no root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootProblem {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Root {
    /// The root that `text` names: `s3://bucket/prefix`, or a path that starts at `base_dir` if it is relative.
    pub fn of(text: &str, base_dir: &Path) -> Result<Self, StorageError> {
        if !Address::is_meant(text) {
            return Ok(Self::Folder(base_dir.join(text)));
        }
        Prefix::parse(text).map(Self::Bucket).map_err(|why| StorageError::Address { text: text.to_owned(), why })
    }

    /// Why `text` names no root, as far as that can be told without looking.
    pub fn problem(text: &str) -> Option<RootProblem> {
        if Address::is_meant(text) {
            let why = Prefix::parse(text).err()?;
            let message = format!("`{text}` is no place in a bucket: {why}");
            let hint = single_slashes(text).filter(|plain| Prefix::parse(plain).is_ok()).map_or_else(
                || "write `s3://bucket/folder`".to_owned(),
                |plain| format!("write `{plain}`; a variable in it must not end in `/`"),
            );
            return Some(RootProblem { message, hint });
        }
        let (scheme, _) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let message = format!("`{text}` cannot be read: `{scheme}://` is not known");
        let hint = "name a folder, or object storage that speaks S3 as `s3://bucket/folder`, its server in \
                    `AWS_ENDPOINT_URL`"
            .to_owned();
        is_scheme.then_some(RootProblem { message, hint })
    }

    /// `true` if `text` names a place in a bucket.
    pub fn is_bucket(text: &str) -> bool {
        Address::is_meant(text)
    }

    /// Path of the file at `below` this root, as tables tell it, where `text` names the root.
    pub fn path(text: &str, below: &str) -> String {
        if Address::is_meant(text) {
            format!("{}/{below}", text.trim_end_matches('/'))
        } else {
            Path::new(text).join(below).to_string_lossy().into_owned()
        }
    }

    /// What [`path`](Self::path) was made of, the root of which `text` names.
    pub fn below<'a>(text: &str, path: &'a str) -> &'a str {
        if Address::is_meant(text) {
            let below = path.strip_prefix(text.trim_end_matches('/')).and_then(|below| below.strip_prefix('/'));
            return below.unwrap_or(path);
        }
        Path::new(path).strip_prefix(text).ok().and_then(Path::to_str).unwrap_or(path)
    }
}

/// `text` without its empty parts, where it has some.
fn single_slashes(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let plain = format!("{scheme}://{}", parts.join("/"));
    (plain != text.trim_end_matches('/')).then_some(plain)
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket(prefix) => prefix.fmt(f),
        }
    }
}

impl Prefix {
    fn parse(text: &str) -> Result<Self, String> {
        let Address { bucket, key } = Address::parse(text)?;
        let prefix = key.strip_suffix('/').unwrap_or(&key);
        if prefix.is_empty() {
            return Ok(Self { bucket, prefix: String::new() });
        }
        if no_path(prefix).is_some() {
            return Err("a part of it is empty, `.` or `..`".to_owned());
        }
        Ok(Self { bucket, prefix: format!("{prefix}/") })
    }

    /// Address of what is at `below` this prefix.
    pub fn address(&self, below: &str) -> Address {
        Address { bucket: self.bucket.clone(), key: format!("{}{below}", self.prefix) }
    }

    /// The place `folder` below this one, with `.` and `..` resolved by name; `None` where that leads out of the bucket.
    pub fn join(&self, folder: &str) -> Option<Self> {
        let mut parts: Vec<&str> = self.prefix.split_terminator('/').collect();
        for part in folder.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        let prefix = parts.iter().flat_map(|part| [*part, "/"]).collect();
        Some(Self { bucket: self.bucket.clone(), prefix })
    }

    /// What a folder in its place would be called.
    pub fn name(&self) -> &str {
        let last = self.prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if last.is_empty() { &self.bucket } else { last }
    }

    /// What the key of `address` has behind this prefix; `None` where it lies elsewhere.
    pub fn below<'a>(&self, address: &'a Address) -> Option<&'a str> {
        if address.bucket == self.bucket { address.key.strip_prefix(&self.prefix) } else { None }
    }

    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bucket, key) = (self.bucket.clone(), self.prefix.trim_end_matches('/').to_owned());
        Address { bucket, key }.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        match Root::of(text, Path::new("/base")) {
            Ok(Root::Bucket(prefix)) => prefix,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_root_is_a_folder_or_a_place_in_a_bucket() {
        assert_eq!(
            Root::of("data/x", Path::new("/base")).expect("a folder"),
            Root::Folder(PathBuf::from("/base/data/x"))
        );
        for (text, key, name) in [
            ("s3://corpora/ravdess", "ravdess/a.wav", "ravdess"),
            ("s3://corpora/ravdess/", "ravdess/a.wav", "ravdess"),
            ("s3://corpora/speech/ravdess", "speech/ravdess/a.wav", "ravdess"),
            ("s3://corpora", "a.wav", "corpora"),
            ("s3://corpora/", "a.wav", "corpora"),
        ] {
            let prefix = prefix(text);
            assert_eq!((prefix.address("a.wav").key.as_str(), prefix.name()), (key, name), "{text}");
            assert_eq!(prefix.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn what_is_no_root_is_told_with_what_to_write() {
        for (text, told) in [
            ("s3://", "names no bucket"),
            ("s3://corpora/a/../b", "`..`"),
            ("s3://corpora//a", "empty"),
            ("gs://corpora/a", "`gs://` is not known"),
            ("https://host/a", "`https://` is not known"),
            ("S3://corpora/a", "`S3://` is not known"),
        ] {
            let problem = Root::problem(text).unwrap_or_else(|| panic!("{text}"));
            let hint = if told == "empty" { "`s3://corpora/a`" } else { "s3://bucket/folder" };
            assert!(problem.message.contains(told) && problem.hint.contains(hint), "{problem:?}");
        }
        for text in ["s3://corpora/a", "data/x", "/data", "C:\\data", "./a://b"] {
            assert_eq!(Root::problem(text), None, "{text}");
        }
    }

    #[test]
    fn the_way_to_a_table_beside_the_root_stays_in_the_bucket() {
        let root = prefix("s3://corpora/a/b");
        let joined = |folder: &str| root.join(folder).map(|prefix| prefix.address("t.csv").key);
        assert_eq!(joined(".").as_deref(), Some("a/b/t.csv"));
        assert_eq!(joined("..").as_deref(), Some("a/t.csv"));
        assert_eq!(joined("../c").as_deref(), Some("a/c/t.csv"));
        assert_eq!(joined("../..").as_deref(), Some("t.csv"));
        assert_eq!(joined("../../.."), None);
    }

    #[test]
    fn paths_in_tables_are_taken_apart_as_they_were_made() {
        for (root, below, path) in [
            ("data/x", "a/b.wav", "data/x/a/b.wav"),
            ("data/x/", "b.wav", "data/x/b.wav"),
            ("s3://corpora/x", "a b/ü.wav", "s3://corpora/x/a b/ü.wav"),
            ("s3://corpora/", "b.wav", "s3://corpora/b.wav"),
            ("s3://corpora/x", "/b.wav", "s3://corpora/x//b.wav"),
            ("s3://corpora/x", "../b.wav", "s3://corpora/x/../b.wav"),
        ] {
            assert_eq!(Root::path(root, below), path);
            assert_eq!(Root::below(root, path), below);
        }
        assert_eq!(Root::below("s3://corpora/x", "elsewhere/b.wav"), "elsewhere/b.wav");
    }
}
