//! The engine as its users see it, with fake stages.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a panic is the message; the setting for tests misses helpers outside #[test]"
)]

mod changes;
mod crashes;
mod cut_off;
mod fake;
mod gc;
mod graphs;
mod kept;
mod runs;
mod schema;
mod spec;
mod unchecked;
