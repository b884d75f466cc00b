//! Why a stage has to run, in words.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::fingerprint::Identity;

/// Longer values are cut in the middle of a sentence that names them.
const MAX_SHOWN_CHARS: usize = 40;

/// One reason for a stage to run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "sentences say what their fields are")]
pub enum Reason {
    /// There is no result.
    NeverRun,
    /// There are files, but what made them is unknown: the last run died while replacing them.
    Interrupted,
    /// The record of the result is damaged, or of another version of this program.
    OtherFormat,
    /// `--force`.
    Forced,
    /// A parameter has another value; `None` is absent.
    Parameter { key: String, old: Option<Value>, new: Option<Value> },
    /// The stage is of another kind.
    Kind { old: String, new: String },
    /// The kind's code changed.
    CodeVersion { old: u32, new: u32 },
    /// The pipeline's seed changed.
    Seed { old: Option<u64>, new: Option<u64> },
    /// It reads a stage that it did not read before.
    InputAdded { stage: String },
    /// It no longer reads a stage.
    InputRemoved { stage: String },
    /// It reads the same stages in another order.
    InputOrder,
    /// A stage that it reads has another result by now.
    InputChanged { stage: String },
    /// A stage that it reads has to run first.
    WaitsFor { stage: String },
    /// The data that it reads from outside the pipeline changed, all in words; `changes` is empty where they are not
    /// known.
    External { old: String, new: String, changes: String },
    /// The data that it reads from outside the pipeline cannot be looked at.
    Unreadable { error: String },
    /// It shows the whole pipeline, and the name, the seed or a stage of that changed.
    Spec,
    /// A file of the result, by its path below the stage's folder, is gone.
    OutputMissing { path: String },
    /// A file of the result, by its path below the stage's folder, is not as it was written.
    OutputChanged { path: String, old_bytes: u64, new_bytes: u64 },
    /// A part, by its path below the stage's folder, stands among those of a table of the result and is none of them.
    ForeignPart { path: String },
}

impl Reason {
    /// The stage that has to run first, if that is the reason.
    pub(crate) fn waits_for(&self) -> Option<&str> {
        if let Self::WaitsFor { stage } = self { Some(stage) } else { None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => write!(f, "never run"),
            Self::Interrupted => write!(f, "its files were being replaced when a run was interrupted"),
            Self::OtherFormat => write!(f, "its record is damaged or of another version of this program"),
            Self::Forced => write!(f, "forced"),
            Self::Parameter { key, old: Some(old), new: Some(new) } => {
                write!(f, "{key} {} → {}", shown(old), shown(new))
            }
            Self::Parameter { key, new: Some(new), .. } => write!(f, "{key} set to {}", shown(new)),
            Self::Parameter { key, old, .. } => {
                write!(f, "{key} no longer {}", old.as_ref().map_or_else(|| "set".to_owned(), shown))
            }
            Self::Kind { old, new } => write!(f, "kind {old} → {new}"),
            Self::CodeVersion { old, new } => write!(f, "code version {old} → {new}"),
            Self::Seed { old: Some(old), new: Some(new) } => write!(f, "seed {old} → {new}"),
            Self::Seed { .. } => write!(f, "use of the seed changed"),
            Self::InputAdded { stage } => write!(f, "now reads `{stage}`"),
            Self::InputRemoved { stage } => write!(f, "no longer reads `{stage}`"),
            Self::InputOrder => write!(f, "reads the same stages in another order"),
            Self::InputChanged { stage } => write!(f, "input `{stage}` changed"),
            Self::WaitsFor { stage } => write!(f, "waits for `{stage}`"),
            Self::External { changes, .. } if !changes.is_empty() => f.write_str(changes),
            Self::External { old, new, .. } if old != new && !old.is_empty() && !new.is_empty() => {
                write!(f, "the files it reads changed: {old} → {new}")
            }
            Self::External { .. } => write!(f, "the files it reads changed"),
            Self::Unreadable { error } => write!(f, "what it reads from outside the pipeline cannot be used: {error}"),
            Self::Spec => write!(f, "the pipeline that it shows changed"),
            Self::OutputMissing { path } => write!(f, "`{path}` is missing"),
            Self::OutputChanged { path, old_bytes, new_bytes } if old_bytes == new_bytes => {
                write!(f, "`{path}` was changed: as long as before, with another content")
            }
            Self::OutputChanged { path, old_bytes, new_bytes } => {
                write!(f, "`{path}` was changed: {old_bytes} → {new_bytes} bytes")
            }
            Self::ForeignPart { path } => write!(f, "`{path}` is no part of the result"),
        }
    }
}

/// Reasons why a result made with `old` is not the result of `new`; `changes` are words for the changes outside. An
/// input of unknown content is one that has to run first: the stage waits for it.
pub(crate) fn differences(old: &Identity, new: &Identity, changes: &str) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if old.format != new.format {
        reasons.push(Reason::OtherFormat);
    }
    if old.kind != new.kind {
        reasons.push(Reason::Kind { old: old.kind.clone(), new: new.kind.clone() });
        return reasons;
    }
    if old.version != new.version {
        reasons.push(Reason::CodeVersion { old: old.version, new: new.version });
    }
    compare_params("", Some(&old.params), Some(&as_recorded(&new.params)), &mut reasons);
    if old.seed != new.seed {
        reasons.push(Reason::Seed { old: old.seed, new: new.seed });
    }
    if old.external != new.external {
        let (old, new) = (old.external_description.clone(), new.external_description.clone());
        reasons.push(Reason::External { old, new, changes: changes.to_owned() });
    }
    compare_inputs(old, new, &mut reasons);
    if old.spec != new.spec {
        reasons.push(Reason::Spec);
    }
    reasons
}

fn compare_inputs(old: &Identity, new: &Identity, reasons: &mut Vec<Reason>) {
    let before = reasons.len();
    for input in &new.inputs {
        let stage = input.stage.clone();
        match old.inputs.iter().find(|known| known.stage == stage) {
            None => reasons.push(Reason::InputAdded { stage }),
            Some(known) if known.content == input.content => {}
            Some(_) if input.content.is_empty() => reasons.push(Reason::WaitsFor { stage }),
            Some(_) => reasons.push(Reason::InputChanged { stage }),
        }
    }
    for known in &old.inputs {
        if new.inputs.iter().all(|input| input.stage != known.stage) {
            reasons.push(Reason::InputRemoved { stage: known.stage.clone() });
        }
    }
    let names = |identity: &Identity| identity.inputs.iter().map(|input| input.stage.clone()).collect::<Vec<_>>();
    let added_or_removed = |reason: &Reason| matches!(reason, Reason::InputAdded { .. } | Reason::InputRemoved { .. });
    if names(old) != names(new) && !reasons[before..].iter().any(added_or_removed) {
        reasons.push(Reason::InputOrder);
    }
}

/// `params` after the way through a record: parsing may round the last bit of a float, which is no change.
fn as_recorded(params: &Value) -> Value {
    serde_json::from_str(&params.to_string()).unwrap_or_else(|_| params.clone())
}

/// Tables are compared key by key, anything else as a whole.
pub(crate) fn compare_params(key: &str, old: Option<&Value>, new: Option<&Value>, reasons: &mut Vec<Reason>) {
    if old == new {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
        let gone = old.keys().filter(|name| !new.contains_key(*name));
        for name in new.keys().chain(gone) {
            let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            compare_params(&inner, old.get(name), new.get(name), reasons);
        }
        return;
    }
    reasons.push(Reason::Parameter { key: key.to_owned(), old: old.cloned(), new: new.cloned() });
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        // A 32-bit number widened to 64 bits shows digits that nobody wrote.
        Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(
            || number.to_string(),
            |wide| if f64::from(wide as f32) == wide { (wide as f32).to_string() } else { wide.to_string() },
        ),
        other => other.to_string(),
    };
    if text.chars().count() <= MAX_SHOWN_CHARS {
        return text;
    }
    text.chars().take(MAX_SHOWN_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(params: Value) -> Identity {
        Identity {
            format: 1,
            stage: "s".to_owned(),
            kind: "k".to_owned(),
            version: 1,
            params,
            seed: Some(42),
            inputs: Vec::new(),
            external: String::new(),
            external_description: String::new(),
            external_parts: std::collections::BTreeMap::new(),
            spec: String::new(),
        }
    }

    fn words(old: Value, new: Value) -> Vec<String> {
        differences(&identity(old), &identity(new), "").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn parameters_are_named_down_to_the_key() {
        assert_eq!(words(json!({ "mel": { "bands": 64 } }), json!({ "mel": { "bands": 80 } })), ["mel.bands 64 → 80"]);
        assert_eq!(words(json!({}), json!({ "a": "x" })), ["a set to x"]);
        assert_eq!(words(json!({ "a": [1] }), json!({})), ["a no longer [1]"]);
        assert!(words(json!({ "a": 1 }), json!({ "a": 1 })).is_empty());
    }

    #[test]
    fn numbers_of_32_bits_are_shown_as_written_and_long_values_are_cut() {
        assert_eq!(words(json!({ "a": f64::from(0.1_f32) }), json!({ "a": 0.2 })), ["a 0.1 → 0.2"]);
        let long = words(json!({ "a": 1 }), json!({ "a": "x".repeat(100) }));
        assert_eq!(long[0].chars().count(), "a 1 → ".chars().count() + MAX_SHOWN_CHARS);
    }
}
