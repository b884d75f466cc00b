//! Why a demo could not be written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why [`write_demo`](crate::write_demo) stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum DemoError {
    /// A file or folder could not be written.
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// A corpus folder holds something that is not synthetic.
    #[error(
        "`{}` holds files and no {}, so it may be a real corpus: choose another folder for the demo",
        path.display(),
        crate::MARKER
    )]
    Occupied { path: PathBuf },
}
