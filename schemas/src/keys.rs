//! Keys of the metadata that a table's file carries.

/// The table's name.
pub const KEY_TABLE: &str = "ser.table";

/// Version of the table's schema.
pub const KEY_VERSION: &str = "ser.version";

/// Name of the pipeline that made the file.
pub const KEY_PIPELINE: &str = "ser.pipeline";

/// Name of the stage that made the file.
pub const KEY_STAGE: &str = "ser.stage";

/// Fingerprint of that stage.
pub const KEY_FINGERPRINT: &str = "ser.fingerprint";

/// In `frames`: feature parameters, rate, and whatever else decides the rows apart from the clips that they rest on.
/// Rows of equal audio in tables of equal recipes are equal.
pub const KEY_RECIPE: &str = "ser.recipe";

/// In a manifest's `clips`: the sample rate in hertz that features are computed at.
pub const KEY_SAMPLE_RATE_HZ: &str = "ser.sample_rate_hz";

/// In a manifest's `clips`: the limits that its clips keep, as JSON: `min_duration_s`, `max_duration_s`,
/// `silence_dbfs`. A model that was trained on them carries them with it. They are no part of the table's content:
/// limits that move no clip make no stage run again.
pub const KEY_LIMITS: &str = "ser.limits";

/// In `frames`: what the columns are and how they were made, as JSON.
pub const KEY_FEATURES: &str = "ser.features";

/// In `examples`: the files that the examples were drawn from, as JSON.
pub const KEY_SOURCES: &str = "ser.sources";

/// In `assignments`: the protocol's name.
pub const KEY_PROTOCOL: &str = "ser.protocol";

/// In `assignments`: the columns of `clips` whose values are held out whole, comma-separated, where the protocol's name
/// alone does not tell ([`Grouping::held_out_by`](crate::Grouping::held_out_by)).
pub const KEY_HELD_OUT: &str = "ser.held_out";

/// `true` if a key tells how a file was made, and nothing of what is in it. Limits that left out other clips show in
/// the rows.
pub(crate) fn is_provenance(key: &str) -> bool {
    [KEY_PIPELINE, KEY_STAGE, KEY_FINGERPRINT, KEY_LIMITS].contains(&key)
}
