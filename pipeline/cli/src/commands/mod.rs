//! One file per command: from checked arguments to a result on stdout.

pub(crate) mod audit;
pub(crate) mod corpora;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod gc;
pub(crate) mod graph;
pub(crate) mod model_folder;
pub(crate) mod predict;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod tables;
pub(crate) mod validation;
pub(crate) mod watch;
pub(crate) mod worker;
