//! The first stage: from a folder, or a bucket, of other people's audio files to rows of a table.
//!
//! Every audio file that lies below the root becomes one row, usable or not: a file that cannot be decoded, or whose
//! name cannot be read, is a row with a `problem`, so that no file is ever lost silently. What a name means is written
//! in a [`Descriptor`], a TOML file; seven ship with the program, and no corpus is known to the code itself.
//!
//! | module | what it knows |
//! |---|---|
//! | `descriptor` | the format of descriptors, their errors, the built-in ones |
//! | `emotions` | which words mean which of the built-in emotions |
//! | `identify` | all that names and tables tell about a file |
//! | `names` | what the path of a file says about its content, by a descriptor |
//! | `ids` | the ids of clips |
//! | `tables` | joining the tables that lie beside a corpus |
//! | `folder` | which audio files there are below a folder, whatever links and permissions do |
//! | `walk` | which of them, and which tables, belong to a corpus |
//! | `probe` | one file: bytes, hash, samples, levels |
//! | `machine` | which errors are not a file's fault |
//! | `expected` | what a complete corpus would have |
//! | `remarks` | what is probably a mistake in what was read by names, and what is worth knowing |
//! | `survey` | a corpus checked by its names alone |
//! | `sources` | what an ingest reads, by content, and what changed in it |
//! | `changes` | two listings of files compared, in words |
//! | `index` | which files were read before and have not changed since |
//! | `kind` | the stage as a kind |
//! | `seen` | what was found in files of the same content before |
//! | `watched` | where a change can happen that makes an ingest stale |

mod changes;
mod descriptor;
mod emotions;
mod error;
mod expected;
mod folder;
mod identify;
mod ids;
mod index;
mod kind;
mod machine;
mod names;
mod params;
mod parts;
mod probe;
mod remarks;
mod run;
mod seen;
mod sources;
mod survey;
mod tables;
mod walk;
mod watched;

pub use crate::descriptor::{
    Descriptor, Fetch, FetchArchive, FetchFiles, FetchFrom, Redistribution, builtin_descriptors, is_valid_name,
    template,
};
pub use crate::emotions::class_of;
pub use crate::error::{DescriptorProblem, IngestError};
pub use crate::folder::{AUDIO_EXTENSIONS, FolderError, FolderFile, FolderWalk, is_audio, walk_folder};
pub use crate::kind::Ingest;
pub use crate::params::Params;
pub use crate::probe::{describe, reason as reason_of};
pub use crate::run::{Reading, read};
pub use crate::sources::{FoundSources, Sources, find_sources};
pub use crate::survey::{Example, Survey, check_root};
pub use crate::watched::{watched_objects, watched_paths, would_read};

/// Version of the code: raising it makes every corpus be read anew.
pub const VERSION: u32 = 5;
