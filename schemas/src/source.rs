//! A Parquet file that is read at any place through one handle.
//!
//! The library's reader of files opens another handle for every page, passes on what the operating system says as words
//! of its own, and believes whatever length a damaged file claims for a piece of it. This one needs one handle however
//! much is read, keeps the system's own error, and makes room for no more than there is.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{TableError, TableResult, io_error};

/// A file opened for reading. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    file: Arc<File>,
    /// Bytes that it had when it was opened.
    length: u64,
    /// The first thing that the operating system refused.
    refused: Arc<Mutex<Option<io::Error>>>,
}

impl Source {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> TableResult<Self> {
        let open = || -> io::Result<Self> {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok(Self { file: Arc::new(file), length, refused: Arc::default() })
        };
        open().map_err(|source| io_error("read", path, source))
    }

    /// Error of rows of the file at `path`: the system's refusal, if there was one.
    pub(crate) fn rows_error(&self, path: &Path, source: ArrowError) -> TableError {
        match self.refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(source) => io_error("read", path, source),
            None => TableError::Arrow { path: path.to_owned(), source },
        }
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Source {
    type T = BufReader<Reader>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Reader { source: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            let problem = format!("{length} bytes from byte {start} on, in a file of {} bytes", self.length);
            return Err(ParquetError::EOF(problem));
        }
        let mut bytes = vec![0; length];
        Reader { source: self.clone(), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads a file from a place on.
#[derive(Debug)]
pub(crate) struct Reader {
    source: Source,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match read_at(&self.source.file, buffer, self.at) {
            // A Parquet file ends in its description, so no piece of it is read to the end. The library skips what it
            // does not know without looking whether anything came, as often as a damaged page says.
            Ok(0) if !buffer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                self.at += read as u64;
                Ok(read)
            }
            Err(error) => {
                let code = error.raw_os_error();
                let mut refused = self.source.refused.lock().unwrap_or_else(PoisonError::into_inner);
                if error.kind() != io::ErrorKind::Interrupted && refused.is_none() {
                    // Errors cannot be copied; the system's are no more than their codes.
                    *refused = Some(code.map_or_else(|| io::Error::from(error.kind()), io::Error::from_raw_os_error));
                }
                Err(error)
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &TableError) -> String {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        format!("{error}: {cause}")
    }

    #[test]
    fn any_place_is_read_and_no_more_than_there_is() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "0123456789").expect("file");
        let source = Source::open(&path).expect("open");
        assert_eq!(source.len(), 10);
        assert_eq!(source.get_bytes(3, 4).expect("bytes"), "3456");
        assert_eq!(source.get_bytes(10, 0).expect("bytes"), "");
        let mut end = [0; 3];
        let mut reader = source.get_read(7).expect("reader");
        reader.read_exact(&mut end).expect("three bytes");
        assert_eq!(&end, b"789");
        assert_eq!(reader.read(&mut end).expect_err("the end").kind(), io::ErrorKind::UnexpectedEof);
        for (start, length) in [(3, 8), (11, 0), (u64::MAX, 1), (0, usize::MAX), (5, isize::MAX as usize)] {
            let error = source.get_bytes(start, length).expect_err("beyond the end");
            assert!(matches!(error, ParquetError::EOF(_)), "{error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_refuses_is_told_as_it_says_and_anything_else_is_damage() {
        let folder = tempfile::tempdir().expect("folder");
        let source = Source::open(folder.path()).expect("a folder can be opened, and not read");
        let damage = || ArrowError::ParquetError("External: some words".to_owned());
        assert!(told(&source.rows_error(Path::new("t"), damage())).contains("some words"));
        source.get_read(0).expect("reader").read(&mut [0; 1]).expect_err("a folder has no bytes");
        let error = source.rows_error(Path::new("t"), damage());
        assert_eq!(told(&error), "cannot read `t`: Is a directory (os error 21)");
    }
}
