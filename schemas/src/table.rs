//! One declaration per table: row type, Arrow schema, column documentation, and conversion both ways.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use ser_stage::{Output, Provenance};

use crate::error::TableResult;
use crate::parquet_io;

/// Documentation of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDoc {
    /// The column's name.
    pub name: &'static str,
    /// Its Arrow type, as text.
    pub data_type: String,
    /// `true` if it may hold nulls.
    pub nullable: bool,
    /// Meaning of the column, with unit and range.
    pub doc: String,
}

/// Documentation of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDoc {
    /// The table's name.
    pub name: &'static str,
    /// Version of its schema.
    pub version: u32,
    /// Meaning of a row.
    pub doc: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnDoc>,
}

/// A row type that is stored as a Parquet table.
pub trait Table: Sized {
    /// The table's name, as in the file's metadata.
    const NAME: &'static str;
    /// File of a stage that writes the table.
    const FILE: &'static str;
    /// The table as what a stage writes.
    const OUTPUT: Output = Output::table(Self::NAME, Self::FILE);
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

    /// The table's file in the folder of a stage.
    fn file_in(dir: impl AsRef<Path>) -> PathBuf {
        dir.as_ref().join(Self::FILE)
    }

    /// Writes all rows to the table's file in `dir`; see [`write`](Self::write).
    fn write_in(dir: impl AsRef<Path>, rows: &[Self], provenance: &Provenance) -> TableResult<()> {
        Self::write(&Self::file_in(dir), rows, provenance)
    }

    /// Reads all rows of the table's file in `dir`; see [`read`](Self::read).
    fn read_in(dir: impl AsRef<Path>) -> TableResult<Vec<Self>> {
        Self::read(&Self::file_in(dir))
    }

    /// Writes all rows to `path`: beside it first, then renamed, so that a half-written table is never seen.
    fn write(path: &Path, rows: &[Self], provenance: &Provenance) -> TableResult<()> {
        Self::write_with(path, rows, provenance, &[])
    }

    /// Like [`write`](Self::write), with further pairs in the file's metadata.
    fn write_with(path: &Path, rows: &[Self], provenance: &Provenance, extra: &[(&str, String)]) -> TableResult<()> {
        let schema = Schema::clone(&Self::schema()).with_metadata(parquet_io::metadata(
            provenance,
            Self::NAME,
            Self::VERSION,
            extra,
        ));
        let batch = Self::encode(rows);
        parquet_io::write_batches(path, Arc::new(schema), std::iter::once(batch))
    }

    /// Reads all rows of `path`, after checking that it holds this table in a version known here. Columns that were added
    /// after the file was written are null, where they may be.
    fn read(path: &Path) -> TableResult<Vec<Self>> {
        let mut rows = Vec::new();
        for batch in Self::scan(path)? {
            rows.extend(batch?);
        }
        Ok(rows)
    }

    /// Reads `path` like [`read`](Self::read), a thousand rows at a time, so that memory does not grow with the table.
    fn scan(path: &Path) -> TableResult<impl Iterator<Item = TableResult<Vec<Self>>>> {
        let (version, batches) = parquet_io::open(path, Self::NAME, Self::VERSION)?;
        Ok(batches.map(move |batch| {
            let batch = batch?;
            if version == Self::VERSION {
                Self::decode(&batch, path)
            } else {
                Self::decode(&completed(&batch, &Self::schema(), path)?, path)
            }
        }))
    }
}

/// `batch`, of an older version of its table, with the columns that were added since and may be null, in `schema`'s order.
/// One that may not be null stays missing, which is an error of the reader.
fn completed(batch: &RecordBatch, schema: &SchemaRef, path: &Path) -> TableResult<RecordBatch> {
    let columns = schema.fields().iter().filter_map(|field| {
        let stored = batch.column_by_name(field.name()).map(Arc::clone);
        let null = || field.is_nullable().then(|| new_null_array(field.data_type(), batch.num_rows()));
        Some((field.name(), stored.or_else(null)?, field.is_nullable()))
    });
    RecordBatch::try_from_iter_with_nullable(columns)
        .map_err(|source| crate::TableError::Arrow { path: path.to_owned(), source })
}

/// A table of which only the name is known when the program is compiled.
#[derive(Debug, Clone, Copy)]
pub struct AnyTable {
    /// See [`Table::describe`].
    pub describe: fn() -> TableDoc,
    /// See [`Table::schema`].
    pub schema: fn() -> SchemaRef,
    /// Reads the table at the first path and writes its first rows, that many at most, to the second; how many they are.
    pub copy: fn(&Path, &Path, usize) -> TableResult<usize>,
}

impl AnyTable {
    fn of<T: Table>() -> Self {
        Self {
            describe: T::describe,
            schema: T::schema,
            copy: |from, to, rows| {
                let mut read = T::read(from)?;
                read.truncate(rows);
                T::write(to, &read, &Provenance::default())?;
                Ok(read.len())
            },
        }
    }
}

/// Every table with a fixed set of columns.
pub fn every_table() -> Vec<AnyTable> {
    vec![
        AnyTable::of::<crate::Clip>(),
        AnyTable::of::<crate::Corpus>(),
        AnyTable::of::<crate::Exclusion>(),
        AnyTable::of::<crate::Balance>(),
        AnyTable::of::<crate::ClassBalance>(),
        AnyTable::of::<crate::Durations>(),
        AnyTable::of::<crate::Association>(),
        AnyTable::of::<crate::Shortcut>(),
        AnyTable::of::<crate::NearDuplicate>(),
        AnyTable::of::<crate::Finding>(),
        AnyTable::of::<crate::Example>(),
        AnyTable::of::<crate::Assignment>(),
        AnyTable::of::<crate::Check>(),
        AnyTable::of::<crate::Epoch>(),
        AnyTable::of::<crate::Model>(),
        AnyTable::of::<crate::Exposure>(),
        AnyTable::of::<crate::Regularisation>(),
        AnyTable::of::<crate::Member>(),
        AnyTable::of::<crate::Prediction>(),
        AnyTable::of::<crate::StandardisationTrial>(),
        AnyTable::of::<crate::ModelCheck>(),
        AnyTable::of::<crate::ClassMetrics>(),
        AnyTable::of::<crate::SummaryMetric>(),
        AnyTable::of::<crate::ConfusionCell>(),
        AnyTable::of::<crate::WorstGroup>(),
        AnyTable::of::<crate::CalibrationBin>(),
        AnyTable::of::<crate::Coverage>(),
        AnyTable::of::<crate::Comparison>(),
        AnyTable::of::<crate::CrossCorpus>(),
        AnyTable::of::<crate::StandardisationLimit>(),
        AnyTable::of::<crate::Adaptation>(),
        AnyTable::of::<crate::LabelError>(),
        AnyTable::of::<crate::Perceived>(),
        AnyTable::of::<crate::Answer>(),
    ]
}

/// Documentation of every table with a fixed set of columns.
pub fn all_tables() -> Vec<TableDoc> {
    every_table().into_iter().map(|table| (table.describe)()).collect()
}

/// Declares a table: a documented struct whose fields are its columns. Behind its version stands what else it derives.
macro_rules! table {
    (
        $(#[doc = $table_doc:literal])+
        pub struct $row:ident ($name:literal, version $version:literal $(, $derived:ident)*) {
            $( $(#[doc = $doc:literal])+ $column:ident : $kind:ty, )+
        }
    ) => {
        $(#[doc = $table_doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize $(, $derived)*)]
        pub struct $row {
            $( $(#[doc = $doc])+ pub $column: $kind, )+
        }

        impl $crate::Table for $row {
            const NAME: &'static str = $name;
            const FILE: &'static str = concat!($name, ".parquet");
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
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

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

    /// Writes `rows` as version 1 of their table, without `columns`.
    fn write_first_version<T: Table>(path: &Path, rows: &[T], columns: &[&str]) {
        let batch = T::encode(rows);
        let kept: Vec<usize> = (0..batch.num_columns())
            .filter(|at| !columns.contains(&batch.schema().field(*at).name().as_str()))
            .collect();
        let batch = batch.project(&kept).expect("columns");
        let metadata = parquet_io::metadata(&Provenance::default(), T::NAME, 1, &[]);
        let schema = Arc::new(Schema::clone(&batch.schema()).with_metadata(metadata));
        parquet_io::write_batches(path, schema, std::iter::once(batch)).expect("write");
    }

    #[test]
    fn columns_added_since_a_file_was_written_are_null_or_missed_by_name() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("table.parquet");
        let mut clip = crate::Clip::found("tess/a".into(), "tess".into(), "data/tess/a.wav".into(), 44);
        clip.duration_s = Some(2.5);
        clip.bandwidth_hz = Some(7_000.0);
        write_first_version(&path, &[clip.clone()], &["bandwidth_hz", "fingerprint"]);
        assert_eq!(crate::Clip::read(&path).expect("read"), [crate::Clip { bandwidth_hz: None, ..clip.clone() }]);
        write_first_version(&path, &[clip.clone()], &["bytes"]);
        let error = crate::Clip::read(&path).expect_err("what may not be null cannot be made up");
        assert!(matches!(&error, crate::TableError::MissingColumn { column, .. } if column == "bytes"), "{error}");
        // Of the present version, a file has all columns or is refused.
        let batch = crate::Clip::encode(&[clip]);
        let error = crate::Clip::decode(&batch.project(&[0]).expect("one column"), &path).expect_err("columns missing");
        assert!(matches!(&error, crate::TableError::MissingColumn { column, .. } if column == "corpus"), "{error}");
    }

    #[test]
    fn a_table_without_rows_has_all_columns_and_is_read_by_any_reader() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (seed, path) = (folder.path().join("seed.parquet"), folder.path().join("table.parquet"));
        for table in every_table() {
            let (doc, schema) = ((table.describe)(), (table.schema)());
            let metadata = parquet_io::metadata(&Provenance::default(), doc.name, doc.version, &[]);
            let described = Arc::new(Schema::clone(&schema).with_metadata(metadata));
            let none = RecordBatch::new_empty(Arc::clone(&described));
            parquet_io::write_batches(&seed, described, std::iter::once(none)).expect("write");
            assert_eq!((table.copy)(&seed, &path, 9).expect("copy"), 0, "{}", doc.name);
            let file = std::fs::File::open(&path).expect("file");
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
            assert_eq!(reader.schema().fields(), schema.fields(), "{}", doc.name);
            let batches = reader.build().expect("reader");
            assert_eq!(batches.map(|batch| batch.expect("batch").num_rows()).sum::<usize>(), 0, "{}", doc.name);
        }
        assert!(crate::Exclusion::read(&path).is_err(), "a table without rows is still a certain table");
    }
}
