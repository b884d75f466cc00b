//! A bucket on a server on loopback that does all that servers do.

mod faults;
mod listing;
mod reading;
mod server;
