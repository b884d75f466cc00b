//! Errors that stop the stage; every message names the clip or the parameter, and says what to do.

use std::path::PathBuf;

use ser_audio::{AudioError, ResampleError};
use ser_schemas::TableError;
use ser_stage::Problem;
use ser_storage::StorageError;

/// Result of the functions of this crate.
pub type FeaturesResult<T> = Result<T, FeaturesError>;

/// Features that could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// Parameters that are not acceptable, all of them.
    #[error("{}", list(.0))]
    Params(Vec<Problem>),
    /// The manifest does not say which sample rate features are computed at.
    #[error("`{}` has no valid `{key}` in its metadata (found {found}); rerun the manifest stage", path.display())]
    SampleRate {
        /// The manifest's table of clips.
        path: PathBuf,
        /// The metadata key.
        key: &'static str,
        /// Its value.
        found: String,
    },
    /// A manifest without clips.
    #[error("`{}` holds no clips, so there is nothing to compute features of; see the manifest's exclusions", path.display())]
    NoClips {
        /// The manifest's table of clips.
        path: PathBuf,
    },
    /// A file that decoded at ingest and does not any more.
    #[error("clip `{clip_id}`: cannot decode `{path}`, which was readable at ingest; rerun the ingest stage")]
    Decode {
        /// The clip.
        clip_id: String,
        /// Its file or object.
        path: String,
        /// Message of the decoder.
        #[source]
        source: AudioError,
    },
    /// A file that is not the one that ingest saw.
    #[error("clip `{clip_id}`: `{path}` has changed since ingest read it; rerun the ingest stage")]
    Changed {
        /// The clip.
        clip_id: String,
        /// Its file or object.
        path: String,
    },
    /// An object that cannot be read from object storage.
    #[error("clip `{clip_id}`: {error}: {}", error.hint())]
    Storage {
        /// The clip.
        clip_id: String,
        /// What went wrong.
        error: StorageError,
    },
    /// A pair of sample rates that cannot be converted.
    #[error("cannot resample from {from_hz} Hz to {to_hz} Hz")]
    Resample {
        /// Sample rate of the recording.
        from_hz: u32,
        /// Sample rate wanted.
        to_hz: u32,
        /// Message of the resampler.
        #[source]
        source: ResampleError,
    },
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The user asked to stop.
    #[error("stopped before all features were computed; parts that are complete are kept for the next run")]
    Cancelled,
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| match &problem.hint {
            Some(hint) => format!("`{}`: {} ({hint})", problem.key, problem.message),
            None => format!("`{}`: {}", problem.key, problem.message),
        })
        .collect();
    lines.join("; ")
}
