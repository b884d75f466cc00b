//! `augmented`: the frames of altered copies of clips, for training only.

/// File of a features stage that holds augmented copies; same columns as `frames`, plus `variant`.
pub const AUGMENTED_FILE: &str = "augmented.parquet";
