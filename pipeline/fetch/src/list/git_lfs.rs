//! Repositories on GitHub with Git LFS. The archive of a commit holds, for each large file, a pointer with its SHA-256
//! and its size (github.com/git-lfs/git-lfs, docs/spec.md), and small files as they are.

use std::fmt::Display;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use zip::ZipArchive;

use super::{Link, List, Remote, check_sums};
use crate::checksum::{Checksum, Hasher};
use crate::client::{Client, Request, broken};
use crate::download::POINTER;
use crate::error::FetchError;
use crate::names;
use crate::observer::Observer;
use crate::persist::{Trouble, persist};
use crate::source::Wanted;

/// Largest archive of pointers that is read.
const MOST_ARCHIVE_BYTES: u64 = 1 << 28;

/// Most bytes that pointers and files that are taken out of it as they are have together: they are in memory.
const MOST_PLAIN_BYTES: u64 = 1 << 25;

/// More than any pointer has (docs/spec.md: less than 1024).
const MOST_POINTER_BYTES: u64 = 1024;

/// A file that is kept in the repository itself.
pub(crate) struct Plain {
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
}

/// Where links to objects are asked for (docs/api/batch.md).
pub(crate) fn batch_url(base: Option<&str>, repository: &str) -> String {
    format!("{}/{repository}.git/info/lfs/objects/batch", base.unwrap_or("https://github.com"))
}

/// The files of a commit that are `wanted`, and those of them that need no further request. `archive` is a place for
/// the archive.
pub(crate) fn list(
    client: &Client,
    observer: &dyn Observer,
    base: Option<&str>,
    (repository, commit): (&str, &str),
    wanted: &Wanted,
    source: &str,
    archive: &Path,
) -> Result<(List, Vec<Plain>), FetchError> {
    let url = format!("{}/{repository}/zip/{commit}", base.unwrap_or("https://codeload.github.com"));
    observer.tell("reading the list of files: the archive of the commit, a few megabytes");
    let mut found = persist(&client.timings, observer, &url, || {
        receive(client, &url, archive)?;
        let file = File::open(archive).map_err(FetchError::io("open", archive))?;
        ZipArchive::new(file).map_err(|error| Trouble::once(no_list(&url, &error)))
    })?;
    check_commit(found.comment(), &url, commit)?;
    let globs = names::globs(&wanted.include)?;
    let (mut files, mut plain, mut left) = (Vec::new(), Vec::new(), MOST_PLAIN_BYTES);
    for at in 0..found.len() {
        let mut entry = found.by_index(at).map_err(|error| no_list(&url, &error))?;
        let name = entry.name().map_err(|error| no_list(&url, &error))?.into_owned();
        // Everything lies in one folder, which has the repository's name.
        let Some((_, path)) = name.split_once('/') else { continue };
        if !globs.is_match(path) || entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return Err(FetchError::UnsafePath { of: url, path: path.to_owned(), why: "it is a link" });
        }
        let mut content = Vec::new();
        entry.by_ref().take(left + 1).read_to_end(&mut content).map_err(|error| no_list(&url, &error))?;
        let size = content.len() as u64;
        let Some(less) = left.checked_sub(size) else {
            let why = format!(
                "with `{path}`, files that are not kept by Git LFS have more than {MOST_PLAIN_BYTES} bytes together"
            );
            return Err(FetchError::NoList { url, why });
        };
        left = less;
        let path = path.to_owned();
        let remote = if let Some((checksum, bytes)) = pointer(&content) {
            Remote { path, bytes, checksums: vec![checksum], link: Link::Lfs }
        } else {
            let mut hasher = Hasher::new(&[]);
            hasher.update(&content);
            plain.push(Plain { path: path.clone(), content });
            Remote { path, bytes: size, checksums: vec![hasher.finish().sha256], link: Link::Listed }
        };
        files.push(remote);
    }
    let kept = files.iter().filter(|file| file.link == Link::Lfs);
    check_sums(wanted, &format!("{repository} at {commit}"), kept)?;
    let list = List { source: source.to_owned(), licence: None, files };
    list.check_paths(&url)?;
    // It was only read.
    let _ = std::fs::remove_file(archive);
    Ok((list, plain))
}

/// Brings the archive, which comes without a size or checksum: that it is whole shows when it is opened.
fn receive(client: &Client, url: &str, archive: &Path) -> Result<(), Trouble> {
    let mut answer = client.open(&Request { url, ..Request::default() })?;
    if answer.status != 200 {
        return Err(answer.refusal());
    }
    if answer.is_page() {
        let (file, found) = (url.to_owned(), "a web page".to_owned());
        return Err(Trouble::once(FetchError::NotTheFile { file, found }));
    }
    let mut file = File::create(archive).map_err(FetchError::io("write", archive))?;
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let some = answer.body.read(&mut buffer).map_err(|error| broken(url, &error))?;
        if some == 0 {
            return Ok(());
        }
        bytes += some as u64;
        if bytes > MOST_ARCHIVE_BYTES {
            let why = format!("it has more than {MOST_ARCHIVE_BYTES} bytes: expected pointers, not the audio itself");
            return Err(FetchError::NoList { url: url.to_owned(), why }.into());
        }
        file.write_all(&buffer[..some]).map_err(FetchError::io("write", archive))?;
    }
}

/// An error if the archive says that it is of another commit: `git archive` writes the id as its comment.
fn check_commit(comment: &[u8], url: &str, commit: &str) -> Result<(), FetchError> {
    let comment = String::from_utf8_lossy(comment).trim().to_owned();
    if comment.is_empty() || comment == commit {
        return Ok(());
    }
    Err(FetchError::Changed { what: format!("commit of `{url}`"), expected: commit.to_owned(), found: comment })
}

/// The object that a file of this content points to.
fn pointer(content: &[u8]) -> Option<(Checksum, u64)> {
    if content.len() as u64 > MOST_POINTER_BYTES || !content.starts_with(POINTER) {
        return None;
    }
    let text = std::str::from_utf8(content).ok()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    // Objects have no other ids (docs/spec.md), and MD5 would not do for verifying them.
    let oid = value("oid")?.parse().ok().filter(|oid| matches!(oid, Checksum::Sha256(_)))?;
    Some((oid, value("size")?.trim().parse().ok()?))
}

fn no_list(url: &str, error: &impl Display) -> FetchError {
    FetchError::NoList { url: url.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_known_from_files() {
        let oid = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let text = format!("version https://git-lfs.github.com/spec/v1\noid {oid}\nsize 12345\n");
        let checksum: Checksum = oid.parse().expect("SHA-256");
        assert_eq!(pointer(text.as_bytes()), Some((checksum, 12_345)));
        for other in [
            "",
            "ActorID,Age\n",
            &text.replace("oid", "oud"),
            &text.replace("12345", "-1"),
            &text.replace("ba78", "ba7"),
            &text.replace(oid, "md5:900150983cd24fb0d6963f7d28e17f72"),
        ] {
            assert_eq!(pointer(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn an_archive_of_another_commit_is_told() {
        check_commit(b"", "u", "abc").expect("it says nothing");
        check_commit(b"abc", "u", "abc").expect("the same");
        let error = check_commit(b"def", "u", "abc").expect_err("another").to_string();
        assert_eq!(error, "commit of `u`: expected abc, the publisher has def");
    }
}
