//! Frames and functionals of clips: in memory as far as there is room, and beyond that in a file.
//!
//! A corpus of any size can be trained on so: what is kept in memory has a bound, and of the file the operating system keeps as
//! much at hand as it has memory for. The file has no name and is gone with the process. Where values are makes none of
//! them different.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::TrainError;

/// Bytes of values that a stage keeps in memory.
pub(crate) const ROOM: usize = 768 << 20;

const BYTES_PER_VALUE: usize = size_of::<f32>();

/// Values of one clip: frame after frame, or its functionals.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// At hand.
    Memory(Vec<f32>),
    /// In a file, `len` values from byte `start` on.
    File { file: Arc<Scratch>, start: u64, len: usize },
}

impl Values {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Memory(values) => values.len(),
            Self::File { len, .. } => *len,
        }
    }

    /// `true` if there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub(crate) fn all(&self) -> Result<Cow<'_, [f32]>, TrainError> {
        self.range(0..self.len())
    }

    /// Those of `range`, which lies within them.
    pub(crate) fn range(&self, range: Range<usize>) -> Result<Cow<'_, [f32]>, TrainError> {
        match self {
            Self::Memory(values) => Ok(Cow::Borrowed(&values[range])),
            Self::File { file, start, .. } => {
                let start = start + (range.start * BYTES_PER_VALUE) as u64;
                Ok(Cow::Owned(file.read(start, range.len())?))
            }
        }
    }
}

impl Default for Values {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl From<Vec<f32>> for Values {
    fn from(values: Vec<f32>) -> Self {
        Self::Memory(values)
    }
}

/// A file without a name.
#[derive(Debug)]
pub(crate) struct Scratch {
    file: File,
    /// Folder that it is in, for messages.
    dir: PathBuf,
}

impl Scratch {
    fn read(&self, start: u64, values: usize) -> Result<Vec<f32>, TrainError> {
        let mut bytes = vec![0; values * BYTES_PER_VALUE];
        read_at(&self.file, start, &mut bytes).map_err(|source| scratch_error("read", &self.dir, source))?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

/// Takes values in, clip by clip.
pub(crate) struct Store {
    dir: PathBuf,
    /// Bytes that may still go to memory.
    room: usize,
    scratch: Option<Writing>,
}

struct Writing {
    to: BufWriter<File>,
    file: Arc<Scratch>,
    end: u64,
}

impl Store {
    /// With memory for `room` bytes; what is beyond goes to a file in `dir`.
    pub(crate) fn new(dir: &Path, room: usize) -> Self {
        Self { dir: dir.to_owned(), room, scratch: None }
    }

    /// Keeps `values`. Those in the file can be read after [`finish`](Self::finish).
    pub(crate) fn put(&mut self, mut values: Vec<f32>) -> Result<Values, TrainError> {
        let bytes = values.len() * BYTES_PER_VALUE;
        if bytes <= self.room {
            self.room -= bytes;
            // Room is what memory holds, not what there are values for.
            values.shrink_to_fit();
            return Ok(Values::Memory(values));
        }
        // What is smaller and comes later stays out of memory, too: one rule for all that follow.
        self.room = 0;
        let failed = |source| scratch_error("write", &self.dir, source);
        let scratch = match &mut self.scratch {
            Some(scratch) => scratch,
            empty => empty.insert(Writing::new(&self.dir).map_err(failed)?),
        };
        let start = scratch.end;
        for value in &values {
            scratch.to.write_all(&value.to_le_bytes()).map_err(failed)?;
        }
        scratch.end += bytes as u64;
        Ok(Values::File { file: Arc::clone(&scratch.file), start, len: values.len() })
    }

    /// Bytes in the file, all of which can be read from now on.
    pub(crate) fn finish(self) -> Result<u64, TrainError> {
        let Some(mut scratch) = self.scratch else { return Ok(0) };
        scratch.to.flush().map_err(|source| scratch_error("write", &self.dir, source))?;
        Ok(scratch.end)
    }
}

impl Writing {
    fn new(dir: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let file = tempfile::tempfile_in(dir)?;
        let to = BufWriter::with_capacity(1 << 20, file.try_clone()?);
        Ok(Self { to, file: Arc::new(Scratch { file, dir: dir.to_owned() }), end: 0 })
    }
}

fn scratch_error(action: &'static str, dir: &Path, source: std::io::Error) -> TrainError {
    TrainError::Scratch { action, dir: dir.to_owned(), source }
}

/// Fills `bytes` from byte `start` of the file on, wherever others read.
#[cfg(unix)]
fn read_at(file: &File, start: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

/// The same where a file has one position for all: one reader at a time.
#[cfg(not(unix))]
fn read_at(mut file: &File, start: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    use std::io::{Read as _, Seek as _};

    static ONE_READER: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ONE_READER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(std::io::SeekFrom::Start(start))?;
    file.read_exact(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clips of 0 to 6 values.
    fn clips() -> Vec<Vec<f32>> {
        (0..40).map(|clip| (0..clip % 7).map(|value| (clip * 10 + value) as f32 - 0.5).collect()).collect()
    }

    #[test]
    fn values_are_the_same_wherever_they_are() {
        let folder = tempfile::tempdir().expect("temporary folder");
        // 116 values of 4 bytes: none, some and all of them fit.
        for room in [0, 100, 1 << 20] {
            let mut store = Store::new(folder.path(), room);
            let kept: Vec<Values> = clips().into_iter().map(|clip| store.put(clip).expect("room")).collect();
            let bytes = store.finish().expect("written");
            let in_file = kept.iter().filter(|values| matches!(values, Values::File { .. })).count();
            assert_eq!((bytes > 0, in_file > 0), (room < 464, room < 464), "{room}: {bytes} bytes");
            assert!(in_file < 40, "empty clips need no file, and the first ones fit into {room}");
            for (values, clip) in kept.iter().zip(clips()) {
                assert_eq!((values.len(), values.is_empty()), (clip.len(), clip.is_empty()));
                assert_eq!(values.all().expect("there"), clip);
                let middle = clip.len() / 3..clip.len() - clip.len() / 3;
                assert_eq!(values.range(middle.clone()).expect("there"), &clip[middle]);
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "no file has a name");
    }

    #[test]
    fn memory_holds_no_more_than_the_values() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut values = Vec::with_capacity(10_000);
        values.extend(std::iter::repeat_n(0.5, 5_001));
        let Values::Memory(kept) = Store::new(folder.path(), 1 << 20).put(values).expect("room") else {
            panic!("a file")
        };
        assert!(kept.len() == 5_001 && kept.capacity() < 5_100, "{}", kept.capacity());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "in the way").expect("written");
        let error = Store::new(&file, 0).put(vec![1.0]).expect_err("no folder").to_string();
        assert!(error.contains("file") && error.contains("cannot write"), "{error}");
    }
}
