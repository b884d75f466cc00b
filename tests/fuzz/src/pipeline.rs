//! A pipeline file, checked against the parameters of real stages.

use std::path::Path;

use ser_engine::{Registry, Spec};

/// Reads `bytes` as a pipeline file.
pub fn pipeline(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let registry = Registry::new(|_| Ok(None))
        .with(ser_ingest::Ingest)
        .with(ser_manifest::Manifest)
        .with(ser_features::Features)
        .with(ser_split::Split)
        .with(ser_train::Train)
        .with(ser_evaluate::Evaluate);
    let value = |name: &str| (name == "SER_DATA").then(|| "data".to_owned());
    match Spec::parse(Path::new("pipeline.toml"), text.to_owned(), &registry, &[], &value) {
        Ok(pipeline) => drop(pipeline),
        // Drawing a mistake slices the text at its place.
        Err(errors) => drop(errors.to_string()),
    }
}
