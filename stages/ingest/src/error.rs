//! What stops an ingest, as opposed to what makes one file unusable: that is a row with a `problem`.

use std::fmt;
use std::path::PathBuf;

use ser_schemas::TableError;
use ser_storage::StorageError;

/// Why a corpus could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum IngestError {
    /// No built-in descriptor has this name.
    #[error("there is no built-in corpus `{name}`: {hint}")]
    UnknownCorpus { name: String, hint: String },
    /// The descriptor cannot be opened.
    #[error("cannot read the corpus descriptor `{}`", path.display())]
    DescriptorUnreadable { path: PathBuf, source: std::io::Error },
    /// The descriptor is not a valid one. All problems found are listed.
    #[error("the corpus descriptor `{path}` is not valid:{}", listed(problems))]
    DescriptorInvalid { path: String, problems: Vec<DescriptorProblem> },
    /// The stage asks for a kind of recording that the descriptor does not name.
    #[error("corpus `{corpus}` has no modality `{modality}`: {hint}")]
    UnknownModality { corpus: String, modality: String, hint: String },
    /// The root is there, but it is not a folder.
    #[error("the root of corpus `{corpus}`, `{}`, is a file: expected the folder that holds the audio", root.display())]
    RootIsFile { corpus: String, root: PathBuf },
    /// The root is there, but it cannot be listed.
    #[error("cannot read `{}`, the root of corpus `{corpus}`", root.display())]
    RootUnreadable { corpus: String, root: PathBuf, source: std::io::Error },
    /// Files disappeared after they were listed: the folder is being moved, unmounted or cleaned up.
    #[error(
        "{count} of the files of corpus `{corpus}` disappeared while they were read, the first is `{first}`: run again \
         when the folder is complete"
    )]
    Vanished { corpus: String, count: usize, first: String },
    /// The machine ran short of something. That says nothing about the file, so the stage fails and no clip is left
    /// out.
    #[error("cannot read `{}`: {hint}", path.display())]
    Machine { path: PathBuf, hint: &'static str, source: std::io::Error },
    /// Object storage failed, as often as it was asked. That says nothing about the file either.
    #[error("{}: {}", .0, .0.hint())]
    Storage(StorageError),
    /// A table could not be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The user asked to stop.
    #[error("stopped before all files were read")]
    Cancelled,
}

impl From<StorageError> for IngestError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// One mistake in a descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorProblem {
    /// Where, as a dotted key: `pattern[2].path`; empty when the text is not TOML at all.
    pub key: String,
    /// Line in the descriptor, from 1; `None` when something is missing rather than wrong.
    pub line: Option<usize>,
    /// What is wrong, with expected and found values.
    pub message: String,
}

impl fmt::Display for DescriptorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

fn listed(problems: &[DescriptorProblem]) -> String {
    problems.iter().fold(String::new(), |text, problem| text + "\n  " + &problem.to_string())
}
