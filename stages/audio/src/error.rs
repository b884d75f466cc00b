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
pub enum AudioError {
    /// The file could not be read at all.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("the file is empty: 0 bytes")]
    Empty,
    /// A Git-LFS pointer stands where the audio should be.
    #[error("a Git-LFS pointer of {bytes} bytes, not the audio itself: fetch it with `git lfs pull`")]
    GitLfsPointer {
        /// Size of the pointer file in bytes.
        bytes: u64,
    },
    /// The content is of no audio format that is known here.
    #[error("not audio: expected WAV, AIFF, FLAC, MP3 or Ogg Vorbis, found {found}")]
    NotAudio {
        /// Likely kind of the content, in words.
        found: String,
    },
    /// An audio format, but a variant of it that cannot be decoded.
    #[error("unsupported {container} file: {what}")]
    Unsupported {
        /// The container found.
        container: Container,
        /// The feature that is not supported, in words.
        what: String,
    },
    /// The file ends before its audio does.
    #[error("truncated {container} file: {}", shortfall(*expected, *found, *unit))]
    Truncated {
        /// The container found.
        container: Container,
        /// How much the headers promise; `None` where they do not tell and only the end mark is missing.
        expected: Option<u64>,
        /// How much there is.
        found: u64,
        /// Unit of both.
        unit: Unit,
    },
    /// A sample is NaN or infinite. Only files with floating-point samples can hold such.
    #[error("{count} of {samples} samples are NaN or infinite, the first in frame {first_frame}")]
    NonFinite {
        /// Number of such samples.
        count: usize,
        /// Number of samples, all channels together.
        samples: usize,
        /// Frame of the first one, counted from 0.
        first_frame: usize,
    },
    /// The file is well formed and holds no audio.
    #[error("{container} file without a single sample")]
    NoSamples {
        /// The container found.
        container: Container,
    },
    /// More than the caller's [`Limits`](crate::Limits) allow.
    #[error("too large: {found} {unit}, at most {limit} are allowed")]
    OverLimit {
        /// How much there is, or at least how much there was when reading stopped.
        found: u64,
        /// How much is allowed.
        limit: u64,
        /// Unit of both.
        unit: Unit,
    },
    /// The machine has no memory left for it. That says nothing about the file.
    #[error(
        "out of memory: {bytes} bytes more are needed; run with fewer `--jobs`, or raise the limit of this process"
    )]
    OutOfMemory {
        /// How much was asked for.
        bytes: u64,
    },
    /// The content contradicts its own format.
    #[error("damaged {container} file: {detail}")]
    Malformed {
        /// The container found.
        container: Container,
        /// The defect, with the values found.
        detail: String,
    },
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
