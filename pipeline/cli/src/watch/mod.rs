//! Waiting for changes: what `ser watch` stands on.
//!
//! File events only say that it is time to look. What decides is a [`Snapshot`] of all watched files, compared with the
//! one before: so events and polling behave alike, an event that is lost or means nothing does no harm, and what
//! changes during a run is found after it.

mod network;
mod signals;
mod snapshot;

pub(crate) use self::signals::{Signal, Signals};
pub(crate) use self::snapshot::{Bucket, Place, Places, Snapshot};
