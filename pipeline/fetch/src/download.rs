//! One file, to its last byte: gone on with where it ended, and verified while it comes.

use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use crate::checksum::Checksum;
use crate::client::{Answer, Client, Request, broken};
use crate::error::FetchError;
use crate::observer::Observer;
use crate::part::Part;
use crate::persist::{Trouble, persist};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 16;

/// How pointers of Git LFS begin.
pub(crate) const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A file that is to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coming<'a> {
    /// Its name, for messages.
    pub(crate) name: &'a str,
    pub(crate) bytes: u64,
    pub(crate) checksums: &'a [Checksum],
    pub(crate) url: &'a str,
    /// Headers for the server of `url` alone.
    pub(crate) secrets: &'a [(String, String)],
}

/// The whole, verified file, begun at `path` by an earlier call perhaps.
pub(crate) fn download(
    client: &Client,
    observer: &dyn Observer,
    file: &Coming<'_>,
    path: &Path,
) -> Result<Part, FetchError> {
    let mut part = Part::open(path, file.bytes, file.checksums)?;
    observer.find(part.bytes());
    let end = persist(&client.timings, observer, file.url, || {
        let end = attempt(client, observer, file, &mut part);
        end.map_err(|trouble| Trouble { reached: part.bytes().max(trouble.reached), ..trouble })
    });
    // Whoever tries again, with another link perhaps, finds them again.
    end.inspect_err(|_| observer.lose(part.bytes()))?;
    Ok(part)
}

/// Asks once for what is missing.
fn attempt(client: &Client, observer: &dyn Observer, file: &Coming<'_>, part: &mut Part) -> Result<(), Trouble> {
    let is_resumed = part.bytes() > 0;
    if part.bytes() < file.bytes {
        let mut answer = ask(client, file, part)?;
        if !prepare(observer, file, part, &mut answer)? {
            return Err(Trouble::often(FetchError::Unreachable {
                url: file.url.to_owned(),
                why: "the server has another version of it than before".to_owned(),
            }));
        }
        receive(client, observer, file, part, &mut answer)?;
    }
    let Some((expected, found)) = part.hashed().differs(file.checksums) else { return Ok(()) };
    observer.lose(part.restart(None)?);
    let error = FetchError::WrongChecksum { file: file.name.to_owned(), expected, found };
    // Two halves of different versions make no file, and tell nothing against either.
    Err(if is_resumed { Trouble::often(error) } else { Trouble::once(error) })
}

fn ask(client: &Client, file: &Coming<'_>, part: &Part) -> Result<Answer, Trouble> {
    let range = format!("bytes={}-", part.bytes());
    let mut headers = Vec::new();
    if part.bytes() > 0 {
        headers.push(("range", range.as_str()));
        // A weak mark may stand for other bytes (RFC 9110, 13.1.5).
        headers.extend(part.etag().filter(|etag| !etag.starts_with("W/")).map(|etag| ("if-range", etag)));
    }
    client.open(&Request { url: file.url, body: None, headers: &headers, secrets: file.secrets })
}

/// Sets the part to where the body of `answer` goes on. `false` if the body is of no use, and the part was thrown away.
fn prepare(observer: &dyn Observer, file: &Coming<'_>, part: &mut Part, answer: &mut Answer) -> Result<bool, Trouble> {
    if !matches!(answer.status, 200 | 206 | 416) {
        return Err(answer.refusal());
    }
    let not_the_file = |found: &str| {
        let found = found.to_owned();
        Err(Trouble::once(FetchError::NotTheFile { file: file.name.to_owned(), found }))
    };
    if answer.status != 416 {
        if answer.is_page() {
            return not_the_file("a web page");
        }
        if answer.header("content-encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return not_the_file("compressed bytes that nobody asked for");
        }
    }
    let length: Option<u64> = answer.header("content-length").and_then(|length| length.trim().parse().ok());
    let wrong_size =
        |found| Trouble::once(FetchError::WrongSize { file: file.name.to_owned(), expected: file.bytes, found });
    if answer.status == 200 {
        if let Some(found) = length.filter(|length| *length != file.bytes) {
            return match beginning(answer) {
                Some(found) => not_the_file(found),
                None => Err(wrong_size(found)),
            };
        }
        // The server does not go on, or has another version.
        let etag = answer.header("etag").map(str::to_owned);
        observer.lose(part.restart(etag.as_deref())?);
        return Ok(true);
    }
    let goes_on = answer.status == 206
        && is_same(part.etag(), answer.header("etag"))
        && range(answer.header("content-range").unwrap_or_default())
            .is_some_and(|(start, total)| start == part.bytes() && total.is_none_or(|total| total == file.bytes));
    if !goes_on {
        observer.lose(part.restart(None)?);
    }
    Ok(goes_on)
}

/// `true` unless both marks are known and differ.
fn is_same(before: Option<&str>, now: Option<&str>) -> bool {
    before.is_none() || now.is_none() || before == now
}

/// First byte and whole size of `bytes 10-19/20` or `bytes 10-19/*`.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((start.parse().ok()?, total))
}

/// What the beginning of a body of the wrong size gives away.
fn beginning(answer: &mut Answer) -> Option<&'static str> {
    let mut start = Vec::new();
    // What cannot be read gives nothing away.
    let _ = answer.body.by_ref().take(256).read_to_end(&mut start);
    stands_for(&start)
}

/// What a file that begins like this is in place of the one that was asked for.
fn stands_for(start: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(&start[..start.len().min(256)]).trim_start().to_ascii_lowercase();
    if start.starts_with(POINTER) {
        Some("a pointer of Git LFS")
    } else if text.starts_with("<!doctype html") || text.starts_with("<html") {
        Some("a web page")
    } else {
        None
    }
}

/// Takes what comes to the part, as long as it comes fast enough.
fn receive(
    client: &Client,
    observer: &dyn Observer,
    file: &Coming<'_>,
    part: &mut Part,
    answer: &mut Answer,
) -> Result<(), Trouble> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut since, mut lately) = (Instant::now(), 0);
    loop {
        let some = answer.body.read(&mut buffer).map_err(|error| broken(file.url, &error))?;
        let bytes = &buffer[..some];
        if bytes.is_empty() {
            break;
        }
        if part.bytes() == 0
            && let Some(found) = stands_for(bytes)
        {
            return Err(Trouble::once(FetchError::NotTheFile { file: file.name.to_owned(), found: found.to_owned() }));
        }
        let now = part.bytes() + some as u64;
        if now > file.bytes {
            observer.lose(part.restart(None)?);
            let (name, expected) = (file.name.to_owned(), file.bytes);
            return Err(Trouble::once(FetchError::WrongSize { file: name, expected, found: now }));
        }
        part.write(bytes)?;
        observer.advance(some as u64);
        lately += some as u64;
        let timings = &client.timings;
        if since.elapsed() >= timings.slow {
            if lately < timings.slow_bytes && now < file.bytes {
                let why = format!("only {lately} bytes came in {:.1} s", since.elapsed().as_secs_f64());
                return Err(Trouble::often(FetchError::Unreachable { url: file.url.to_owned(), why }));
            }
            (since, lately) = (Instant::now(), 0);
        }
    }
    if part.bytes() < file.bytes {
        let why = format!("it ended after {} of {} bytes", part.bytes(), file.bytes);
        return Err(Trouble::often(FetchError::Unreachable { url: file.url.to_owned(), why }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_understood() {
        assert_eq!(range("bytes 10-19/20"), Some((10, Some(20))));
        assert_eq!(range("bytes 10-19/*"), Some((10, None)));
        for text in ["", "bytes */20", "bytes 10/20", "items 1-2/3", "bytes 10-19/x"] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn what_stands_in_place_of_a_file_is_known_by_its_beginning() {
        assert_eq!(stands_for(b"version https://git-lfs.github.com/spec/v1\noid"), Some("a pointer of Git LFS"));
        assert_eq!(stands_for(b"\n <!DOCTYPE HTML><title>"), Some("a web page"));
        assert_eq!(stands_for(b"RIFF\x10\x00"), None);
        assert_eq!(stands_for(b""), None);
    }
}
