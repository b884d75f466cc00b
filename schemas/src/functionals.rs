//! `functionals`: statistics of frame features over each clip, one row per clip, one numeric column per statistic.
//!
//! Columns: `clip_id`, then one 32-bit float column per functional, named `<feature>_<statistic>`
//! (`mfcc_03_mean`, `zcr_slope`). Never null, always finite.
//!
//! A thousand columns make a thousand column chunks per row group, each described in the file's footer: row groups are
//! large, so that footers stay small.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};
use ser_stage::Output;

use crate::error::{TableError, TableResult};
use crate::groups::{GroupReader, GroupWriter};
use crate::{Provenance, parquet_io, table};

/// Name of the table.
pub const NAME: &str = "functionals";
/// File of a stage that writes the table.
pub const FILE: &str = "functionals.parquet";
/// The table as what a stage writes.
pub const OUTPUT: Output = Output::table(NAME, FILE);
/// Version of the schema; see [`Table::VERSION`](crate::Table::VERSION).
pub const VERSION: u32 = 1;

/// Rows per row group of a table that is written whole.
const ROWS_PER_GROUP: usize = 8192;
/// Rows read at a time.
const ROWS_PER_BATCH: usize = 1024;

/// A functionals table in memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Functionals {
    /// Column names, without `clip_id`.
    pub names: Vec<String>,
    /// One id per row.
    pub clip_ids: Vec<String>,
    /// Row after row, `names.len()` values each.
    pub values: Vec<f32>,
}

impl Functionals {
    /// The values of row `row`.
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.names.len();
        &self.values[row * width..(row + 1) * width]
    }

    /// Writes the table to `path`, atomically.
    pub fn write(&self, path: &Path, provenance: &Provenance) -> TableResult<()> {
        let mut writer = FunctionalsWriter::create(path, &self.names, provenance)?;
        let width = self.names.len();
        for start in (0..self.clip_ids.len()).step_by(ROWS_PER_GROUP) {
            let end = self.clip_ids.len().min(start + ROWS_PER_GROUP);
            writer.write_group(&self.clip_ids[start..end], &self.values[start * width..end * width])?;
        }
        writer.finish()
    }

    /// Reads the table at `path`.
    pub fn read(path: &Path) -> TableResult<Self> {
        let reader = FunctionalsReader::open(path)?;
        let mut functionals = Self { names: reader.names(), ..Self::default() };
        for batch in reader.reader.read(&[], ROWS_PER_BATCH)? {
            functionals.append(&batch?, path)?;
        }
        Ok(functionals)
    }

    fn append(&mut self, batch: &RecordBatch, path: &Path) -> TableResult<()> {
        let schema = batch.schema();
        let ids = table::column(batch, "clip_id", path)?;
        let columns: Vec<&Float32Array> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .skip(1)
            .map(|(array, field)| {
                array.as_primitive_opt::<Float32Type>().ok_or_else(|| TableError::BadValue {
                    path: path.to_owned(),
                    column: field.name().clone(),
                    row: 0,
                    problem: format!("expected 32-bit floats, found {}", array.data_type()),
                })
            })
            .collect::<TableResult<_>>()?;
        self.values.reserve(batch.num_rows() * columns.len());
        for row in 0..batch.num_rows() {
            self.clip_ids.push(table::cell(ids, row, "clip_id", path)?);
            self.values.extend(columns.iter().map(|column| column.value(row)));
        }
        Ok(())
    }
}

/// Writes a functionals table group by group.
pub struct FunctionalsWriter {
    writer: GroupWriter,
    width: usize,
}

impl FunctionalsWriter {
    /// Starts a table at `path` with one column per name; it appears there when [`finish`](Self::finish) succeeds.
    pub fn create(path: &Path, names: &[String], provenance: &Provenance) -> TableResult<Self> {
        let mut fields = vec![Field::new("clip_id", DataType::Utf8, false)];
        fields.extend(names.iter().map(|name| Field::new(name, DataType::Float32, false)));
        let schema = Arc::new(Schema::new(fields).with_metadata(parquet_io::metadata(provenance, NAME, VERSION, &[])));
        Ok(Self { writer: GroupWriter::create(path, schema)?, width: names.len() })
    }

    /// Appends one row group: the clips, and their values, row after row.
    pub fn write_group(&mut self, clip_ids: &[impl AsRef<str>], values: &[f32]) -> TableResult<()> {
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values(clip_ids));
        let columns = (0..self.width).map(|column| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(values.iter().skip(column).step_by(self.width).copied()))
        });
        self.writer.write_group(std::iter::once(ids).chain(columns))
    }

    /// Appends row group `group` of `from`, a table of the same columns, without reading it.
    pub fn copy_group(&mut self, from: &FunctionalsReader, group: usize) -> TableResult<()> {
        self.writer.copy_group(&from.reader, group)
    }

    /// Completes the file and moves it into place.
    pub fn finish(self) -> TableResult<()> {
        self.writer.finish()
    }
}

/// A functionals table on disk, row group by row group: what a later one takes rows from.
pub struct FunctionalsReader {
    reader: GroupReader,
}

impl FunctionalsReader {
    /// Opens the table at `path`.
    pub fn open(path: &Path) -> TableResult<Self> {
        Ok(Self { reader: GroupReader::open(path, NAME, VERSION)? })
    }

    /// Column names, without `clip_id`.
    pub fn names(&self) -> Vec<String> {
        self.reader.schema().fields().iter().skip(1).map(|field| field.name().clone()).collect()
    }

    /// The rows of each row group.
    pub fn groups(&self) -> Vec<Range<usize>> {
        self.reader.groups()
    }

    /// The clip of every row; the values are not read.
    pub fn clip_ids(&self) -> TableResult<Vec<String>> {
        let path = self.reader.path();
        let mut ids = Vec::new();
        for batch in self.reader.read(&["clip_id"], ROWS_PER_BATCH)? {
            let batch = batch?;
            let column = table::column(&batch, "clip_id", path)?;
            for row in 0..batch.num_rows() {
                ids.push(table::cell(column, row, "clip_id", path)?);
            }
        }
        Ok(ids)
    }

    /// Row group `group`, as a table of its own.
    pub fn read_group(&self, group: usize) -> TableResult<Functionals> {
        let mut functionals = Functionals { names: self.names(), ..Functionals::default() };
        for batch in self.reader.read_group(group, ROWS_PER_BATCH)? {
            functionals.append(&batch?, self.reader.path())?;
        }
        Ok(functionals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("functionals.parquet");
        let written = Functionals {
            names: vec!["zcr_mean".into(), "zcr_sd".into()],
            clip_ids: vec!["a/1".into(), "a/2".into(), "a/3".into()],
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        };
        written.write(&path, &Provenance::default()).expect("write");
        let read = Functionals::read(&path).expect("read");
        assert_eq!(read, written);
        assert_eq!(read.row(1), [3.0, 4.0]);
    }

    #[test]
    fn a_table_without_any_functional_still_lists_its_clips() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("functionals.parquet");
        let written = Functionals { names: vec![], clip_ids: vec!["a/1".into()], values: vec![] };
        written.write(&path, &Provenance::default()).expect("write");
        assert_eq!(Functionals::read(&path).expect("read"), written);
    }

    #[test]
    fn a_table_without_clips_keeps_its_columns() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("functionals.parquet");
        let written = Functionals { names: vec!["zcr_mean".into()], ..Functionals::default() };
        written.write(&path, &Provenance::default()).expect("write");
        assert_eq!(Functionals::read(&path).expect("read"), written);
        let frames = folder.path().join("frames.parquet");
        let layout = crate::frames::FrameLayout {
            names: vec!["zcr".into()],
            sample_rate_hz: 16_000,
            hop_s: 0.01,
            params: serde_json::Value::Null,
        };
        let writer = crate::frames::FramesWriter::create(&frames, &layout, &Provenance::default()).expect("create");
        writer.finish().expect("finish");
        assert_eq!(crate::frames::read_clips(&frames).expect("read").count(), 0);
        assert_eq!(crate::frames::read_layout(&frames).expect("layout"), layout);
    }

    #[test]
    fn copied_groups_are_the_same_bytes_as_written_ones() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = |name: &str| folder.path().join(name);
        let names = ["a".to_owned(), "b".to_owned()];
        let create = |name: &str| FunctionalsWriter::create(&path(name), &names, &Provenance::default());
        let mut writer = create("first.parquet").expect("create");
        writer.write_group(&["x", "y"], &[1.0, 2.0, 3.0, 4.0]).expect("write");
        writer.write_group(&["z"], &[5.0, 6.0]).expect("write");
        writer.finish().expect("finish");
        let first = FunctionalsReader::open(&path("first.parquet")).expect("open");
        assert_eq!(first.groups(), [0..2, 2..3]);
        assert_eq!(first.clip_ids().expect("ids"), ["x", "y", "z"]);
        assert_eq!(first.read_group(1).expect("group").values, [5.0, 6.0]);
        let mut copied = create("copied.parquet").expect("create");
        copied.copy_group(&first, 1).expect("copy");
        copied.copy_group(&first, 0).expect("copy");
        copied.finish().expect("finish");
        let mut written = create("written.parquet").expect("create");
        written.write_group(&["z"], &[5.0, 6.0]).expect("write");
        written.write_group(&["x", "y"], &[1.0, 2.0, 3.0, 4.0]).expect("write");
        written.finish().expect("finish");
        let bytes = |name: &str| std::fs::read(path(name)).expect("file");
        assert!(bytes("copied.parquet") == bytes("written.parquet"));
    }
}
