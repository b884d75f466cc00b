//! Corpora fetched from a server on loopback that does all that servers do.

mod archives;
mod corpora;
mod faults;
mod server;
mod support;
