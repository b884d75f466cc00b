//! The tables that pass between stages, and the words they are made of.
//!
//! One file per table: the row type, its Arrow schema and the documentation of every column come from a single
//! [`table!`](crate::table) declaration, so they cannot drift apart. [`Table`] reads and writes rows as Parquet,
//! atomically, with the schema's name and version and the provenance of the file in its metadata.
//!
//! Two tables are as wide as the spec asks for and are written by hand: [`frames`] and [`functionals`]. They are folders of
//! parts ([`part_files`]).

mod adaptation;
mod answers;
mod assignments;
mod associations;
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
mod coverage;
mod cross_corpus;
mod damage;
mod durations;
mod emotion;
mod error;
mod examples;
mod exclusions;
mod exposures;
mod findings;
pub mod frames;
pub mod functionals;
mod grouping;
mod history;
mod imported;
mod keys;
mod label_errors;
mod language;
mod matrices;
mod members;
mod model_checks;
mod models;
mod near_duplicates;
mod parquet_io;
mod part_file;
mod parts;
mod perceived;
mod predictions;
mod regularisation;
mod role;
mod sealed;
mod shortcuts;
mod source;
mod standardisation_limits;
mod standardisation_trials;
mod summary;
mod table;
mod worst_groups;

pub use adaptation::Adaptation;
pub use answers::{Answer, Stretch};
pub use assignments::Assignment;
pub use associations::Association;
pub use balance::Balance;
pub use calibration::CalibrationBin;
pub use checks::{Check, CheckStatus};
pub use class_balance::ClassBalance;
pub use classes::ClassMetrics;
pub use clips::{Clip, FINGERPRINT_MIN_STEPS, FINGERPRINT_STEP_S};
pub use column::Column;
pub use comparisons::{Comparison, ComparisonKind, ComparisonTest};
pub use confusion::ConfusionCell;
pub use content::content_digest;
pub use corpora::{Corpus, CorpusStatus, Speech};
pub use coverage::Coverage;
pub use cross_corpus::CrossCorpus;
pub use durations::Durations;
pub use emotion::{Emotion, UnknownEmotion};
pub use error::{TableError, TableResult};
pub use examples::Example;
pub use exclusions::{Copied, Exclusion, Reason, copies};
pub use exposures::{Exposure, Use};
pub use findings::{Finding, Severity};
pub use grouping::Grouping;
pub use history::Epoch;
pub use imported::Imported;
pub use keys::{
    KEY_FEATURES, KEY_FINGERPRINT, KEY_HELD_OUT, KEY_LIMITS, KEY_PIPELINE, KEY_PROTOCOL, KEY_RECIPE,
    KEY_SAMPLE_RATE_HZ, KEY_SOURCES, KEY_STAGE, KEY_TABLE, KEY_VERSION,
};
pub use label_errors::LabelError;
pub use language::{language_code, language_name, language_tag};
pub use members::{Averaging, Member};
pub use model_checks::ModelCheck;
pub use models::{Family, Model, Standardisation};
pub use near_duplicates::NearDuplicate;
pub use parquet_io::{read_any, read_any_by, read_metadata};
pub use parts::{identity, part_files};
pub use perceived::Perceived;
pub use predictions::Prediction;
pub use regularisation::Regularisation;
pub use role::Role;
pub use sealed::{DESCRIPTION_HASH, alteration, description_hash};
pub use ser_stage::Provenance;
pub use shortcuts::Shortcut;
pub use standardisation_limits::StandardisationLimit;
pub use standardisation_trials::{StandardisationTrial, Statistics};
pub use summary::SummaryMetric;
pub use table::{AnyTable, ColumnDoc, Table, TableDoc, all_tables, every_table};
pub use worst_groups::WorstGroup;
