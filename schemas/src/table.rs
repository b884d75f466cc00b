//! One declaration per table: row type, Arrow schema, column documentation, and conversion both ways.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use crate::error::TableResult;
use crate::parquet_io::{self, Provenance};

/// Documentation of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDoc {
    /// The column's name.
    pub name: &'static str,
    /// Its Arrow type, as text.
    pub data_type: String,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// What it means, with unit and range.
    pub doc: String,
}

/// Documentation of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDoc {
    /// The table's name.
    pub name: &'static str,
    /// Version of its schema.
    pub version: u32,
    /// What a row is.
    pub doc: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnDoc>,
}

/// A row type that is stored as a Parquet table.
pub trait Table: Sized {
    /// The table's name, as in the file's metadata.
    const NAME: &'static str;
    /// Version of the schema; it rises when a column is added, removed or changes its meaning.
    const VERSION: u32;

    /// The Arrow schema, without metadata.
    fn schema() -> SchemaRef;

    /// Name, version and column documentation.
    fn describe() -> TableDoc;

    /// Rows as one batch.
    fn encode(rows: &[Self]) -> RecordBatch;

    /// A batch as rows; `path` is named in errors.
    fn decode(batch: &RecordBatch, path: &Path) -> TableResult<Vec<Self>>;

    /// Writes all rows to `path`: beside it first, then renamed, so that a half-written table is never seen.
    fn write(path: &Path, rows: &[Self], provenance: &Provenance) -> TableResult<()> {
        Self::write_with(path, rows, provenance, &[])
    }

    /// Like [`write`](Self::write), with further pairs in the file's metadata.
    fn write_with(path: &Path, rows: &[Self], provenance: &Provenance, extra: &[(&str, String)]) -> TableResult<()> {
        let schema =
            Schema::clone(&Self::schema()).with_metadata(provenance.metadata(Self::NAME, Self::VERSION, extra));
        let batch = Self::encode(rows);
        parquet_io::write_batches(path, Arc::new(schema), std::iter::once(batch))
    }

    /// Reads all rows of `path`, after checking that it holds this table in a version known here.
    fn read(path: &Path) -> TableResult<Vec<Self>> {
        let mut rows = Vec::new();
        for batch in parquet_io::open(path, Self::NAME, Self::VERSION)? {
            rows.extend(Self::decode(&batch?, path)?);
        }
        Ok(rows)
    }

    /// Reads `path` like [`read`](Self::read), a thousand rows at a time, so that memory does not grow with the table.
    fn scan(path: &Path) -> TableResult<impl Iterator<Item = TableResult<Vec<Self>>>> {
        let batches = parquet_io::open(path, Self::NAME, Self::VERSION)?;
        Ok(batches.map(move |batch| Self::decode(&batch?, path)))
    }
}

/// Documentation of every table with a fixed set of columns.
pub fn all_tables() -> Vec<TableDoc> {
    vec![
        crate::Clip::describe(),
        crate::Corpus::describe(),
        crate::Exclusion::describe(),
        crate::Balance::describe(),
        crate::ClassBalance::describe(),
        crate::Durations::describe(),
        crate::Association::describe(),
        crate::Shortcut::describe(),
        crate::NearDuplicate::describe(),
        crate::Finding::describe(),
        crate::Example::describe(),
        crate::Assignment::describe(),
        crate::Check::describe(),
        crate::Epoch::describe(),
        crate::Exposure::describe(),
        crate::Regularisation::describe(),
        crate::Prediction::describe(),
        crate::ModelCheck::describe(),
        crate::ClassMetrics::describe(),
        crate::SummaryMetric::describe(),
        crate::ConfusionCell::describe(),
        crate::WorstGroup::describe(),
        crate::CalibrationBin::describe(),
        crate::Comparison::describe(),
        crate::CrossCorpus::describe(),
        crate::LabelError::describe(),
        crate::Perceived::describe(),
    ]
}

/// Declares a table: a documented struct whose fields are its columns.
macro_rules! table {
    (
        $(#[doc = $table_doc:literal])+
        pub struct $row:ident ($name:literal, version $version:literal) {
            $( $(#[doc = $doc:literal])+ $column:ident : $kind:ty, )+
        }
    ) => {
        $(#[doc = $table_doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $row {
            $( $(#[doc = $doc])+ pub $column: $kind, )+
        }

        impl $crate::Table for $row {
            const NAME: &'static str = $name;
            const VERSION: u32 = $version;

            fn schema() -> arrow::datatypes::SchemaRef {
                std::sync::Arc::new(arrow::datatypes::Schema::new(vec![
                    $( arrow::datatypes::Field::new(
                        stringify!($column),
                        <$kind as $crate::Column>::data_type(),
                        <$kind as $crate::Column>::NULLABLE,
                    ), )+
                ]))
            }

            fn describe() -> $crate::TableDoc {
                $crate::TableDoc {
                    name: $name,
                    version: $version,
                    doc: concat!($($table_doc, "\n"),+).trim().to_owned(),
                    columns: vec![
                        $( $crate::ColumnDoc {
                            name: stringify!($column),
                            data_type: <$kind as $crate::Column>::data_type().to_string(),
                            nullable: <$kind as $crate::Column>::NULLABLE,
                            doc: concat!($($doc),+).trim().to_owned(),
                        }, )+
                    ],
                }
            }

            fn encode(rows: &[Self]) -> arrow::array::RecordBatch {
                let columns = vec![
                    $( <$kind as $crate::Column>::encode(rows.iter().map(|row| &row.$column)), )+
                ];
                arrow::array::RecordBatch::try_new(Self::schema(), columns)
                    .expect("columns and schema come from one declaration")
            }

            fn decode(batch: &arrow::array::RecordBatch, path: &std::path::Path) -> $crate::TableResult<Vec<Self>> {
                $( let $column = $crate::table::column(batch, stringify!($column), path)?; )+
                (0..batch.num_rows())
                    .map(|row| {
                        Ok(Self {
                            $( $column: $crate::table::cell($column, row, stringify!($column), path)?, )+
                        })
                    })
                    .collect()
            }
        }
    };
}

pub(crate) use table;

/// The column `name` of `batch`.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str, path: &Path) -> TableResult<&'a arrow::array::ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| crate::TableError::MissingColumn {
        path: path.to_owned(),
        column: name.to_owned(),
        present: batch.schema().fields().iter().map(|field| field.name().clone()).collect(),
    })
}

/// One value of a column.
pub(crate) fn cell<T: crate::Column>(
    array: &arrow::array::ArrayRef,
    row: usize,
    column: &str,
    path: &Path,
) -> TableResult<T> {
    T::decode(array.as_ref(), row).map_err(|problem| crate::TableError::BadValue {
        path: path.to_owned(),
        column: column.to_owned(),
        row,
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_and_column_is_documented() {
        let tables = all_tables();
        for table in &tables {
            assert!(!table.doc.is_empty(), "{}", table.name);
            for column in &table.columns {
                assert!(column.doc.len() > 8, "{}.{}", table.name, column.name);
            }
        }
        let mut names: Vec<_> = tables.iter().map(|table| table.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), tables.len(), "two tables share a name");
    }
}
