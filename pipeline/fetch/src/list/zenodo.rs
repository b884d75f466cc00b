//! Records of Zenodo: `GET /api/records/<number>` (developers.zenodo.org).

use serde::Deserialize;

use super::{Link, List, MOST_LIST_BYTES, Remote, parsed};
use crate::checksum::Checksum;
use crate::client::{Client, Request};
use crate::error::FetchError;
use crate::location;
use crate::observer::Observer;
use crate::source::Archive;

#[derive(Deserialize)]
struct Record {
    files: Vec<Listed>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Listed {
    key: String,
    size: u64,
    checksum: Checksum,
    #[serde(default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(rename = "self")]
    content: Option<String>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    license: Option<License>,
}

#[derive(Deserialize)]
struct License {
    id: Option<String>,
}

/// `archives` of a record, with the publisher's sizes and checksums beside those that are known.
pub(crate) fn list(
    client: &Client,
    observer: &dyn Observer,
    base: &str,
    record: u64,
    archives: &[Archive],
    source: &str,
) -> Result<List, FetchError> {
    let url = format!("{base}/api/records/{record}");
    let headers = [("accept", "application/json")];
    let request = Request { url: &url, headers: &headers, ..Request::default() };
    let text = client.text(observer, &request, MOST_LIST_BYTES)?;
    let found: Record = parsed(&url, &text)?;
    let mut files = Vec::new();
    for archive in archives {
        let Some(listed) = found.files.iter().find(|listed| listed.key == archive.name) else {
            let names: Vec<&str> = found.files.iter().map(|listed| listed.key.as_str()).collect();
            let what = format!("files of Zenodo record {record}");
            let found = ser_text::some_names(&names);
            return Err(FetchError::Changed { what, expected: format!("`{}`", archive.name), found });
        };
        compare(archive, listed)?;
        let mut checksums = archive.checksums.clone();
        if !checksums.contains(&listed.checksum) {
            checksums.push(listed.checksum);
        }
        let content = || format!("{url}/files/{}/content", ser_text::percent_encoded(&listed.key, b"/"));
        let link = listed.links.content.clone().unwrap_or_else(content);
        let link = Link::Url(location::follow(&location::parse(&url)?, &link)?.to_string());
        files.push(Remote { path: listed.key.clone(), bytes: listed.size, checksums, link });
    }
    let licence = found.metadata.license.and_then(|licence| licence.id);
    let list = List { source: source.to_owned(), licence, files };
    list.check_paths(&url)?;
    Ok(list)
}

/// An error if what is known of an archive beforehand is not what the record states.
fn compare(archive: &Archive, listed: &Listed) -> Result<(), FetchError> {
    let changed = |what: &str, expected: String, found: String| {
        Err(FetchError::Changed { what: format!("{what} of `{}`", archive.name), expected, found })
    };
    if let Some(bytes) = archive.bytes.filter(|bytes| *bytes != listed.size) {
        return changed("size", format!("{bytes} bytes"), format!("{} bytes", listed.size));
    }
    let same_kind = |known: &&Checksum| std::mem::discriminant(*known) == std::mem::discriminant(&listed.checksum);
    match archive.checksums.iter().find(same_kind) {
        Some(known) if *known != listed.checksum => changed("checksum", known.to_string(), listed.checksum.to_string()),
        _ => Ok(()),
    }
}
