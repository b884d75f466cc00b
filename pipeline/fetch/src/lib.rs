//! Corpora that download and verify themselves: HTTP, checksums and archives, and nothing of audio.
//!
//! [`fetch`] brings the files of a [`Source`] below a folder. A file appears there whole and verified against the
//! checksum that its publisher states, or not at all; what a call had received when it was killed, the next one takes
//! up. A folder `.ser-fetch` beside the files holds what is needed for that: parts of files, the publisher's list, and
//! a journal of what was verified, by which a further call knows without any request that there is nothing to do.
//!
//! | module | what it knows |
//! |---|---|
//! | `source` | where a corpus is published, and what is wanted of it |
//! | `network` | base URLs, timings, proxy and certificates |
//! | `client` | one request and its redirects; what an answer that is no success means |
//! | `persist` | trying again, as long as that is worth it and when the server says |
//! | `retry_after` | the time that a server asks to be given |
//! | `location` | where a redirect or a link leads, and whether one may go there |
//! | `list` | what the publisher has: names, sizes, checksums |
//! | `links` | where the objects of a Git LFS repository lie, for as long as that holds |
//! | `part` | the part of a file that has come so far |
//! | `download` | one file, to its last byte |
//! | `pool` | many files at once, and the failures of some |
//! | `pace` | requests no closer together than a server likes |
//! | `archive` | what may be taken out of an archive |
//! | `store` | the corpus's folder, and what is in place there |
//! | `journal` | what was verified, and the licence that was agreed to |
//! | `checksum` | MD5 and SHA-256 |
//! | `names` | paths that stay below a folder, and which of them are wanted |
//! | `space` | the room on a disk |
//! | `work` | the files of a list, and what all kinds of sources need for them |
//! | `objects` | a repository with Git LFS |
//! | `fetch` | all of it in order |

mod archive;
mod checksum;
mod client;
mod download;
mod error;
mod fetch;
mod journal;
mod links;
mod list;
mod location;
mod names;
mod network;
mod objects;
mod observer;
mod pace;
mod part;
mod persist;
mod pool;
mod retry_after;
mod source;
mod space;
mod store;
mod work;

pub use crate::checksum::{Checksum, NoChecksum};
pub use crate::error::FetchError;
pub use crate::fetch::{Fetched, Job, fetch};
pub use crate::journal::{FOLDER, agree_to_licence, is_licence_agreed};
pub use crate::network::{Bases, Network, Timings};
pub use crate::observer::{Observer, Silent};
pub use crate::source::{Archive, Source, Wanted};
pub use ser_http::Proxying;
