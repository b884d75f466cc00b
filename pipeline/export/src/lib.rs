//! Datasets and runs as other tools open them.
//!
//! [`hugging_face`] writes the clips of a manifest with their audio, [`croissant`] describes the tables where they lie,
//! [`ro_crate`] packs a run with what it was made of. All of them read tables and records, and none knows a stage's
//! parameters. Folders and files appear whole or not at all.

mod checksum;
mod croissant;
mod dataset;
mod error;
mod hf;
mod licence;
mod recorded;
mod ro_crate;
mod text;
mod whole_folder;

pub use croissant::{Described, DescribedTable, Description, croissant};
pub use dataset::{Dataset, Division, Terms};
pub use error::ExportError;
pub use hf::{HfOptions, HfSummary, hugging_face};
pub use recorded::check_result;
pub use ro_crate::{CrateOptions, CrateSummary, ro_crate};
