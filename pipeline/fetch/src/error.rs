//! Why a corpus, or a file of it, could not be fetched.

use std::path::PathBuf;
use std::time::Duration;

use crate::checksum::Checksum;

/// Why something could not be fetched. What had come before stays, and the next call goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum FetchError {
    /// No answer, a broken one, or one that ended too early, as often as it was tried.
    #[error("`{url}` could not be fetched: {why}")]
    Unreachable { url: String, why: String },
    /// Certificates do not hold, or are none.
    #[error("the connection to `{url}` is not trusted: {why}")]
    Untrusted { url: String, why: String },
    /// The server refuses.
    #[error("`{url}` was refused with status {status}{}", colon_and(.said.as_deref()))]
    Refused { url: String, status: u16, said: Option<String> },
    /// The server does not have it.
    #[error("there is no `{url}`: the server answers with status {status}")]
    Missing { url: String, status: u16 },
    /// The server asks for more patience than it gets.
    #[error("the server of `{url}` asks to come again in {} s", wait.as_secs())]
    Busy { url: String, wait: Duration },
    /// A redirect that is not followed.
    #[error("`{from}` leads to `{to}`, which is not followed: {why}")]
    Redirect { from: String, to: String, why: &'static str },
    /// Something else was sent in place of the file.
    #[error("the server sent {found} in place of `{file}`")]
    NotTheFile { file: String, found: String },
    /// The file has another size than its publisher states.
    #[error("`{file}` has {found} bytes on the server: expected {expected}, as its publisher states")]
    WrongSize { file: String, expected: u64, found: u64 },
    /// The file came whole, and is another one than its publisher states.
    #[error("`{file}` came with the checksum {found}: expected {expected}, as its publisher states")]
    WrongChecksum { file: String, expected: Checksum, found: Checksum },
    /// A list of files cannot be understood.
    #[error("`{url}` is not the list of files that was expected: {why}")]
    NoList { url: String, why: String },
    /// A list of files differs from what is known of the corpus.
    #[error("{what}: expected {expected}, the publisher has {found}")]
    Changed { what: String, expected: String, found: String },
    /// A path in a list or an archive that is not a safe one.
    #[error("`{of}` names a file `{}`, which is not taken: {why}", path.escape_debug())]
    UnsafePath { of: String, path: String, why: &'static str },
    /// A file that the publisher gives to some only.
    #[error("`{file}` is restricted by its publisher")]
    Restricted { file: String },
    /// A file that is there already, and is another one.
    #[error("`{}` is there already, and is not the published file", path.display())]
    Occupied { path: PathBuf },
    /// An archive that cannot be read.
    #[error("`{archive}` cannot be unpacked: {why}")]
    Archive { archive: String, why: String },
    /// An archive that is of another corpus, or not whole.
    #[error("`{archive}` is not the archive of the corpus: {found} files in it match {globs}, expected {expected}")]
    OtherArchive { archive: String, globs: String, expected: String, found: u64 },
    /// An archive that was given is of another size than the corpus's.
    #[error("`{file}` is not the archive of the corpus: it has {found} bytes, expected {expected}")]
    OtherFile { file: String, expected: u64, found: u64 },
    /// Too little room on the disk.
    #[error("too little room in `{}`: {needed} bytes are needed, {free} are free", folder.display())]
    NoSpace { folder: PathBuf, needed: u64, free: u64 },
    /// A file or folder cannot be read or written.
    #[error("cannot {doing} `{}`", path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
    /// Another call is at work on the folder.
    #[error("another `ser fetch` is at work in `{}`", folder.display())]
    Locked { folder: PathBuf },
    /// The corpus has to be got by hand.
    #[error("the corpus has to be got by hand")]
    ByHand { steps: Vec<String> },
    /// An archive was given for a corpus that is no single archive.
    #[error("the corpus is not published as one archive: `{}` cannot be what it comes in", archive.display())]
    NoArchive { archive: PathBuf },
    /// A glob that is none.
    #[error("`{glob}` is not a glob that can be used")]
    Glob { glob: String, source: globset::Error },
    /// A variable of the environment that cannot be used.
    #[error("the variable `{variable}` is of no use: {why}")]
    Variable { variable: String, why: String },
    /// Some files of many.
    #[error("{failed} of {of} files could not be fetched, the first: {first}")]
    Some {
        failed: usize,
        of: usize,
        #[source]
        first: Box<FetchError>,
    },
}

impl FetchError {
    /// Makes an I/O error of a path into one of these.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let again = "what has come is kept: run the same command again to go on from there";
        Some(match self {
            Self::Unreachable { .. } => {
                format!("check the network, and `HTTPS_PROXY` if there is a proxy; {again}")
            }
            Self::Untrusted { .. } => "where a proxy has certificates of its own, name the file of its authority in \
                                       `SSL_CERT_FILE`"
                .to_owned(),
            Self::Refused { .. } | Self::Busy { .. } => format!("wait a while; {again}"),
            Self::NotTheFile { .. } | Self::WrongSize { .. } => {
                format!("the server or a proxy is probably in trouble: try later; {again}")
            }
            Self::WrongChecksum { .. } => "it was not taken: fetch it again, and if it comes out the same, tell the \
                                           publisher"
                .to_owned(),
            Self::Missing { .. } | Self::Changed { .. } | Self::NoList { .. } => {
                "the publisher has changed something: look at the page of the corpus (`ser corpora list`), and mend \
                 the `[fetch]` table of its descriptor"
                    .to_owned()
            }
            Self::Occupied { path } => {
                format!("move `{}` away, or fetch into another folder with `--to`", path.display())
            }
            Self::OtherArchive { .. } | Self::OtherFile { .. } => {
                "give the archive that the steps name, as it was downloaded and whole".to_owned()
            }
            Self::NoSpace { .. } => format!("make room, or fetch into another folder with `--to`; {again}"),
            Self::Io { source, .. } if is_full(source) => format!("make room on the disk; {again}"),
            Self::Locked { .. } => "wait until it is done".to_owned(),
            Self::ByHand { .. } => "then give the archive to `--archive FILE`".to_owned(),
            Self::NoArchive { .. } => "leave `--archive` out".to_owned(),
            Self::Archive { .. } => {
                "download it again; if it comes out the same, tell the publisher: nothing that is broken was taken"
                    .to_owned()
            }
            Self::UnsafePath { .. } => {
                "tell the publisher; other files can be chosen in the `[fetch]` table of the descriptor".to_owned()
            }
            Self::Restricted { .. } => "ask the publisher for it, and put it into the folder by hand".to_owned(),
            Self::Redirect { .. } => format!("the server or a proxy is probably in trouble: try later; {again}"),
            Self::Some { first, .. } => return first.hint().or_else(|| Some(again.to_owned())),
            _ => return None,
        })
    }

    /// `true` if the fault is with one file, and others may come all the same.
    pub(crate) fn is_of_one_file(&self) -> bool {
        matches!(
            self,
            Self::Missing { .. }
                | Self::NotTheFile { .. }
                | Self::WrongSize { .. }
                | Self::WrongChecksum { .. }
                | Self::Restricted { .. }
                | Self::Occupied { .. }
        )
    }
}

/// `true` for the errors of a disk, or a share of one, without room.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};

    matches!(error.kind(), StorageFull | QuotaExceeded)
}

fn colon_and(said: Option<&str>) -> String {
    said.map(|said| format!(": {said}")).unwrap_or_default()
}
