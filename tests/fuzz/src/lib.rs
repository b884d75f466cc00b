//! Foreign bytes, handed to everything that reads some: one function per kind of input.
//!
//! Each function takes arbitrary bytes and must come back, with a value or with an error: never a panic, an endless
//! loop or gigabytes of memory. libFuzzer calls them (`just fuzz TARGET`, the targets are in `libfuzzer/`), and so does
//! an ordinary test, with the seeds and with every input that once did harm (`regressions/`).
//!
//! | target | bytes |
//! |---|---|
//! | [`decode()`] | an audio file of any container |
//! | [`corpus()`] | a corpus: descriptor, side table and file names, parted by [`PART`] |
//! | [`pipeline()`] | a pipeline file |
//! | [`tables()`] | a Parquet file; its first byte picks who reads it |
//! | [`model()`] | a model folder: description and weights, parted by [`PART`] |
//! | [`archive()`] | the archive of a corpus |
//! | [`journal()`] | what earlier calls of `ser fetch` wrote down |
//! | [`import()`] | features from elsewhere, CSV or Parquet |
//! | [`ensemble()`] | a member of an ensemble: four tables, parted by [`PART`] |
//! | [`storage()`] | an answer of object storage |

mod archive;
mod corpus;
mod decode;
mod ensemble;
mod folder;
mod import;
mod journal;
mod model;
mod pipeline;
mod seeds;
mod storage;
mod tables;

pub use crate::archive::archive;
pub use crate::corpus::corpus;
pub use crate::decode::decode;
pub use crate::ensemble::ensemble;
pub use crate::import::import;
pub use crate::journal::journal;
pub use crate::model::model;
pub use crate::pipeline::pipeline;
pub use crate::seeds::seeds;
pub use crate::storage::storage;
pub use crate::tables::tables;

/// Parts an input that is several files.
pub const PART: &[u8] = b"\n%%%%\n";

/// A target by the name that `just fuzz` knows it by.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Reads the bytes.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target { name: "decode", run: decode },
    Target { name: "corpus", run: corpus },
    Target { name: "pipeline", run: pipeline },
    Target { name: "tables", run: tables },
    Target { name: "model", run: model },
    Target { name: "archive", run: archive },
    Target { name: "journal", run: journal },
    Target { name: "import", run: import },
    Target { name: "ensemble", run: ensemble },
    Target { name: "storage", run: storage },
];

/// The first part of `bytes`, and what follows its end.
fn split_part(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.windows(PART.len()).position(|window| window == PART) {
        Some(at) => (&bytes[..at], &bytes[at + PART.len()..]),
        None => (bytes, &[]),
    }
}
