//! Where the objects of a Git LFS repository lie, for as long as that holds.
//!
//! Links are asked for a hundred at a time (github.com/git-lfs/git-lfs, docs/api/batch.md) and hold for minutes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::client::{Client, Request};
use crate::error::FetchError;
use crate::list::Remote;
use crate::location;
use crate::observer::Observer;

/// Objects that are asked for at once.
pub(crate) const MOST_OBJECTS: usize = 100;

/// Longest answer that is read.
const MOST_ANSWER_BYTES: u64 = 1 << 22;

/// A link is not used in its last seconds.
const MARGIN: Duration = Duration::from_secs(5);

const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

#[derive(Serialize)]
struct Question<'a> {
    operation: &'a str,
    transfers: [&'a str; 1],
    objects: Vec<Asked>,
}

#[derive(Serialize)]
struct Asked {
    oid: String,
    size: u64,
}

#[derive(Deserialize)]
struct Answer {
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    oid: String,
    #[serde(default)]
    actions: Actions,
    error: Option<Refusal>,
}

#[derive(Default, Deserialize)]
struct Actions {
    download: Option<Download>,
}

#[derive(Deserialize)]
struct Download {
    href: String,
    #[serde(default)]
    header: HashMap<String, String>,
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u16,
    message: String,
}

/// Where an object lies.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) url: String,
    /// Headers that the server of `url` wants.
    pub(crate) secrets: Vec<(String, String)>,
    until: Option<Instant>,
}

impl Link {
    /// `false` once the link has run out.
    pub(crate) fn holds(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// A link for each of `files`, at most [`MOST_OBJECTS`], or the reason why there is none, by the object's id.
pub(crate) fn ask(
    client: &Client,
    observer: &dyn Observer,
    url: &str,
    files: &[&Remote],
) -> Result<HashMap<String, Result<Link, FetchError>>, FetchError> {
    let objects = files.iter().map(|file| Asked { oid: oid(file), size: file.bytes }).collect();
    let question = Question { operation: "download", transfers: ["basic"], objects };
    let no_list = |error: serde_json::Error| FetchError::NoList { url: url.to_owned(), why: error.to_string() };
    let question = serde_json::to_string(&question).map_err(no_list)?;
    let headers = [("accept", MEDIA_TYPE), ("content-type", MEDIA_TYPE)];
    let request = Request { url, body: Some(&question), headers: &headers, secrets: &[] };
    let text = client.text(observer, &request, MOST_ANSWER_BYTES)?;
    let answer: Answer = serde_json::from_str(&text).map_err(no_list)?;
    let (asked, now) = (location::parse(url)?, Instant::now());
    let mut links = HashMap::new();
    for Object { oid, actions, error } in answer.objects {
        let link = match (actions.download, error) {
            (Some(Download { href, header, expires_in }), None) => {
                let seconds = expires_in.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
                // Later than any time that there is, it holds for ever.
                let until = seconds.and_then(|s| now.checked_add(Duration::from_secs(s).saturating_sub(MARGIN)));
                let secrets = header.into_iter().collect();
                location::follow(&asked, &href).map(|to| Link { url: to.to_string(), secrets, until })
            }
            (_, Some(Refusal { code: status @ (404 | 410), .. })) => {
                Err(FetchError::Missing { url: format!("{url}#{oid}"), status })
            }
            (_, Some(Refusal { code: status, message })) => {
                Err(FetchError::Refused { url: format!("{url}#{oid}"), status, said: Some(message) })
            }
            (None, None) => {
                let why = format!("it has neither a link nor an error for the object {oid}");
                Err(FetchError::NoList { url: url.to_owned(), why })
            }
        };
        links.insert(oid, link);
    }
    Ok(links)
}

/// The id of a file's object: the digits of its SHA-256.
pub(crate) fn oid(file: &Remote) -> String {
    file.checksums.first().map(crate::checksum::Checksum::hex).unwrap_or_default()
}
