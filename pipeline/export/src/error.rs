//! Errors of exports: what was to be handed on, what was found instead, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use ser_schemas::TableError;
use ser_storage::StorageError;

/// An export that could not be made. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum ExportError {
    /// The file system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// A table could not be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Rows could not be written as Parquet.
    #[error("cannot write `{}`", path.display())]
    Parquet { path: PathBuf, source: parquet::errors::ParquetError },
    /// There is something in the place of the export.
    #[error("`{}` is {found}: expected {expected}", path.display())]
    Occupied { path: PathBuf, found: &'static str, expected: &'static str, hint: String },
    /// Licences that forbid it, or do not allow it.
    #[error("the licences of some corpora do not let their recordings be passed on: {corpora}")]
    Forbidden { corpora: String },
    /// A fold that the split does not have.
    #[error("split `{split}` has no fold {fold}: expected {expected}")]
    NoFold { split: String, fold: u32, expected: String },
    /// A fold of the split without any clip of the manifest.
    #[error("fold {fold} of split `{split}` holds none of the manifest's {clips} clips: it is of another manifest")]
    OtherManifest { split: String, fold: u32, clips: usize },
    /// A manifest without clips.
    #[error("the manifest holds no clips: there is nothing to hand on")]
    NoClips,
    /// A recording is no longer what the manifest describes.
    #[error(
        "`{}` is not the file that the manifest describes: it has {found}, expected {expected}; put the recording back, \
         or take it in as it is now: `ser run`",
        path.display()
    )]
    AudioChanged { path: PathBuf, expected: String, found: String },
    /// A recording cannot be read from object storage.
    #[error("{}: {}", .0, .0.hint())]
    Storage(StorageError),
    /// More bytes than a value of a table may have.
    #[error("`{}` has {bytes} bytes: a clip in a table has at most {most}; leave it out of the manifest", path.display())]
    AudioTooLarge { path: PathBuf, bytes: u64, most: u64 },
    /// A file of a result is no longer what its record says.
    #[error(
        "`{}` is not the file that stage `{stage}` wrote: its BLAKE3 hash is {found}, expected {expected}; make it again: \
         `ser run {stage}`",
        path.display()
    )]
    ResultChanged { stage: String, path: PathBuf, expected: String, found: String },
    /// The result of a stage in a run was replaced since.
    #[error("the result of stage `{stage}` that run `{run}` made or found is no longer there: {found}")]
    ResultReplaced { stage: String, run: String, found: String },
    /// A run that holds no results.
    #[error("run `{run}` made or found no result: there is nothing to pack")]
    NoResults { run: String },
    /// The user stopped it.
    #[error("stopped; nothing was written")]
    Cancelled,
}

impl From<StorageError> for ExportError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Result of an export.
pub(crate) type ExportResult<T> = Result<T, ExportError>;

impl ExportError {
    /// The file system refused to `action` ("read", "write") what is at `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Advice where the mistake is in what was asked for; `None` where something else went wrong.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Occupied { hint, .. } => Some(hint.clone()),
            Self::Forbidden { .. } => Some(
                "`--private` writes the dataset for yourself, marked as such; to pass one on, leave these corpora out: \
                 a manifest with other stages in its `from`"
                    .to_owned(),
            ),
            Self::NoFold { .. } => Some("name one of these with `--fold`".to_owned()),
            Self::OtherManifest { .. } => Some("name a split of this manifest, or run it again: `ser run`".to_owned()),
            Self::NoClips => Some("`ser audit` tells what was left out, and why".to_owned()),
            Self::ResultReplaced { .. } => {
                Some("only the last result of a stage is kept: pack the latest run, after `ser run`".to_owned())
            }
            Self::NoResults { .. } => Some("`ser runs` lists the others".to_owned()),
            _ => None,
        }
    }
}
