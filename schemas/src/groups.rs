//! Parquet tables written row group by row group, some of them copied from an earlier file as they are.
//!
//! A rerun that changes one clip of many thousands must not decode and encode the rows of all others. A row group is a
//! run of bytes and its description in the file's footer: both can be moved to another file unread. Statistics and page
//! indices are left out, so that the footers of wide tables stay small and a copied group is described like a fresh one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataWriter};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::ChunkReader;
use parquet::file::writer::{SerializedRowGroupWriter, TrackedWrite};
use ser_stage::WholeFile;

use crate::damage;
use crate::error::{TableResult, io_error, read_error, write_error};
use crate::footer::Footer;
use crate::matrices::MatrixColumn;
use crate::parquet_io::{check_table, create, put_in_place};
use crate::source::Source;
use crate::writeback::Writeback;

/// Bytes collected before they are handed to the operating system.
const BUFFER_BYTES: usize = 1 << 20;
/// First and last bytes of a Parquet file.
const MAGIC: &[u8] = b"PAR1";

/// A file being written beside its final place; it appears there when [`finish`](Self::finish) succeeds.
pub(crate) struct GroupWriter {
    whole: WholeFile,
    schema: SchemaRef,
    out: TrackedWrite<BufWriter<File>>,
    writeback: Writeback,
    properties: WriterPropertiesPtr,
    factory: ArrowRowGroupWriterFactory,
    /// Of the whole file; its groups are in `footer`.
    metadata: FileMetaData,
    footer: Footer,
}

/// A row group being written to the file.
type Group<'a> = SerializedRowGroupWriter<'a, BufWriter<File>>;

impl GroupWriter {
    /// Starts a table.
    pub(crate) fn create(path: &Path, schema: SchemaRef) -> TableResult<Self> {
        let (whole, file) = create(path)?;
        let partial = whole.partial();
        let writeback = Writeback::new(&file).map_err(|source| io_error("write", partial, source))?;
        // A file of nothing but the footer, which goes nowhere: what the real footer has beside its groups, and arrow's
        // writers of columns.
        let describe = || -> Result<_, ParquetError> {
            let writer = ArrowWriter::try_new(io::sink(), Arc::clone(&schema), Some(properties()))?;
            let (writer, factory) = writer.into_serialized_writer()?;
            Ok((Arc::clone(writer.properties()), factory, writer.close()?.file_metadata().clone()))
        };
        let (properties, factory, metadata) = describe().map_err(|source| write_error(partial, source))?;
        let mut out = TrackedWrite::new(BufWriter::with_capacity(BUFFER_BYTES, file));
        out.write_all(MAGIC).map_err(|source| io_error("write", partial, source))?;
        Ok(Self { whole, schema, out, writeback, properties, factory, metadata, footer: Footer::default() })
    }

    /// Appends a row group of one array per field of the schema; each is asked for when its turn comes, so that a wide
    /// group is never in memory twice.
    pub(crate) fn write_group(&mut self, columns: impl Iterator<Item = ArrayRef>) -> TableResult<()> {
        self.write_columns(columns, |_| Ok(()))
    }

    /// Like [`write_group`](Self::write_group) for a schema whose last field is a matrix, of which `matrices` has one per row.
    pub(crate) fn write_group_of_matrices<'a>(
        &mut self,
        columns: impl Iterator<Item = ArrayRef>,
        shape: &mut MatrixColumn,
        matrices: impl Iterator<Item = &'a [f32]>,
    ) -> TableResult<()> {
        self.write_columns(columns, |group| {
            if let Some(mut column) = group.next_column()? {
                shape.write(column.untyped(), matrices)?;
                column.close()?;
            }
            Ok(())
        })
    }

    /// Appends a row group whose first columns are arrays, and whose other columns `write_rest` writes.
    fn write_columns(
        &mut self,
        columns: impl Iterator<Item = ArrayRef>,
        write_rest: impl FnOnce(&mut Group<'_>) -> Result<(), ParquetError>,
    ) -> TableResult<()> {
        let schema = Arc::clone(&self.schema);
        let leaves = self.factory.create_column_writers(self.footer.len());
        self.append(|group| {
            let mut leaves = leaves?.into_iter();
            for (field, array) in schema.fields().iter().zip(columns) {
                for (leaf, mut column) in compute_leaves(field, &array)?.iter().zip(leaves.by_ref()) {
                    column.write(leaf)?;
                    column.close()?.append_to_row_group(group)?;
                }
            }
            write_rest(group)
        })
    }

    /// Appends row group `group` of `from`, a file of the same columns, unread.
    pub(crate) fn copy_group(&mut self, from: &GroupReader, group: usize) -> TableResult<()> {
        let described = from.metadata.metadata().row_group(group);
        let ranges = || described.columns().iter().map(ColumnChunkMetaData::byte_range);
        let start = ranges().map(|(start, _)| start).min().unwrap_or(0);
        let end = ranges().map(|(start, length)| start + length).max().unwrap_or(start);
        let length = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        let bytes = from.file.get_bytes(start, length).map_err(|source| read_error(&from.path, source))?;
        self.append(|appended| {
            for column in described.columns() {
                // The description counts from the file's start, the bytes from the group's.
                let here = |offset: i64| offset - start as i64;
                let metadata = column
                    .clone()
                    .into_builder()
                    .set_data_page_offset(here(column.data_page_offset()))
                    .set_dictionary_page_offset(column.dictionary_page_offset().map(here))
                    .build()?;
                let closed = ColumnCloseResult {
                    bytes_written: column.compressed_size() as u64,
                    rows_written: described.num_rows() as u64,
                    metadata,
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                appended.append_column(&bytes, closed)?;
            }
            Ok(())
        })
    }

    /// Appends a row group that `write` fills.
    fn append(&mut self, write: impl FnOnce(&mut Group<'_>) -> Result<(), ParquetError>) -> TableResult<()> {
        let out = &mut self.out;
        let append = || -> Result<(), ParquetError> {
            let index = i32::try_from(self.footer.len())
                .map_err(|_| ParquetError::General("a file cannot have more row groups".to_owned()))?;
            let (schema, properties) = (self.metadata.schema_descr_ptr(), Arc::clone(&self.properties));
            let mut group = SerializedRowGroupWriter::new(schema, properties, out, index, None);
            write(&mut group)?;
            self.footer.push(&*group.close()?)
        };
        append().map_err(|source| write_error(self.whole.partial(), source))?;
        let written = out.bytes_written() as u64;
        self.writeback.advance(written).map_err(|source| io_error("write", self.whole.partial(), source))
    }

    /// Completes, syncs and renames the file into place.
    pub(crate) fn finish(self) -> TableResult<()> {
        let Self { whole, mut out, mut writeback, metadata, footer, .. } = self;
        let partial = whole.partial();
        let complete = || -> Result<BufWriter<File>, ParquetError> {
            // Here, because `into_inner` would turn what the operating system says into words.
            out.flush()?;
            let mut out = out.into_inner()?;
            let metadata = ParquetMetaData::new(metadata, footer.into_groups()?);
            ParquetMetaDataWriter::new(&mut out, &metadata).finish()?;
            Ok(out)
        };
        let buffered = complete().map_err(|source| write_error(partial, source))?;
        buffered.into_inner().map_err(|error| io_error("write", partial, error.into_error()))?;
        writeback.finish().map_err(|source| io_error("write", partial, source))?;
        put_in_place(whole)
    }
}

/// Of tables of measured numbers: hardly any value occurs twice, so neither dictionaries nor compression pay.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build()
}

/// A table on disk, read row group by row group.
pub(crate) struct GroupReader {
    path: PathBuf,
    file: Source,
    metadata: ArrowReaderMetadata,
}

impl GroupReader {
    /// Opens `path` and checks that it holds `table` in a version up to `version`.
    pub(crate) fn open(path: &Path, table: &str, version: u32) -> TableResult<Self> {
        let file = Source::open(path)?;
        // In full, not summed up: what describes a copied group must be what described the first.
        let options = ArrowReaderOptions::default().with_encoding_stats_as_mask(false);
        let metadata = damage::load(path, &file, options)?;
        check_table(path, metadata.schema().metadata(), table, version)?;
        Ok(Self { path: path.to_owned(), file, metadata })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// The rows of each row group.
    pub(crate) fn groups(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let groups = self.metadata.metadata().row_groups().iter();
        groups
            .map(|group| {
                let rows = start..start + group.num_rows() as usize;
                start = rows.end;
                rows
            })
            .collect()
    }

    /// Reads whole columns, `rows` rows at a time; all columns when none is named.
    pub(crate) fn read(
        &self,
        columns: &[&str],
        rows: usize,
    ) -> TableResult<impl Iterator<Item = TableResult<RecordBatch>> + use<>> {
        self.batches(columns, rows, None)
    }

    /// Reads row group `group`, `rows` rows at a time.
    pub(crate) fn read_group(
        &self,
        group: usize,
        rows: usize,
    ) -> TableResult<impl Iterator<Item = TableResult<RecordBatch>> + use<>> {
        self.batches(&[], rows, Some(group))
    }

    fn batches(
        &self,
        columns: &[&str],
        rows: usize,
        group: Option<usize>,
    ) -> TableResult<impl Iterator<Item = TableResult<RecordBatch>> + use<>> {
        let opened = self.file.clone();
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(opened.clone(), self.metadata.clone())
            .with_batch_size(rows);
        if !columns.is_empty() {
            let mask = ProjectionMask::columns(self.metadata.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
        }
        if let Some(group) = group {
            builder = builder.with_row_groups(vec![group]);
        }
        let reader = damage::guarded(&self.path, || builder.build().map_err(|source| read_error(&self.path, source)))?;
        let path = self.path.clone();
        let batches = reader.map(move |batch| batch.map_err(|source| opened.rows_error(&path, source)));
        Ok(damage::guarded_rows(self.path.clone(), batches))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float32Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::Provenance;
    use crate::parquet_io::metadata;

    fn schema() -> SchemaRef {
        let mut fields = vec![Field::new("clip_id", DataType::Utf8, true)];
        fields.extend((0..20).map(|column| Field::new(format!("mfcc_{column:02}_mean"), DataType::Float32, false)));
        Arc::new(Schema::new(fields).with_metadata(metadata(&Provenance::default(), "functionals", 1, &[])))
    }

    /// Columns of `rows` rows, enough of them for several pages in the larger groups.
    fn group(rows: usize) -> Vec<ArrayRef> {
        let id = |row: usize| (!row.is_multiple_of(5)).then(|| format!("demo/{}", "x".repeat(row % 7)));
        let ids: ArrayRef = Arc::new((0..rows).map(id).collect::<StringArray>());
        let column = |column: usize| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values((0..rows).map(|row| (row * 31 + column) as f32)))
        };
        std::iter::once(ids).chain((0..20).map(column)).collect()
    }

    const ROWS: [usize; 6] = [3, 50_000, 1, 20_001, 3, 70_000];

    /// The footer is put together from numbers: it must say all that the library's own says.
    #[test]
    fn a_file_is_byte_for_byte_the_one_that_parquet_writes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("ours.parquet");
        let mut ours = GroupWriter::create(&path, schema()).expect("create");
        let mut theirs = ArrowWriter::try_new(Vec::new(), schema(), Some(properties())).expect("create");
        for rows in ROWS {
            ours.write_group(group(rows).into_iter()).expect("write");
            theirs.write(&RecordBatch::try_new(schema(), group(rows)).expect("a batch")).expect("write");
            theirs.flush().expect("flush");
        }
        assert_eq!((ours.footer.len(), ours.footer.unlike()), (ROWS.len(), 0), "all groups are kept as numbers");
        ours.finish().expect("finish");
        assert!(std::fs::read(&path).expect("file") == theirs.into_inner().expect("finish"));
    }
}
