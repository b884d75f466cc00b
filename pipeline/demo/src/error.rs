//! Why a demo could not be written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why [`write_demo`](crate::write_demo) stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A file or folder could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        source: io::Error,
    },
    /// A corpus folder holds something that is not synthetic.
    #[error(
        "`{}` holds files and no {}, so it may be a real corpus: choose another folder for the demo",
        path.display(),
        crate::MARKER
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
}
