//! `functionals`: statistics of frame features over each clip, one row per clip, one numeric column per statistic.
//!
//! Columns: `clip_id`, then one 32-bit float column per functional, named `<feature>_<statistic>`
//! (`mfcc_03_mean`, `zcr_slope`). Never null, always finite.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};

use crate::error::{TableError, TableResult};
use crate::{Provenance, parquet_io, table};

const NAME: &str = "functionals";
const VERSION: u32 = 1;

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
        let mut fields = vec![Field::new("clip_id", DataType::Utf8, false)];
        fields.extend(self.names.iter().map(|name| Field::new(name, DataType::Float32, false)));
        let schema = Arc::new(Schema::new(fields).with_metadata(provenance.metadata(NAME, VERSION, &[])));
        let width = self.names.len();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(&self.clip_ids))];
        columns.extend((0..width).map(|column| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(self.values.iter().skip(column).step_by(width.max(1)).copied()))
        }));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(|source| TableError::Arrow { path: path.to_owned(), source })?;
        parquet_io::write_batches(path, schema, std::iter::once(batch))
    }

    /// Reads the table at `path`.
    pub fn read(path: &Path) -> TableResult<Self> {
        let mut functionals = Self::default();
        for batch in parquet_io::open(path, NAME, VERSION)? {
            functionals.append(&batch?, path)?;
        }
        Ok(functionals)
    }

    fn append(&mut self, batch: &RecordBatch, path: &Path) -> TableResult<()> {
        let schema = batch.schema();
        self.names = schema.fields().iter().skip(1).map(|field| field.name().clone()).collect();
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
        for row in 0..batch.num_rows() {
            self.clip_ids.push(table::cell(ids, row, "clip_id", path)?);
            self.values.extend(columns.iter().map(|column| column.value(row)));
        }
        Ok(())
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
}
