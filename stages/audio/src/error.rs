//! Why a file is no clip. One case per thing that a caller may want to tell apart: ingest maps them to reason codes.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::Container;

/// Unit of a length in [`AudioError::Truncated`] or [`AudioError::OverLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of the file.
    Bytes,
    /// Frames: one sample of every channel.
    Frames,
    /// Single samples, all channels together.
    Samples,
    /// Whole seconds, rounded up.
    Seconds,
}

/// Why bytes could not be decoded. Messages name neither path nor clip: whoever knows these adds them.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum AudioError {
    /// The file could not be read at all.
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file has no bytes.
    #[error("the file is empty: 0 bytes")]
    Empty,
    /// A Git-LFS pointer stands where the audio should be.
    #[error("a Git-LFS pointer of {bytes} bytes, not the audio itself: fetch it with `git lfs pull`")]
    GitLfsPointer { bytes: u64 },
    /// The content is of no audio format that is known here.
    #[error("not audio: expected WAV, AIFF, FLAC, MP3 or Ogg Vorbis, found {found}")]
    NotAudio { found: String },
    /// An audio format, but a variant of it that cannot be decoded.
    #[error("unsupported {container} file: {what}")]
    Unsupported { container: Container, what: String },
    /// The file ends before its audio does; `expected` is `None` where only the end mark is missing.
    #[error("truncated {container} file: {}", shortfall(*expected, *found, *unit))]
    Truncated { container: Container, expected: Option<u64>, found: u64, unit: Unit },
    /// A sample is NaN or infinite. Only files with floating-point samples can hold such.
    #[error("{count} of {samples} samples are NaN or infinite, the first in frame {first_frame}")]
    NonFinite { count: usize, samples: usize, first_frame: usize },
    /// The file is well formed and holds no audio.
    #[error("{container} file without a single sample")]
    NoSamples { container: Container },
    /// More than the caller's [`Limits`](crate::Limits) allow, or at least as much as was `found` when reading stopped.
    #[error("too large: {found} {unit}, at most {limit} are allowed")]
    OverLimit { found: u64, limit: u64, unit: Unit },
    /// The machine has no memory left for it. That says nothing about the file.
    #[error(
        "out of memory: {bytes} bytes more are needed; run with fewer `--jobs`, or raise the limit of this process"
    )]
    OutOfMemory { bytes: u64 },
    /// The content contradicts its own format.
    #[error("damaged {container} file: {detail}")]
    Malformed { container: Container, detail: String },
}

fn shortfall(expected: Option<u64>, found: u64, unit: Unit) -> String {
    match expected {
        Some(expected) => format!("expected {expected} {unit}, found {found}"),
        None => format!("it stops after {found} {unit}, before its end mark"),
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Frames => "frames",
            Self::Samples => "samples",
            Self::Seconds => "seconds",
        })
    }
}
