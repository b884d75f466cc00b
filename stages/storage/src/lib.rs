//! Where a corpus lies: a folder, or what is below a prefix of a bucket in object storage that speaks S3.
//!
//! A [`Root`] is where a corpus begins, a [`Place`] one file of it. Files of a folder are the file system's, and read by
//! whoever wants them. Of a bucket there are two requests: [`Store::list`] and [`Store::read`], tried again as long as
//! that is worth it. Everything that a store answers is hostile: names, lengths, pages, marks.
//!
//! | module | what it knows |
//! |---|---|
//! | `address` | `s3://bucket/key`, and which buckets and roots there can be |
//! | `root`, `place` | folder or bucket |
//! | `settings` | credentials, region and endpoint, by the usual variables |
//! | `endpoint` | which server has a bucket, and under which path |
//! | `sign` | AWS Signature Version 4 |
//! | `mark` | how an object was when it was listed |
//! | `page` | one page of a listing |
//! | `refusal` | what an answer that is no success means |
//! | `persist` | trying again |
//! | `store` | both requests |
//! | `parallel` | many at once |
//! | `testing` | answers without a store, for what hands them arbitrary bytes |

mod address;
mod endpoint;
mod error;
mod mark;
mod page;
mod parallel;
mod persist;
mod place;
mod refusal;
mod root;
mod settings;
mod sign;
mod store;
#[doc(hidden)]
pub mod testing;

pub use crate::address::Address;
pub use crate::error::StorageError;
pub use crate::mark::Mark;
pub use crate::parallel::{pieces, side_by_side};
pub use crate::place::{Object, Place};
pub use crate::root::{Prefix, Root, RootProblem};
pub use crate::settings::{Credentials, Settings, Timings};
pub use crate::store::{Listed, Store};
pub use ser_http::Proxying;
