//! End-to-end tests: the program as its users run it, on small synthetic corpora and tiny networks.

mod audit;
mod bad_input;
mod corpora;
mod generated;
mod pipeline;
mod predict;
mod readme;
mod spec;
mod util;
