//! End-to-end tests: the program as its users run it, on small synthetic corpora and tiny networks.

mod adapting;
mod answers;
mod audit;
mod bad_input;
mod best;
#[cfg(unix)]
mod buckets;
mod compat;
mod control;
mod corpora;
mod ensemble;
mod export;
mod fetch;
mod field;
mod generated;
mod golden;
mod handing_on;
mod history;
mod import;
mod kills;
mod languages;
mod leaks;
mod limits;
mod networks;
mod new_corpus;
mod new_kind;
mod outcome;
mod parts;
mod pipeline;
mod predict;
mod protocols;
mod python;
mod readme;
mod reruns;
mod seeds;
mod small;
mod spec;
#[cfg(unix)]
mod store;
mod structure;
mod training;
mod util;
mod validation;
#[cfg(unix)]
mod watch;
mod wheel;
mod worker;
