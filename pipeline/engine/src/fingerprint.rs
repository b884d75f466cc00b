//! Identity of a stage's result: everything that it follows from, and a digest of that.
//!
//! The parts are kept in the stage's record beside the digest, so that a later plan can say which of them changed.

use std::collections::BTreeMap;

use ser_stage::{External, SpecCover};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::spec::{Pipeline, Stage};

/// Raised when the rule of the digest changes; every artifact is stale then.
const FORMAT: u32 = 2;

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
    /// Stages that it reads, in the order in which it gets them.
    pub inputs: Vec<InputIdentity>,
    /// Digest of what it reads from outside the pipeline; empty when nothing.
    pub external: String,
    /// Of the same, for people; no part of the digest.
    pub external_description: String,
    /// Of the same, by part, to tell later what changed; no part of the digest.
    pub external_parts: BTreeMap<String, String>,
    /// Digest of the pipeline's name, seed and stages as far as the kind covers them beyond its own table; empty when
    /// it does not.
    pub spec: String,
}

/// An input within an [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputIdentity {
    /// Name of the stage that is read.
    pub stage: String,
    /// Digest of its result's content. Empty as long as that is not known, because the stage has to run first.
    pub content: String,
}

impl Identity {
    /// Of `stage`, which reads `external` from outside; what it reads within the pipeline is put in later.
    pub(crate) fn draft(pipeline: &Pipeline, stage: &Stage, external: External) -> Self {
        let kind = stage.kind();
        let mut identity = Self {
            format: FORMAT,
            stage: stage.name().to_owned(),
            kind: kind.name().to_owned(),
            version: kind.version(),
            params: canonical(stage.params()),
            seed: kind.uses_seed().then_some(pipeline.seed()),
            inputs: Vec::new(),
            external: String::new(),
            external_description: String::new(),
            external_parts: BTreeMap::new(),
            spec: spec_digest(pipeline, kind.covers()),
        };
        identity.read(external);
        identity
    }

    /// Takes `external` for what the stage reads from outside.
    pub(crate) fn read(&mut self, external: External) {
        self.external = external.digest;
        self.external_description = external.description;
        self.external_parts = external.parts;
    }

    /// `true` if the content of every input is known.
    pub(crate) fn is_complete(&self) -> bool {
        self.inputs.iter().all(|input| !input.content.is_empty())
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
    // By name, so that their order in the file does not count.
    let stages: Map<String, Value> = pipeline
        .stages()
        .iter()
        .map(|stage| (stage.name().to_owned(), json!([stage.kind().name(), stage.from(), stage.params()])))
        .collect();
    digest(&json!({ "name": pipeline.name(), "seed": pipeline.seed(), "stages": stages }))
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
