//! The one list of stage kinds.

use std::path::Path;

use ser_engine::Registry;
use ser_stage::BoxError;

/// Every kind that a pipeline file may use, in the order in which data flows.
pub(crate) fn registry() -> Registry {
    Registry::new(content)
        .with(ser_ingest::Ingest)
        .with(ser_manifest::Manifest)
        .with(ser_audit::Audit)
        .with(ser_features::Features)
        .with(ser_import::Import)
        .with(ser_split::Split)
        .with(ser_train::Train)
        .with(ser_baseline::Baseline)
        .with(ser_ensemble::Ensemble)
        .with(ser_evaluate::Evaluate)
        .with(ser_reports::Report)
}

/// Tables count by their rows; anything else by its bytes.
fn content(path: &Path) -> Result<Option<String>, BoxError> {
    let is_table = path.extension().is_some_and(|extension| extension == "parquet");
    Ok(if is_table { Some(ser_schemas::content_digest(path)?) } else { None })
}

#[cfg(test)]
mod tests {
    use ser_stage::schema::unchecked_rules;

    use super::*;

    #[test]
    fn every_rule_of_every_kind_is_checked() {
        for kind in registry().iter() {
            let schema = kind.params_schema().to_value();
            assert_eq!(unchecked_rules(&schema), [""; 0], "kind `{}`", kind.name());
        }
    }
}
