//! `functionals`: statistics of frame features over each clip, one row per clip, one numeric column per statistic.
//!
//! Columns: `clip_id`, then one 32-bit float column per functional, named `<feature>_<statistic>`
//! (`mfcc_03_mean`, `zcr_slope`). Never null, always finite. The folder `augmented_functionals` holds those of altered copies, and
//! says in the further column `variant` which alteration it is.
//!
//! The table is a folder of parts, each a file of one row group.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};
use ser_stage::{Cut, Output, PartId};

use crate::error::{TableError, TableResult};
use crate::{Provenance, parquet_io, part_file, part_files, parts, table};

/// Name of the table.
pub const NAME: &str = "functionals";
/// Folder of a stage that writes the table.
pub const FOLDER: &str = "functionals";
/// Folder of the functionals of altered copies, in the order of the rows of [`frames::AUGMENTED`](crate::frames::AUGMENTED).
pub const AUGMENTED: &str = "augmented_functionals";
/// Column that says which alteration a row is of.
const VARIANT: &str = "variant";
/// The table as what a stage writes.
pub const OUTPUT: Output = Output::table(NAME, FOLDER);
/// Version of the schema; see [`Table::VERSION`](crate::Table::VERSION).
pub const VERSION: u32 = 1;

/// Rows read at a time.
const ROWS_PER_BATCH: usize = 1024;

/// A functionals table in memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Functionals {
    /// Column names, without `clip_id`.
    pub names: Vec<String>,
    /// One id per row.
    pub clip_ids: Vec<String>,
    /// Alteration of each row, where rows are of altered copies; else empty.
    pub variants: Vec<String>,
    /// Row after row, `names.len()` values each.
    pub values: Vec<f32>,
}

impl Functionals {
    /// The values of row `row`.
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.names.len();
        &self.values[row * width..(row + 1) * width]
    }

    /// Writes the table to the folder `folder`.
    pub fn write(&self, folder: &Path, provenance: &Provenance) -> TableResult<()> {
        let mut writer = FunctionalsWriter::create(folder, &self.names, provenance)?;
        for (row, clip_id) in self.clip_ids.iter().enumerate() {
            writer.push(clip_id, self.row(row))?;
        }
        writer.finish()
    }

    /// Writes the table to the part at `path`, which appears there whole or not at all.
    pub fn write_part(&self, path: &Path, provenance: &Provenance) -> TableResult<()> {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        let variant = (!self.variants.is_empty()).then_some(&self.variants);
        let mut fields = vec![text("clip_id")];
        fields.extend(variant.map(|_| text(VARIANT)));
        fields.extend(self.names.iter().map(|name| Field::new(name, DataType::Float32, false)));
        let schema = Arc::new(Schema::new(fields).with_metadata(parquet_io::metadata(provenance, NAME, VERSION, &[])));
        let texts = std::iter::once(&self.clip_ids).chain(variant);
        let texts = texts.map(|texts| -> ArrayRef { Arc::new(StringArray::from_iter_values(texts)) });
        let width = self.names.len();
        let columns = (0..width).map(|column| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(self.values.iter().skip(column).step_by(width).copied()))
        });
        let columns = texts.chain(columns);
        part_file::write(path, &schema, self.clip_ids.len(), columns, None::<(usize, std::iter::Empty<&[f32]>)>)
    }

    /// Reads the table at `path`.
    pub fn read(path: &Path) -> TableResult<Self> {
        let (names, parts) = read_parts(path)?;
        let mut table = Self { names, ..Self::default() };
        for part in parts {
            let part = part?;
            table.clip_ids.extend(part.clip_ids);
            table.variants.extend(part.variants);
            table.values.extend(part.values);
        }
        Ok(table)
    }

    fn append(&mut self, batch: &RecordBatch, path: &Path) -> TableResult<()> {
        let schema = batch.schema();
        let ids = table::column(batch, "clip_id", path)?;
        let keys = key_columns(&schema);
        let variants = (keys > 1).then(|| table::column(batch, VARIANT, path)).transpose()?;
        let columns: Vec<&Float32Array> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .skip(keys)
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
            if let Some(variants) = variants {
                self.variants.push(table::cell(variants, row, VARIANT, path)?);
            }
            self.values.extend(columns.iter().map(|column| column.value(row)));
        }
        Ok(())
    }
}

/// Writes a functionals table clip by clip, in parts that are named by what they hold.
pub struct FunctionalsWriter {
    folder: PathBuf,
    provenance: Provenance,
    cut: Cut,
    pending: Functionals,
    parts: usize,
}

impl FunctionalsWriter {
    /// Starts a table of one column per name in the folder `folder`; parts of an earlier one there are removed.
    pub fn create(folder: &Path, names: &[String], provenance: &Provenance) -> TableResult<Self> {
        parts::empty_folder(folder)?;
        let cut = Cut::new(f64::INFINITY);
        let pending = Functionals { names: names.to_vec(), ..Functionals::default() };
        Ok(Self { folder: folder.to_owned(), provenance: provenance.clone(), cut, pending, parts: 0 })
    }

    /// Appends one clip.
    pub fn push(&mut self, clip_id: &str, values: &[f32]) -> TableResult<()> {
        self.pending.clip_ids.push(clip_id.to_owned());
        self.pending.values.extend_from_slice(values);
        if self.cut.ends_with(clip_id, 0.0) { self.flush() } else { Ok(()) }
    }

    /// Completes the table. One without clips has a part without rows, which tells its columns.
    pub fn finish(mut self) -> TableResult<()> {
        if self.pending.clip_ids.is_empty() && self.parts > 0 { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> TableResult<()> {
        let Functionals { names, clip_ids, values, .. } = &self.pending;
        let digest = parts::digest_of(values);
        let id = PartId::of(&digest, names.iter().chain(clip_ids).map(String::as_str));
        let provenance = Provenance { fingerprint: id.as_str().to_owned(), ..self.provenance.clone() };
        self.pending.write_part(&self.folder.join(id.file()), &provenance)?;
        self.parts += 1;
        self.pending.clip_ids.clear();
        self.pending.values.clear();
        Ok(())
    }
}

/// Columns before those of values: some functional may be called as one of them.
fn key_columns(schema: &Schema) -> usize {
    let is_variant = |field: &Arc<Field>| field.name() == VARIANT && field.data_type() == &DataType::Utf8;
    if schema.fields().get(1).is_some_and(is_variant) { 2 } else { 1 }
}

/// Names of the columns of values.
fn names_in(schema: &Schema) -> impl Iterator<Item = &String> {
    schema.fields().iter().skip(key_columns(schema)).map(|field| field.name())
}

/// The clip of every row of a part; the values are not read.
pub fn read_ids(part: &Path) -> TableResult<Vec<String>> {
    let mut ids = Vec::new();
    for batch in parquet_io::open_columns(part, (NAME, VERSION), &["clip_id"], ROWS_PER_BATCH)?.1 {
        let batch = batch?;
        let column = table::column(&batch, "clip_id", part)?;
        for row in 0..batch.num_rows() {
            ids.push(table::cell(column, row, "clip_id", part)?);
        }
    }
    Ok(ids)
}

/// The columns of the functionals table at `path`, without `clip_id`, and its rows, part after part.
pub fn read_parts(path: &Path) -> TableResult<(Vec<String>, impl Iterator<Item = TableResult<Functionals>> + use<>)> {
    let files = part_files(path)?;
    let first = files[0].clone();
    let schema = parquet_io::read_schema(&first, (NAME, VERSION))?;
    let names: Vec<String> = names_in(&schema).cloned().collect();
    let expected = names.clone();
    let parts = files.into_iter().map(move |file| {
        let mut part = Functionals { names: expected.clone(), ..Functionals::default() };
        for batch in parquet_io::open_columns(&file, (NAME, VERSION), &[], ROWS_PER_BATCH)?.1 {
            let batch = batch?;
            if !names_in(&batch.schema()).eq(&expected) {
                return Err(TableError::OtherPart { path: file, other: first.clone() });
            }
            part.append(&batch, &file)?;
        }
        Ok(part)
    });
    Ok((names, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("functionals");
        let written = Functionals {
            names: vec!["zcr_mean".into(), "zcr_sd".into()],
            clip_ids: vec!["a/1".into(), "a/2".into(), "a/3".into()],
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            variants: vec![],
        };
        written.write(&path, &Provenance::default()).expect("write");
        let read = Functionals::read(&path).expect("read");
        assert_eq!(read, written);
        assert_eq!(read.row(1), [3.0, 4.0]);
    }

    #[test]
    fn copies_say_which_alteration_they_are() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("part-a.parquet");
        let written = Functionals {
            names: vec!["zcr_mean".into()],
            clip_ids: vec!["a/1".into(), "a/1".into()],
            variants: vec!["speed_0.9".into(), "vtlp_1".into()],
            values: vec![1.0, 2.0],
        };
        written.write_part(&path, &Provenance::default()).expect("write");
        assert_eq!(Functionals::read(folder.path()).expect("read"), written);
        assert_eq!(read_ids(&path).expect("ids"), written.clip_ids);
    }

    #[test]
    fn a_table_without_any_functional_still_lists_its_clips() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("functionals");
        let written = Functionals { clip_ids: vec!["a/1".into()], ..Functionals::default() };
        written.write(&path, &Provenance::default()).expect("write");
        assert_eq!(Functionals::read(&path).expect("read"), written);
    }

    #[test]
    fn a_table_without_clips_keeps_its_columns() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("functionals");
        let written = Functionals { names: vec!["zcr_mean".into()], ..Functionals::default() };
        written.write(&path, &Provenance::default()).expect("write");
        assert_eq!(Functionals::read(&path).expect("read"), written);
        let frames = folder.path().join("frames");
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
    fn parts_of_other_columns_are_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let table = |name: &str| Functionals {
            names: vec![name.to_owned()],
            clip_ids: vec![format!("clip of {name}")],
            values: vec![1.0],
            variants: vec![],
        };
        table("zcr_mean").write(folder.path(), &Provenance::default()).expect("write");
        table("rms_mean").write_part(&folder.path().join("part-zz.parquet"), &Provenance::default()).expect("write");
        let error = Functionals::read(folder.path()).expect_err("two tables").to_string();
        assert!(error.contains("part-zz.parquet` is of another table than"), "{error}");
    }

    #[test]
    fn a_table_of_many_parts_comes_back_whole_and_replaces_an_earlier_one() {
        let folder = tempfile::tempdir().expect("temporary folder");
        for count in [6_000_u32, 5_000] {
            let written = Functionals {
                names: vec!["zcr_mean".into(), "zcr_sd".into()],
                clip_ids: (0..count).map(|clip| format!("a/{clip}")).collect(),
                values: (0..2 * count).map(|value| value as f32).collect(),
                variants: vec![],
            };
            written.write(folder.path(), &Provenance::default()).expect("write");
            assert!(part_files(folder.path()).expect("parts").len() > 1);
            let read = Functionals::read(folder.path()).expect("read");
            let mut rows: Vec<(&String, &[f32])> =
                (0..).map(|row| read.row(row)).zip(&read.clip_ids).map(|(row, id)| (id, row)).collect();
            rows.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
            assert!(rows.iter().map(|row| row.0).eq(&written.clip_ids));
            assert!(rows.iter().flat_map(|row| row.1).eq(&written.values));
        }
    }
}
