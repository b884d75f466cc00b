//! Sums of a table's values, so far as they are the same on every processor.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use ser_schemas::part_files;
use serde_json::Value;

use super::list::Table;

/// Columns that differ from run to run, or follow from a network where the rows are not its own.
const NOT_KEPT: [&str; 3] = ["seconds", "recipe", "p_adjusted"];
/// Columns in which a network decides.
const DECIDED: [&str; 2] = ["predicted", "best"];

/// Sums of a table, in a file or in parts, of a stage of kind `kind`, apart from the rows about `networks`.
pub(super) fn table(path: &Path, kind: &str, networks: &[&str]) -> Table {
    let files = part_files(path).expect("table");
    let mut sums = Sums::new(kind, &files[0]);
    let (mut rows, mut count) = (0, 0);
    for file in files {
        let reader = SerializedFileReader::new(File::open(file).expect("table")).expect("Parquet");
        for row in reader.get_row_iter(None).expect("rows").map(|row| row.expect("row")) {
            if kind == "train" || !is_of(&row, networks) {
                sums.row(&row);
                rows += 1;
            }
        }
        count += reader.metadata().file_metadata().num_rows();
    }
    let exact = if sums.whole && sums.means.is_empty() && i64::try_from(rows) == Ok(count) {
        ser_schemas::content_digest(path).expect("digest")[..16].to_owned()
    } else {
        short(&sums.exact.finalize())
    };
    let means = sums.means.into_iter().map(|(name, sum)| (name, sum.means())).collect();
    Table { rows, exact, means }
}

/// Tells whether a row speaks of a network.
fn is_of(row: &Row, networks: &[&str]) -> bool {
    row.get_column_iter().any(|(name, field)| {
        name.starts_with("model") && matches!(field, Field::Str(model) if networks.contains(&model.as_str()))
    })
}

/// Gathers the columns of one table.
struct Sums<'a> {
    kind: &'a str,
    /// Names of the columns in `frames`, which are one column of lists.
    frames: Vec<String>,
    /// No column is left out.
    whole: bool,
    exact: blake3::Hasher,
    means: BTreeMap<String, Sum>,
}

#[derive(Default)]
struct Sum {
    count: u64,
    magnitude: f64,
    weighted: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        // Weights from 0 to 1 in an order without a pattern: the fractions of multiples of the golden ratio.
        let weight = (self.count as f64 * 0.618_033_988_749_894_9).fract();
        self.count += 1;
        self.magnitude += value.abs();
        self.weighted += weight * value;
    }

    fn means(&self) -> [f64; 2] {
        [self.magnitude, self.weighted].map(|sum| sum / self.count as f64)
    }
}

impl<'a> Sums<'a> {
    fn new(kind: &'a str, path: &Path) -> Self {
        let metadata = ser_schemas::read_metadata(path).expect("metadata");
        let layout = metadata.get(ser_schemas::KEY_FEATURES).and_then(|json| serde_json::from_str::<Value>(json).ok());
        let frames = layout.iter().filter_map(|layout| layout["names"].as_array()).flatten().map(text_of).collect();
        Self { kind, frames, whole: true, exact: blake3::Hasher::new(), means: BTreeMap::new() }
    }

    fn row(&mut self, row: &Row) {
        for (name, field) in row.get_column_iter() {
            if NOT_KEPT.contains(&name.as_str()) || (self.kind == "train" && DECIDED.contains(&name.as_str())) {
                self.whole = false;
            } else {
                self.field(name, field);
            }
        }
    }

    fn field(&mut self, name: &str, field: &Field) {
        match field {
            Field::Float(value) => self.number(name, f64::from(*value)),
            Field::Double(value) => self.number(name, *value),
            Field::ListInternal(items) => {
                self.exact(&format!("{name} has {}", items.len()));
                for item in items.elements() {
                    match item {
                        Field::ListInternal(values) => {
                            for (at, value) in values.elements().iter().enumerate() {
                                let column = self.frames.get(at).cloned().unwrap_or_else(|| format!("{name}[{at}]"));
                                self.field(&column, value);
                            }
                        }
                        // Fingerprints.
                        Field::UInt(bits) => self.number(name, f64::from(*bits)),
                        item => self.field(name, item),
                    }
                }
            }
            field => self.exact(&format!("{name} is {field}")),
        }
    }

    fn exact(&mut self, text: &str) {
        self.exact.update(text.as_bytes());
        self.exact.update(b"\n");
    }

    fn number(&mut self, name: &str, value: f64) {
        if !value.is_finite() {
            self.exact(&format!("{name} is {value}"));
            return;
        }
        // A functional is made alike of every band and coefficient; the first of each will do.
        let of_first = |part: &str| part == "00" || part.len() != 2 || part.parse::<u8>().is_err();
        if self.kind != "features" || !self.frames.is_empty() || name.split('_').all(of_first) {
            if !self.means.contains_key(name) {
                self.exact(name);
            }
            self.means.entry(name.to_owned()).or_default().add(value);
        }
    }
}

/// A text in a JSON document of the program.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The first half of a digest, which will do.
pub(super) fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..16].to_owned()
}
