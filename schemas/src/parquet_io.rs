//! Parquet on disk: provenance in the metadata, writes that are either whole or absent.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{Metadata, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::error::{TableError, TableResult};

/// Metadata key of the table's name.
pub(crate) const KEY_TABLE: &str = "ser.table";
/// Metadata key of the schema's version.
pub(crate) const KEY_VERSION: &str = "ser.version";
const KEY_PIPELINE: &str = "ser.pipeline";
const KEY_STAGE: &str = "ser.stage";
const KEY_FINGERPRINT: &str = "ser.fingerprint";

/// What made a table. Stored in the Parquet metadata of every file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the stage.
    pub stage: String,
    /// Fingerprint of the stage's parameters, code version and inputs.
    pub fingerprint: String,
}

impl Provenance {
    /// The metadata of a file that holds `table`, with `extra` pairs of the table's own.
    pub(crate) fn metadata(&self, table: &str, version: u32, extra: &[(&str, String)]) -> HashMap<String, String> {
        let mut metadata = HashMap::from([
            (KEY_TABLE.to_owned(), table.to_owned()),
            (KEY_VERSION.to_owned(), version.to_string()),
            (KEY_PIPELINE.to_owned(), self.pipeline.clone()),
            (KEY_STAGE.to_owned(), self.stage.clone()),
            (KEY_FINGERPRINT.to_owned(), self.fingerprint.clone()),
        ]);
        metadata.extend(extra.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        metadata
    }
}

/// Whether a metadata key tells who made a file, and nothing of what is in it.
pub(crate) fn is_provenance(key: &str) -> bool {
    [KEY_PIPELINE, KEY_STAGE, KEY_FINGERPRINT].contains(&key)
}

/// A Parquet file being written beside its final place; it appears there when [`finish`](Self::finish) succeeds.
pub(crate) struct AtomicWriter {
    path: PathBuf,
    partial: PathBuf,
    writer: Option<ArrowWriter<BufWriter<File>>>,
}

impl AtomicWriter {
    pub(crate) fn create(path: &Path, schema: SchemaRef) -> TableResult<Self> {
        let partial = path.with_extension("parquet.partial");
        let file = File::create(&partial).map_err(|source| io_error("write", &partial, source))?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(BufWriter::new(file), schema, Some(properties))
            .map_err(|source| parquet_error(path, source))?;
        Ok(Self { path: path.to_owned(), partial, writer: Some(writer) })
    }

    /// Appends `batch`.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> TableResult<()> {
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        writer.write(batch).map_err(|source| parquet_error(&self.path, source))
    }

    /// Completes, syncs and renames the file into place.
    pub(crate) fn finish(mut self) -> TableResult<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let buffered = writer.into_inner().map_err(|source| parquet_error(&self.path, source))?;
        let file = buffered.into_inner().map_err(|error| io_error("write", &self.partial, error.into_error()))?;
        file.sync_all().map_err(|source| io_error("write", &self.partial, source))?;
        std::fs::rename(&self.partial, &self.path).map_err(|source| io_error("rename", &self.partial, source))
    }
}

impl Drop for AtomicWriter {
    fn drop(&mut self) {
        // Only reached with a writer when an error or a panic cut the writing short.
        if self.writer.take().is_some() {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Writes `batches` to `path` atomically.
pub(crate) fn write_batches(
    path: &Path,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch>,
) -> TableResult<()> {
    let mut writer = AtomicWriter::create(path, schema)?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.finish()
}

/// Opens `path` and checks that it holds `table` in a version up to `version`: the version, and its rows.
pub(crate) fn open(
    path: &Path,
    table: &str,
    version: u32,
) -> TableResult<(u32, impl Iterator<Item = TableResult<RecordBatch>> + use<>)> {
    let file = File::open(path).map_err(|source| io_error("read", path, source))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|source| parquet_error(path, source))?;
    let version = check_table(path, builder.schema().metadata(), table, version)?;
    let reader = builder.with_batch_size(1024).build().map_err(|source| parquet_error(path, source))?;
    let path = path.to_owned();
    Ok((version, reader.map(move |batch| batch.map_err(|source| TableError::Arrow { path: path.clone(), source }))))
}

/// The metadata of the Parquet file at `path`: schema name and version, provenance, and the table's own keys.
pub fn read_metadata(path: &Path) -> TableResult<HashMap<String, String>> {
    let file = File::open(path).map_err(|source| io_error("read", path, source))?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
        .map_err(|source| parquet_error(path, source))?;
    Ok(metadata.schema().metadata().clone().into())
}

/// The version of the table in `path`, after checking that it is `table` in a version up to `version`.
pub(crate) fn check_table(path: &Path, metadata: &Metadata, table: &str, version: u32) -> TableResult<u32> {
    let found_table = metadata.get(KEY_TABLE).map_or("unknown", String::as_str);
    let found_version = metadata.get(KEY_VERSION).map_or("unknown", String::as_str);
    match found_version.parse::<u32>() {
        Ok(found) if found_table == table && (1..=version).contains(&found) => Ok(found),
        _ => Err(TableError::WrongTable {
            path: path.to_owned(),
            expected: format!("{table}, version {version}"),
            found: format!("{found_table}, version {found_version}"),
        }),
    }
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: std::io::Error) -> TableError {
    TableError::Io { action, path: path.to_owned(), source }
}

pub(crate) fn parquet_error(path: &Path, source: parquet::errors::ParquetError) -> TableError {
    TableError::Parquet { path: path.to_owned(), source }
}
