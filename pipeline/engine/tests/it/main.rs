//! The engine as its users see it, with fake stages.

mod crashes;
mod fake;
mod graphs;
mod runs;
mod schema;
mod spec;
