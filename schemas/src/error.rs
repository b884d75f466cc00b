//! Errors of tables on disk; every message names the file.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// Result of reading or writing a table.
pub type TableResult<T> = Result<T, TableError>;

/// A table that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum TableError {
    /// The file system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The file is not Parquet, or is damaged.
    #[error("`{}` is not a readable Parquet file", path.display())]
    Parquet { path: PathBuf, source: parquet::errors::ParquetError },
    /// The rows could not be encoded; what the file system refuses is [`Io`](Self::Io).
    #[error("cannot encode `{}` as Parquet", path.display())]
    Encode { path: PathBuf, source: parquet::errors::ParquetError },
    /// Arrow refused the data.
    #[error("`{}` does not hold valid Arrow data", path.display())]
    Arrow { path: PathBuf, source: arrow::error::ArrowError },
    /// A Parquet file, but of another table or of a version that this program does not know.
    #[error("`{}` holds table `{found}`, expected `{expected}`", path.display())]
    WrongTable { path: PathBuf, expected: String, found: String },
    /// A folder without any part of a table.
    #[error("`{}` holds no part of a table: expected files named `part-<identity>.parquet`; rerun the stage that writes it", path.display())]
    NoParts { path: PathBuf },
    /// A part that does not go with the others of its folder.
    #[error("`{}` is of another table than `{}` beside it; rerun the stage that writes the folder", path.display(), other.display())]
    OtherPart { path: PathBuf, other: PathBuf },
    /// A column is missing.
    #[error("`{}` has no column `{column}`; it has: {}", path.display(), present.join(", "))]
    MissingColumn { path: PathBuf, column: String, present: Vec<String> },
    /// A value does not fit its column.
    #[error("`{}`, column `{column}`, row {row}: {problem}", path.display())]
    BadValue { path: PathBuf, column: String, row: usize, problem: String },
}

impl TableError {
    /// The file system refused to `action` ("read", "write", "create") what is at `path`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> TableError {
    TableError::io(action, path)(source)
}

/// Reading `path` failed. A file that ends too early is a damaged file; other refusals of the system say nothing about
/// it.
pub(crate) fn read_error(path: &Path, source: ParquetError) -> TableError {
    match system_error(source) {
        Ok(source) => io_error("read", path, source),
        Err(source) => TableError::Parquet { path: path.to_owned(), source },
    }
}

/// Writing `path` failed.
pub(crate) fn write_error(path: &Path, source: ParquetError) -> TableError {
    match system_error(source) {
        Ok(source) => io_error("write", path, source),
        Err(source) => TableError::Encode { path: path.to_owned(), source },
    }
}

/// Error of the operating system, if it was the operating system's.
fn system_error(error: ParquetError) -> Result<io::Error, ParquetError> {
    let ParquetError::External(inner) = error else { return Err(error) };
    match inner.downcast::<io::Error>() {
        Ok(inner) if is_damage(&inner) => Err(ParquetError::External(inner)),
        Ok(inner) => Ok(*inner),
        Err(inner) => Err(ParquetError::External(inner)),
    }
}

/// `true` if an error is about what a file holds, not about getting at it.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}
