//! Damaged Parquet files: descriptions that cannot be true, and panics of the library that reads them.
//!
//! The library checks much, but not all, of what a file says of itself, and panics where that contradicts itself. Every
//! description is therefore checked here when it is loaded, and the library's panics become errors of the file.

use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::Length as _;
use ser_stage::foreign;

use crate::error::{TableError, TableResult, read_error};
use crate::source::Source;

/// The description of `file`, the file at `path`: schema, metadata and places of all columns, which lie within the
/// file.
pub(crate) fn load(path: &Path, file: &Source, options: ArrowReaderOptions) -> TableResult<ArrowReaderMetadata> {
    let described =
        guarded(path, || ArrowReaderMetadata::load(file, options).map_err(|source| read_error(path, source)))?;
    match contradiction(described.metadata(), file.len()) {
        Some(problem) => Err(damaged(path, problem)),
        None => Ok(described),
    }
}

/// Calls `read`, which calls the library; a panic there is an error of the file at `path`.
pub(crate) fn guarded<T>(path: &Path, read: impl FnOnce() -> TableResult<T>) -> TableResult<T> {
    foreign(read).unwrap_or_else(|_| Err(damaged(path, "its pages contradict themselves")))
}

/// The items of `rows`, which the library makes; the first panic is an error of the file at `path`, and the end.
pub(crate) fn guarded_rows<T>(
    path: PathBuf,
    mut rows: impl Iterator<Item = TableResult<T>>,
) -> impl Iterator<Item = TableResult<T>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let next = guarded(&path, || Ok(rows.next()));
        ended = next.is_err();
        next.unwrap_or_else(|error| Some(Err(error)))
    })
}

fn damaged(path: &Path, problem: &str) -> TableError {
    TableError::Parquet { path: path.to_owned(), source: ParquetError::General(format!("damaged: {problem}")) }
}

/// Contradiction in `described`: a value that cannot be true of a file of `length` bytes.
fn contradiction(described: &ParquetMetaData, length: u64) -> Option<&'static str> {
    let mut rows = 0_i64;
    for group in described.row_groups() {
        rows = match (group.num_rows(), rows.checked_add(group.num_rows())) {
            (0.., Some(rows)) => rows,
            _ => return Some("a row group has a number of rows that cannot be"),
        };
        if !lies_within(group, length) {
            return Some("a column lies beyond the end of the file");
        }
    }
    None
}

fn lies_within(group: &RowGroupMetaData, length: u64) -> bool {
    group.columns().iter().all(|column| {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let start = u64::try_from(start.min(column.data_page_offset()));
        let size = u64::try_from(column.compressed_size());
        match (start, size) {
            (Ok(start), Ok(size)) => start.checked_add(size).is_some_and(|end| end <= length),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_file_and_ends_its_rows() {
        let error = guarded::<()>(Path::new("t.parquet"), || panic!("as the library does")).expect_err("a panic");
        assert!(error.to_string().contains("t.parquet"), "{error}");
        let mut number = 0;
        let rows = std::iter::from_fn(|| {
            number += 1;
            assert!(number < 3, "as the library does");
            Some(Ok(number))
        });
        let read: Vec<_> = guarded_rows("t.parquet".into(), rows).collect();
        assert_eq!(read.len(), 3);
        assert!(matches!(read[..], [Ok(1), Ok(2), Err(TableError::Parquet { .. })]), "{read:?}");
    }
}
