//! Files of measured numbers, each written at once: one row group, neither compressed nor described by statistics.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::compute_leaves;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::error::{TableResult, io_error, write_error};
use crate::matrices::MatrixColumn;
use crate::parquet_io::{create, put_in_place};

/// Bytes collected before they are handed to the operating system.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes `rows` rows to `path`, which appears there whole or not at all: one array per field of the schema, each asked for
/// when its turn comes, so that a wide file is never in memory twice; and, for a schema whose last field is a matrix, one
/// matrix per row of as many columns as stand beside them.
pub(crate) fn write<'a>(
    path: &Path,
    schema: &SchemaRef,
    rows: usize,
    columns: impl Iterator<Item = ArrayRef>,
    matrices: Option<(usize, impl Iterator<Item = &'a [f32]>)>,
) -> TableResult<()> {
    let (whole, file) = create(path)?;
    let partial = whole.partial();
    let write = || -> Result<_, ParquetError> {
        let to = BufWriter::with_capacity(BUFFER_BYTES, file);
        let writer = ArrowWriter::try_new(to, Arc::clone(schema), Some(properties()))?;
        let (mut writer, factory) = writer.into_serialized_writer()?;
        if rows > 0 {
            let mut leaves = factory.create_column_writers(0)?.into_iter();
            let mut group = writer.next_row_group()?;
            for (field, array) in schema.fields().iter().zip(columns) {
                for (leaf, mut column) in compute_leaves(field, &array)?.iter().zip(leaves.by_ref()) {
                    column.write(leaf)?;
                    column.close()?.append_to_row_group(&mut group)?;
                }
            }
            if let Some((width, matrices)) = matrices
                && let Some(mut column) = group.next_column()?
            {
                MatrixColumn::new(width).write(column.untyped(), matrices)?;
                column.close()?;
            }
            group.close()?;
        }
        writer.finish()?;
        // Here, because `into_inner` would turn what the operating system says into words.
        writer.inner_mut().flush()?;
        Ok(writer)
    };
    let written = write().map_err(|source| write_error(partial, source))?;
    written.inner().get_ref().sync_all().map_err(|source| io_error("write", partial, source))?;
    put_in_place(whole)
}

/// Hardly any value occurs twice, so neither dictionaries nor compression pay; statistics would make up much of a wide file.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build()
}
