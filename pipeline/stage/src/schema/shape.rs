//! Values that a JSON Schema allows at one place, with references followed and alternatives laid side by side.
//!
//! Covers what schemars derives for parameter types: `$ref`, `allOf`, `anyOf`/`oneOf`, nullable types. Null is dropped:
//! TOML has none, an absent key means it. What it cannot lay side by side without losing a rule, [`lost`] tells.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::node::{Node, NodeValue};

/// Words for people and editors.
pub(super) const ANNOTATIONS: [&str; 6] = ["$schema", "title", "description", "default", "examples", "x-was"];

/// Deep enough for any parameter type; ends a reference that leads to itself.
const MAX_DEPTH: usize = 32;

/// The alternatives that `schema` allows, each a schema without references or combinators at its top level.
pub(super) fn alternatives(root: &Value, schema: &Value) -> Vec<Map<String, Value>> {
    flatten(root, schema, 0, &mut |_| {}).into_iter().filter_map(without_null).collect()
}

/// Rules of `schema` that [`alternatives`] loses.
pub(super) fn lost(root: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    flatten(root, schema, 0, &mut |rule| found.push(rule));
    found
}

/// Tells whether `schema` allows the absence of a value.
pub(super) fn is_nullable(root: &Value, schema: &Value) -> bool {
    let nullable = |option: &Map<String, Value>| {
        choices(option).map_or_else(
            || option.get("type").is_none_or(|_| types(option).contains(&"null")),
            |values| values.contains(&&Value::Null),
        )
    };
    flatten(root, schema, 0, &mut |_| {}).iter().any(nullable)
}

/// The tag and its value per alternative, when all are tables told apart by one constant key (`kind = "..."`).
pub(super) fn tag(alternatives: &[Map<String, Value>]) -> Option<(&str, Vec<&str>)> {
    let [first, ..] = alternatives else { return None };
    properties(first).find_map(|(key, _)| {
        let values: Option<Vec<&str>> =
            alternatives.iter().map(|alternative| constant(alternative.get("properties")?.get(key)?)).collect();
        values.filter(|values| alternatives.len() > 1 || !values.is_empty()).map(|values| (key, values))
    })
}

/// The values that a schema of constants allows; `None` when it is none.
pub(super) fn choices(alternative: &Map<String, Value>) -> Option<Vec<&Value>> {
    if let Some(value) = alternative.get("const") {
        return Some(vec![value]);
    }
    alternative.get("enum").and_then(Value::as_array).map(|values| values.iter().collect())
}

/// The names of the JSON types allowed; inferred where the schema gives none.
pub(super) fn types(alternative: &Map<String, Value>) -> Vec<&str> {
    match alternative.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if alternative.contains_key("properties") => vec!["object"],
        _ if alternative.contains_key("items") => vec!["array"],
        _ => Vec::new(),
    }
}

/// Names and schemas of the keys of a table.
pub(super) fn properties(alternative: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    alternative
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|properties| properties.iter().map(|(key, schema)| (key.as_str(), schema)))
}

/// First sentence of the description.
pub(super) fn description(schema: &Map<String, Value>) -> Option<String> {
    let text = schema.get("description").and_then(Value::as_str)?;
    let words: Vec<&str> = text.split("\n\n").next()?.split_whitespace().collect();
    // "(Zhang et al. 2018)" ends no sentence.
    let ends = |pair: &[&str]| pair[0].ends_with('.') && pair[1].starts_with(char::is_uppercase);
    let count = words.windows(2).position(ends).map_or(words.len(), |last| last + 1);
    Some(words[..count].join(" "))
}

/// Tells whether one of `types` is that of `node`; no types at all allow everything.
pub(super) fn fits<S>(types: &[&str], node: &Node<S>) -> bool {
    types.is_empty()
        || types.iter().any(|name| match node.value {
            NodeValue::String(_) => *name == "string",
            NodeValue::Integer(_) => *name == "integer" || *name == "number",
            NodeValue::Float(_) => *name == "number",
            NodeValue::Boolean(_) => *name == "boolean",
            NodeValue::Datetime(_) | NodeValue::Null => false,
            NodeValue::Array(_) => *name == "array",
            NodeValue::Table(_) => *name == "object",
        })
}

fn constant(schema: &Value) -> Option<&str> {
    let single = schema.get("enum").and_then(Value::as_array).filter(|values| values.len() == 1);
    schema.get("const").or_else(|| single.and_then(|values| values.first())).and_then(Value::as_str)
}

fn flatten(root: &Value, schema: &Value, depth: usize, lost: &mut dyn FnMut(String)) -> Vec<Map<String, Value>> {
    let Value::Object(object) = schema else {
        return if schema == &Value::Bool(false) { Vec::new() } else { vec![Map::new()] };
    };
    if depth > MAX_DEPTH {
        lost("a reference that leads back to itself".to_owned());
        return vec![Map::new()];
    }
    let mut base = object.clone();
    let mut found = Vec::new();
    if let Some(reference) = base.remove("$ref") {
        let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
        if let Some(target) = pointer.and_then(|pointer| root.pointer(pointer)) {
            found.push(flatten(root, target, depth + 1, lost));
        } else if depth == 0 {
            lost(format!("$ref {reference} leads nowhere"));
        }
    }
    if let Some(Value::Array(parts)) = base.remove("allOf") {
        found.extend(parts.iter().map(|part| flatten(root, part, depth + 1, lost)));
    }
    for combinator in ["anyOf", "oneOf"] {
        if let Some(Value::Array(parts)) = base.remove(combinator) {
            found.push(parts.iter().flat_map(|part| flatten(root, part, depth + 1, lost)).collect());
        }
    }
    let mut merged = vec![base];
    for options in found {
        let pairs = merged.iter().flat_map(|outer| options.iter().map(move |inner| (outer, inner)));
        // What is lost further down is told where it stands.
        let mut own = |rule| {
            if depth == 0 {
                lost(rule);
            }
        };
        merged = pairs.map(|(outer, inner)| merge(outer, inner, &mut own)).collect();
    }
    merged
}

/// Both schemas at once: of two limits the tighter one; where they speak otherwise of the same thing, `outer` wins.
fn merge(outer: &Map<String, Value>, inner: &Map<String, Value>, lost: &mut dyn FnMut(String)) -> Map<String, Value> {
    let mut merged = inner.clone();
    for (key, value) in outer {
        let Some(known) = merged.get_mut(key) else {
            merged.insert(key.clone(), value.clone());
            continue;
        };
        let tighter = match key.as_str() {
            "minimum" | "exclusiveMinimum" | "minItems" | "minLength" => Some(Ordering::Greater),
            "maximum" | "exclusiveMaximum" | "maxItems" | "maxLength" => Some(Ordering::Less),
            _ => None,
        };
        match (key.as_str(), known, value) {
            ("properties", Value::Object(known), Value::Object(properties)) => {
                for (name, schema) in properties {
                    if known.insert(name.clone(), schema.clone()).is_some_and(|hidden| hidden != *schema) {
                        lost(format!("one of two schemas of the property `{name}`"));
                    }
                }
            }
            ("required", Value::Array(known), Value::Array(names)) => known.extend(names.iter().cloned()),
            (_, known, _) if tighter.is_some() => {
                if value.as_f64().partial_cmp(&known.as_f64()) == tighter {
                    *known = value.clone();
                }
            }
            (key, known, _) => {
                if known != value && !ANNOTATIONS.contains(&key) {
                    lost(format!("{key} {known} under {value}"));
                }
                *known = value.clone();
            }
        }
    }
    merged
}

fn without_null(mut alternative: Map<String, Value>) -> Option<Map<String, Value>> {
    if alternative.get("const") == Some(&Value::Null) || alternative.get("type") == Some(&Value::from("null")) {
        return None;
    }
    for key in ["type", "enum"] {
        if let Some(Value::Array(names)) = alternative.get_mut(key) {
            names.retain(|name| !name.is_null() && (key != "type" || name != "null"));
        }
    }
    Some(alternative)
}
