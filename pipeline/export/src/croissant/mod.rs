//! Tables described as Croissant, the vocabulary of MLCommons for datasets (version 1.1,
//! <https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html>).
//!
//! A description is one JSON-LD file. It names the tables where they lie, with their checksums, and says of each column
//! what it holds.

mod context;
mod record_sets;

use std::path::{Path, PathBuf};

use ser_schemas::part_files;
use serde_json::{Map, Value, json};

use crate::checksum::sha256;
use crate::dataset::Dataset;
use crate::error::{ExportError, ExportResult};
use crate::licence::page;

/// The vocabulary's version.
const CONFORMS_TO: &str = "http://mlcommons.org/croissant/1.1";

/// Parquet, as readers of Croissant know it.
const PARQUET: &str = "application/x-parquet";

/// The parts of a table, below its folder.
const PARTS: &str = "/*.parquet";

/// A table to be described: a file, or a folder of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedTable {
    /// The stage that wrote it.
    pub stage: String,
    /// Its path below the stage's folder, `/` between folders; of parts that of their folder.
    pub file: String,
    /// Its place on this machine.
    pub path: PathBuf,
}

/// Facts about the dataset as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Time at which the manifest was made, UTC.
    pub published: String,
    /// Digest of what the manifest says; part of the version.
    pub content: String,
    /// Page of the dataset, where it has one.
    pub url: Option<String>,
    /// Who made it; without a name, those who made the corpora.
    pub creator: Option<String>,
}

/// A description that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The text of the file.
    pub text: String,
    /// Files described.
    pub files: usize,
    /// Columns described.
    pub fields: usize,
}

/// The description of `dataset` and `tables`, for a file in the folder `beside`: paths of tables start there.
pub fn croissant(
    beside: &Path,
    dataset: &Dataset,
    tables: &[DescribedTable],
    description: &Description,
) -> Result<Described, ExportError> {
    let (mut files, mut record_sets, mut fields) = (Vec::new(), Vec::new(), 0);
    for table in tables {
        files.push(if table.is_in_parts() { file_set(table, beside)? } else { file_object(table, beside)? });
        let record_set = record_sets::describe(table)?;
        fields += record_set["field"].as_array().map_or(0, Vec::len);
        record_sets.push(record_set);
    }
    let mut text = about(dataset, description);
    let described = files.len();
    text.insert("distribution".to_owned(), files.into());
    text.insert("recordSet".to_owned(), record_sets.into());
    let mut text = format!("{:#}", Value::Object(text));
    text.push('\n');
    Ok(Described { text, files: described, fields })
}

impl DescribedTable {
    fn is_in_parts(&self) -> bool {
        self.path.is_dir()
    }

    /// Id of its records.
    fn id(&self) -> String {
        let name = self.file.strip_suffix(".parquet").unwrap_or(&self.file);
        format!("{}/{name}", self.stage)
    }

    /// Id of its file, or of the set of its parts.
    fn source_id(&self) -> String {
        format!("{}/{}{}", self.stage, self.file, if self.is_in_parts() { PARTS } else { "" })
    }
}

fn file_object(table: &DescribedTable, beside: &Path) -> ExportResult<Value> {
    let (sha256, bytes) = sha256(&table.path)?;
    Ok(json!({
        "@type": "cr:FileObject",
        "@id": table.source_id(),
        "name": table.file,
        "contentUrl": relative(&table.path, beside)?,
        "contentSize": format!("{bytes} B"),
        "encodingFormat": PARQUET,
        "sha256": sha256,
    }))
}

/// The vocabulary gives sets no checksum; the names of parts are digests of what they follow from.
fn file_set(table: &DescribedTable, beside: &Path) -> ExportResult<Value> {
    let parts = part_files(&table.path)?.len();
    Ok(json!({
        "@type": "cr:FileSet",
        "@id": table.source_id(),
        "name": table.file,
        "description": format!("{parts} files of equal columns, each named by a digest of what it follows from."),
        "encodingFormat": PARQUET,
        "includes": format!("{}{PARTS}", relative(&table.path, beside)?),
    }))
}

/// The properties of the dataset as a whole.
fn about(dataset: &Dataset, description: &Description) -> Map<String, Value> {
    let used = dataset.used();
    let licences = used.iter().map(|corpus| {
        let licence = corpus.licence.as_deref();
        let words = || format!("{}: {}", corpus.corpus, licence.unwrap_or("no licence stated"));
        page(licence).map_or_else(words, str::to_owned)
    });
    let mut licences: Vec<String> = licences.collect();
    licences.sort();
    licences.dedup();
    let citations: Vec<&str> = used.iter().filter_map(|corpus| corpus.citation.as_deref()).collect();
    let creators: Vec<Value> = match &description.creator {
        Some(name) => vec![json!({"@type": "Organization", "name": name})],
        None => used
            .iter()
            .map(|corpus| {
                let name = format!("The authors of {}", corpus.title);
                json!({"@type": "Organization", "name": name, "url": corpus.url})
            })
            .collect(),
    };
    let titles: Vec<&str> = used.iter().map(|corpus| corpus.title.as_str()).collect();
    let about = format!(
        "Tables of emotional speech: {} clips from {}, what was left out and why, and what was computed from them. The \
         recordings themselves are not part of it.",
        dataset.clips.len(),
        titles.join("; ")
    );
    let properties = [
        ("@context", context::context()),
        ("@type", json!("sc:Dataset")),
        ("name", json!(dataset.name)),
        ("description", json!(about)),
        ("conformsTo", json!(CONFORMS_TO)),
        ("license", json!(licences)),
        ("citeAs", if citations.is_empty() { Value::Null } else { json!(citations.join(" ")) }),
        ("creator", json!(creators)),
        ("datePublished", json!(description.published)),
        ("inLanguage", json!(dataset.languages())),
        ("keywords", json!(["speech emotion recognition", "emotional speech"])),
        ("url", json!(description.url)),
        // Build metadata of Semantic Versioning: no order, and another one for other clips.
        ("version", json!(format!("1.0.0+{}", description.content.get(..16).unwrap_or("unknown")))),
    ];
    let told = properties.into_iter().filter(|(_, value)| !value.is_null());
    told.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// `path` from the folder `beside` on, `/` between folders.
fn relative(path: &Path, beside: &Path) -> ExportResult<String> {
    let full = |path: &Path| path.canonicalize().map_err(ExportError::io("find", path));
    let (path, beside) = (full(path)?, full(beside)?);
    let shared = path.components().zip(beside.components()).take_while(|(a, b)| a == b).count();
    let up = beside.components().skip(shared).map(|_| "..".to_owned());
    let down = path.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests;
