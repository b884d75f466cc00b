//! The tables that pass between stages, and the words they are made of.
//!
//! One file per table: the row type, its Arrow schema and the documentation of every column come from a single
//! [`table!`](crate::table) declaration, so they cannot drift apart. [`Table`] reads and writes rows as Parquet,
//! atomically, with the schema's name and version and the provenance of the file in its metadata.
//!
//! Two tables are as wide as the spec asks for and are written by hand: [`frames`] and [`functionals`].
//! [`stage`] holds what every stage receives and returns.

/// Metadata key, in a manifest's `clips.parquet`, of the sample rate in hertz that features are computed at.
pub const KEY_SAMPLE_RATE_HZ: &str = "ser.sample_rate_hz";

mod assignments;
mod augmented;
mod balance;
mod checks;
mod classes;
mod clips;
mod column;
mod confusion;
mod corpora;
mod emotion;
mod error;
mod examples;
mod exclusions;
mod findings;
pub mod frames;
pub mod functionals;
mod groups;
mod history;
mod parquet_io;
mod predictions;
mod role;
pub mod stage;
mod summary;
mod table;

pub use assignments::Assignment;
pub use augmented::AUGMENTED_FILE;
pub use balance::Balance;
pub use checks::{Check, CheckStatus};
pub use classes::ClassMetrics;
pub use clips::Clip;
pub use column::Column;
pub use confusion::ConfusionCell;
pub use corpora::{Corpus, CorpusStatus};
pub use emotion::{Emotion, UnknownEmotion};
pub use error::{TableError, TableResult};
pub use examples::Example;
pub use exclusions::{Exclusion, Reason};
pub use findings::{Finding, Severity};
pub use history::Epoch;
pub use parquet_io::{Provenance, read_metadata};
pub use predictions::Prediction;
pub use role::Role;
pub use summary::SummaryMetric;
pub use table::{ColumnDoc, Table, TableDoc, all_tables};
