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

/// Metadata key, in a manifest's `clips.parquet`, of the limits that its clips keep, as JSON: `min_duration_s`, `max_duration_s`,
/// `silence_dbfs`. A model that was trained on them carries them with it. They are no part of the table's content: limits that
/// move no clip make no stage run again.
pub const KEY_LIMITS: &str = "ser.limits";

/// File of a stage that makes models: what each fold's model said about its validation clips, as a `predictions` table.
pub const VALIDATION_PREDICTIONS_FILE: &str = "validation_predictions.parquet";

/// Metadata key, in `assignments.parquet`, of the protocol's name.
pub const KEY_PROTOCOL: &str = "ser.protocol";

mod assignments;
mod associations;
mod augmented;
mod balance;
mod calibration;
mod checks;
mod class_balance;
mod classes;
mod clips;
mod column;
mod comparisons;
mod confusion;
mod content;
mod corpora;
mod cross_corpus;
mod damage;
mod durations;
mod emotion;
mod error;
mod examples;
mod exclusions;
mod exposures;
mod findings;
mod footer;
pub mod frames;
pub mod functionals;
mod groups;
mod history;
mod label_errors;
mod matrices;
mod model_checks;
mod models;
mod near_duplicates;
mod parquet_io;
mod perceived;
mod predictions;
mod regularisation;
mod role;
mod shortcuts;
mod source;
pub mod stage;
mod summary;
mod table;
mod worst_groups;
mod writeback;

pub use assignments::Assignment;
pub use associations::Association;
pub use augmented::AUGMENTED_FILE;
pub use balance::Balance;
pub use calibration::CalibrationBin;
pub use checks::{Check, CheckStatus};
pub use class_balance::ClassBalance;
pub use classes::ClassMetrics;
pub use clips::{Clip, FINGERPRINT_STEP_S, PHASE_CENTRES_HZ, PHASE_RATE_HZ};
pub use column::Column;
pub use comparisons::{Comparison, ComparisonKind, ComparisonTest};
pub use confusion::ConfusionCell;
pub use content::content_digest;
pub use corpora::{Corpus, CorpusStatus};
pub use cross_corpus::CrossCorpus;
pub use durations::Durations;
pub use emotion::{Emotion, UnknownEmotion};
pub use error::{TableError, TableResult};
pub use examples::Example;
pub use exclusions::{Exclusion, Reason};
pub use exposures::{Exposure, Use};
pub use findings::{Finding, Severity};
pub use history::Epoch;
pub use label_errors::LabelError;
pub use model_checks::ModelCheck;
pub use models::{Family, Model, Standardisation};
pub use near_duplicates::NearDuplicate;
pub use parquet_io::{Provenance, read_metadata};
pub use perceived::Perceived;
pub use predictions::Prediction;
pub use regularisation::Regularisation;
pub use role::Role;
pub use shortcuts::Shortcut;
pub use summary::SummaryMetric;
pub use table::{AnyTable, ColumnDoc, Table, TableDoc, all_tables, every_table};
pub use worst_groups::WorstGroup;
