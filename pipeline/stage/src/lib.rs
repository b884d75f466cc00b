//! The contract of a stage: the little that the engine and every stage know of each other.
//!
//! A stage's crate implements [`Kind`] once: its parameters as a type, the tables that it reads and writes, and
//! [`Kind::run`], a plain function from parameters and a [`Context`] to an [`Outcome`]. That is all there is to
//! register. The engine sees the same through [`StageKind`], without the type: [`StageKind::prepare`] turns the JSON of
//! a pipeline file into [`Prepared`], which holds parameters that were parsed and checked, and everything that depends
//! on them.
//!
//! Stages are fitted together by tables: an [`Input`] names what it needs, an [`Output`] what there is. No kind names
//! another. Parameters that must fit what is read are checked with the [`Links`] of the file.

mod claims;
mod context;
mod cut;
pub mod files;
mod foreign;
mod kind;
mod links;
mod lock_file;
mod metric;
mod observer;
mod outcome;
mod outside;
mod parts;
pub mod schema;
pub mod suggest;
mod tables;
mod whole_file;

pub use claims::{Claim, Claims};
pub use context::{Context, InputFolder, Provenance, SpecView, StageView};
pub use cut::Cut;
pub use foreign::{ForeignPanic, foreign, silence_foreign_panics};
pub use kind::{Kind, Prepared, Problem, SpecCover, StageKind};
pub use links::Links;
pub use lock_file::{Holder, LockFile, Locking};
pub use metric::Metric;
pub use observer::{Observer, Quiet};
pub use outcome::Outcome;
pub use outside::{External, LastRead, Outside, WatchFilter};
pub use parts::{Attempt, Others, PartFolder, PartId, each_part, each_shared_part};
pub use tables::{Input, Output};
pub use whole_file::{WholeFile, write_whole};

/// An error of any crate, fit to cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
