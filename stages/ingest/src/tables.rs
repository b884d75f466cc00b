//! Joining the tables that lie beside a corpus: demographics by speaker, labels and votes by clip.
//!
//! A table only fills what the name leaves open. A table that is missing, or that is not what the descriptor says it
//! is, leaves columns null and is reported; it never stops an ingest.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Trim};

use crate::descriptor::compile::plausible_age;
use crate::descriptor::{Descriptor, Field, SideTable};
use crate::walk::{self, Walk};

/// Larger files are no tables about speakers or clips.
const MAX_BYTES: u64 = 64 << 20;

/// A table that was found and read.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    by_speaker: bool,
    /// Decoded values by key; keys of clips are without extension.
    rows: HashMap<String, Vec<(Field, String)>>,
}

/// All tables of a corpus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    loaded: Vec<Loaded>,
    /// What was joined and what is absent: for the summary.
    pub(crate) notes: Vec<String>,
    /// What is there and cannot be used: for the user's attention.
    pub(crate) warnings: Vec<String>,
    /// What identifies the content of each table, by the name of its file: a hash, `absent`, or why it is not read.
    pub(crate) digests: BTreeMap<String, String>,
}

/// Stands for a table that is not there.
pub(crate) const ABSENT: &str = "absent";

impl Tables {
    /// Finds and reads the descriptor's tables. `shown` turns a path into what the user should see.
    pub(crate) fn load(descriptor: &Descriptor, root: &Path, walk: &Walk) -> Self {
        let mut tables = Self::default();
        for table in &descriptor.tables {
            let columns: Vec<&str> = table.columns.keys().map(|field| field.as_str()).collect();
            let columns = columns.join(", ");
            let Some(path) = locate(table, root, walk) else {
                tables.identify(table, ABSENT);
                tables.notes.push(format!("`{}` not found, so it fills nothing: {columns}", table.file));
                continue;
            };
            let content = content(&path);
            match &content {
                Ok(bytes) => tables.identify(table, blake3::hash(bytes).to_hex().as_str()),
                Err(why) => tables.identify(table, why),
            }
            match content.and_then(|content| read(descriptor, table, &path, &content)) {
                Ok((loaded, problems)) => {
                    tables.notes.push(format!("joined `{}` ({} rows): {columns}", path.display(), loaded.rows.len()));
                    tables.warnings.extend(problems);
                    tables.loaded.push(loaded);
                }
                Err(why) => tables.warnings.push(format!("`{}` is not joined: {why}", path.display())),
            }
        }
        tables
    }

    /// Notes what identifies the content of `table`; of several tables in files of one name, all together.
    pub(crate) fn identify(&mut self, table: &SideTable, digest: &str) {
        self.digests.entry(table.file.clone()).or_default().push_str(digest);
    }

    /// What the tables say about a clip, in the order of the tables. `path` is below the root, without extension;
    /// `speaker` is the corpus's own id.
    pub(crate) fn about<'a>(
        &'a self,
        by_speaker: bool,
        keys: &'a [&'a str],
    ) -> impl Iterator<Item = (Field, &'a str)> + 'a {
        self.loaded
            .iter()
            .filter(move |table| table.by_speaker == by_speaker)
            .filter_map(move |table| keys.iter().find_map(|key| table.rows.get(*key)))
            .flatten()
            .map(|(field, value)| (*field, value.as_str()))
    }
}

/// The first place where the table lies: the descriptor's, then anywhere below the root.
pub(crate) fn locate(table: &SideTable, root: &Path, walk: &Walk) -> Option<PathBuf> {
    let declared = table.look_in.iter().map(|folder| match folder.as_str() {
        "." => root.join(&table.file),
        folder => root.join(folder).join(&table.file),
    });
    let below_root = walk.tables.iter().filter(|path| path.file_name().is_some_and(|name| name == table.file.as_str()));
    declared.into_iter().find(|path| path.is_file()).or_else(|| below_root.min().cloned())
}

/// The bytes of a table, or why it is not read.
pub(crate) fn content(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > MAX_BYTES {
        return Err(format!("it has {bytes} bytes, at most {MAX_BYTES} are read"));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

fn read(
    descriptor: &Descriptor,
    table: &SideTable,
    path: &Path,
    content: &[u8],
) -> Result<(Loaded, Vec<String>), String> {
    let mut reader =
        ReaderBuilder::new().delimiter(table.separator).flexible(true).trim(Trim::All).from_reader(content);
    let header = reader.byte_headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        header.iter().position(|cell| String::from_utf8_lossy(cell).eq_ignore_ascii_case(name)).ok_or_else(|| {
            let present: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
            format!("it has no column `{name}`; it has: {}", present.join(", "))
        })
    };
    let key_at = column(&table.key)?;
    let fields: Vec<(Field, usize)> =
        table.columns.iter().map(|(field, name)| Ok((*field, column(name)?))).collect::<Result<_, String>>()?;
    let conditions: Vec<(usize, &regex::Regex)> =
        table.rows.iter().map(|(name, pattern)| Ok((column(name)?, pattern))).collect::<Result<_, String>>()?;

    let mut rows: HashMap<String, Vec<(Field, String)>> = HashMap::new();
    let mut problems = Problems::default();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let cell = |at: usize| String::from_utf8_lossy(record.get(at).unwrap_or_default()).into_owned();
        if !conditions.iter().all(|(at, pattern)| pattern.is_match(&cell(*at))) {
            continue;
        }
        let key = if table.by_speaker { cell(key_at) } else { without_audio_extension(&cell(key_at)) };
        if key.is_empty() {
            continue;
        }
        let values = fields.iter().filter_map(|(field, at)| {
            let text = cell(*at);
            if let Ok(value) = decode(descriptor, table, *field, &text) {
                value.map(|value| (*field, value))
            } else {
                problems.note(*field, &text);
                None
            }
        });
        let values: Vec<_> = values.collect();
        rows.entry(key).or_insert(values);
    }
    Ok((Loaded { by_speaker: table.by_speaker, rows }, problems.listed(path)))
}

/// A cell as the value of `field`; `None` when it means nothing, an error when it is not understood.
fn decode(descriptor: &Descriptor, table: &SideTable, field: Field, text: &str) -> Result<Option<String>, ()> {
    if text.is_empty() || table.empty.as_ref().is_some_and(|empty| empty.is_match(text)) {
        return Ok(None);
    }
    let codes = table.codes.get(&field).or_else(|| descriptor.codes.get(&field));
    let value = match codes {
        Some(codes) => codes.meaning(text).ok_or(())?.to_owned(),
        None => text.to_owned(),
    };
    let within =
        |range: std::ops::RangeInclusive<f64>| value.parse::<f64>().is_ok_and(|number| range.contains(&number));
    let acceptable = match field {
        Field::Emotion | Field::PerceivedEmotion => descriptor.emotion(&value).is_ok(),
        Field::AgeYears => value.parse::<f64>().is_ok_and(plausible_age),
        Field::PerceivedAgreement => within(0.0..=1.0),
        _ => true,
    };
    if acceptable { Ok(Some(value)) } else { Err(()) }
}

fn without_audio_extension(key: &str) -> String {
    let path = Path::new(key);
    let key = key.replace('\\', "/");
    if !walk::is_audio(path) {
        return key;
    }
    key.rsplit_once('.').map_or_else(|| key.clone(), |(stem, _)| stem.to_owned())
}

/// Cells that were not understood, by field.
#[derive(Default)]
struct Problems(BTreeMap<Field, (u64, String)>);

impl Problems {
    fn note(&mut self, field: Field, text: &str) {
        self.0.entry(field).or_insert_with(|| (0, text.to_owned())).0 += 1;
    }

    fn listed(&self, path: &Path) -> Vec<String> {
        let sentence = |(field, (count, example)): (&Field, &(u64, String))| {
            format!(
                "`{}`: {count} values of `{}` are not understood and left null, the first is `{example}`",
                path.display(),
                field.as_str()
            )
        };
        self.0.iter().map(sentence).collect()
    }
}
