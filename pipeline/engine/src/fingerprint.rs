//! Identity of a stage's result: everything that it follows from, and a digest of that.
//!
//! The parts are kept in the stage's record beside the digest, so that a later plan can say which of them changed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::kind::{BoxError, External, SpecCover};
use crate::spec::{Pipeline, Stage};

/// Raised when the rule of the digest changes; every artifact is stale then.
const FORMAT: u32 = 1;

/// Everything that the result of a stage follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Version of the rule by which the digest is made.
    pub format: u32,
    /// The stage's name: tables may carry it.
    pub stage: String,
    /// Name of the kind.
    pub kind: String,
    /// Version of the kind's code.
    pub version: u32,
    /// Parameters with defaults filled in, keys sorted, absent ones left out.
    pub params: Value,
    /// The pipeline's seed, where the kind uses it.
    pub seed: Option<u64>,
    /// What the stage reads, in the order in which it gets it.
    pub inputs: Vec<InputIdentity>,
    /// Digest of what it reads from outside the pipeline; empty when nothing.
    pub external: String,
    /// Of the same, for people; no part of the digest.
    pub external_description: String,
    /// Digest of the pipeline file as far as the kind covers it beyond its own table; empty when it does not.
    pub spec: String,
}

/// An input within an [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputIdentity {
    /// Name of the stage that is read.
    pub stage: String,
    /// Identity of its result. That is its fingerprint: equal fingerprints, equal content.
    pub content: String,
}

impl Identity {
    /// Of `stage`, given the identities of its inputs' results in the order of [`Pipeline::inputs_of`].
    pub(crate) fn of(pipeline: &Pipeline, stage: &Stage, inputs: Vec<InputIdentity>) -> Result<Self, BoxError> {
        let kind = stage.kind();
        let External { digest, description } = kind.external(stage.params(), pipeline.base_dir())?;
        Ok(Self {
            format: FORMAT,
            stage: stage.name().to_owned(),
            kind: kind.name().to_owned(),
            version: kind.version(),
            params: canonical(stage.params()),
            seed: kind.uses_seed().then_some(pipeline.seed()),
            inputs,
            external: digest,
            external_description: description,
            spec: spec_digest(pipeline, kind.covers()),
        })
    }

    /// The digest, 64 hexadecimal digits of BLAKE3.
    pub fn fingerprint(&self) -> String {
        let inputs: Vec<Value> = self.inputs.iter().map(|input| json!([input.stage, input.content])).collect();
        digest(&json!({
            "format": self.format,
            "stage": self.stage,
            "kind": self.kind,
            "version": self.version,
            "params": self.params,
            "seed": self.seed,
            "inputs": inputs,
            "external": self.external,
            "spec": self.spec,
        }))
    }
}

/// `value` with sorted keys and without nulls: an absent key and one that says "nothing" mean the same.
pub(crate) fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(&String, &Value)> = object.iter().filter(|(_, value)| !value.is_null()).collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(
                entries.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

fn spec_digest(pipeline: &Pipeline, cover: SpecCover) -> String {
    if cover == SpecCover::Own {
        return String::new();
    }
    let stages: Vec<Value> = pipeline
        .stages()
        .iter()
        .map(|stage| json!([stage.name(), stage.kind().name(), stage.from(), stage.params()]))
        .collect();
    let text = (cover == SpecCover::Text).then(|| pipeline.text());
    digest(&json!({ "name": pipeline.name(), "seed": pipeline.seed(), "stages": stages, "text": text }))
}

fn digest(value: &Value) -> String {
    blake3::hash(canonical(value).to_string().as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_ignores_order_and_absence() {
        let one = json!({ "b": { "y": 1, "x": null }, "a": [1, 2] });
        let two = json!({ "a": [1, 2], "b": { "y": 1 } });
        assert_eq!(digest(&one), digest(&two));
        assert_ne!(digest(&one), digest(&json!({ "a": [2, 1], "b": { "y": 1 } })));
    }
}
