//! Datasets of Dataverse: `GET /api/datasets/:persistentId/` and `/api/access/datafile/<id>` (guides.dataverse.org,
//! Native API and Data Access API).

use serde::Deserialize;

use super::{Link, List, MOST_LIST_BYTES, Remote, check_sums, parsed};
use crate::checksum::Checksum;
use crate::client::{Client, Request};
use crate::error::FetchError;
use crate::names;
use crate::observer::Observer;
use crate::source::Wanted;

#[derive(Deserialize)]
struct Answer {
    data: Dataset,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dataset {
    latest_version: Version,
}

#[derive(Deserialize)]
struct Version {
    files: Vec<Listed>,
    license: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    restricted: bool,
    directory_label: Option<String>,
    /// Its name now; `filename` is the one that it came with.
    label: Option<String>,
    data_file: DataFile,
}

#[derive(Deserialize)]
struct DataFile {
    id: u64,
    filename: Option<String>,
    filesize: u64,
    md5: Option<String>,
    checksum: Option<Sum>,
}

#[derive(Deserialize)]
struct Sum {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

/// The files of a dataset that are `wanted`.
pub(crate) fn list(
    client: &Client,
    observer: &dyn Observer,
    base: &str,
    dataset: &str,
    wanted: &Wanted,
    source: &str,
) -> Result<List, FetchError> {
    let url = format!("{base}/api/datasets/:persistentId/?persistentId={dataset}");
    let text = client.text(observer, &Request { url: &url, ..Request::default() }, MOST_LIST_BYTES)?;
    let Answer { data: Dataset { latest_version: Version { files: listed, license } } } = parsed(&url, &text)?;
    let globs = names::globs(&wanted.include)?;
    let mut files = Vec::new();
    for Listed { restricted, directory_label, label, data_file } in listed {
        let Some(name) = label.or_else(|| data_file.filename.clone()) else { continue };
        let folder = directory_label.filter(|folder| !folder.is_empty());
        let path = folder.map(|folder| format!("{folder}/{name}")).unwrap_or(name);
        if !globs.is_match(&path) {
            continue;
        }
        if restricted {
            return Err(FetchError::Restricted { file: path });
        }
        let Some(checksum) = data_file.checksum() else {
            let why = format!("`{path}` has no checksum that is understood (MD5 or SHA-256)");
            return Err(FetchError::NoList { url, why });
        };
        let link = Link::Url(format!("{base}/api/access/datafile/{}", data_file.id));
        files.push(Remote { path, bytes: data_file.filesize, checksums: vec![checksum], link });
    }
    check_sums(wanted, &format!("the dataset {dataset}"), files.iter())?;
    let licence = license.and_then(|licence| match licence {
        serde_json::Value::String(name) => Some(name),
        licence => licence.get("name").and_then(|name| name.as_str().map(str::to_owned)),
    });
    let list = List { source: source.to_owned(), licence, files };
    list.check_paths(&url)?;
    Ok(list)
}

impl DataFile {
    fn checksum(&self) -> Option<Checksum> {
        let stated = self.checksum.as_ref().and_then(|sum| format!("{}:{}", sum.kind, sum.value).parse().ok());
        stated.or_else(|| format!("md5:{}", self.md5.as_ref()?).parse().ok())
    }
}
