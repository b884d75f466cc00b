//! What a JSON Schema allows at one place, with references followed and alternatives laid side by side.
//!
//! Covers what schemars derives for parameter types: `$ref`, `allOf`, `anyOf`/`oneOf`, nullable types. Null is dropped:
//! TOML has none, an absent key means it.

use serde_json::{Map, Value};

/// Deep enough for any parameter type; ends a reference that leads to itself.
const MAX_DEPTH: usize = 32;

/// The alternatives that `schema` allows, each a schema without references or combinators at its top level.
pub(crate) fn alternatives(root: &Value, schema: &Value) -> Vec<Map<String, Value>> {
    flatten(root, schema, 0).into_iter().filter_map(without_null).collect()
}

/// The tag and its value per alternative, when all are tables told apart by one constant key (`kind = "..."`).
pub(crate) fn tag(alternatives: &[Map<String, Value>]) -> Option<(&str, Vec<&str>)> {
    let [first, ..] = alternatives else { return None };
    properties(first).find_map(|(key, _)| {
        let values: Option<Vec<&str>> =
            alternatives.iter().map(|alternative| constant(alternative.get("properties")?.get(key)?)).collect();
        values.filter(|values| alternatives.len() > 1 || !values.is_empty()).map(|values| (key, values))
    })
}

/// The values that a schema of constants allows; `None` when it is none.
pub(crate) fn choices(alternative: &Map<String, Value>) -> Option<Vec<&Value>> {
    if let Some(value) = alternative.get("const") {
        return Some(vec![value]);
    }
    alternative.get("enum").and_then(Value::as_array).map(|values| values.iter().collect())
}

/// The names of the JSON types allowed; inferred where the schema gives none.
pub(crate) fn types(alternative: &Map<String, Value>) -> Vec<&str> {
    match alternative.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if alternative.contains_key("properties") => vec!["object"],
        _ if alternative.contains_key("items") => vec!["array"],
        _ => Vec::new(),
    }
}

/// Names and schemas of the keys of a table.
pub(crate) fn properties(alternative: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    alternative
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|properties| properties.iter().map(|(key, schema)| (key.as_str(), schema)))
}

/// First line of the description.
pub(crate) fn description(schema: &Value) -> Option<&str> {
    schema.get("description").and_then(Value::as_str).and_then(|text| text.lines().next())
}

fn constant(schema: &Value) -> Option<&str> {
    let single = schema.get("enum").and_then(Value::as_array).filter(|values| values.len() == 1);
    schema.get("const").or_else(|| single.and_then(|values| values.first())).and_then(Value::as_str)
}

fn flatten(root: &Value, schema: &Value, depth: usize) -> Vec<Map<String, Value>> {
    let Value::Object(object) = schema else {
        return if schema == &Value::Bool(false) { Vec::new() } else { vec![Map::new()] };
    };
    if depth > MAX_DEPTH {
        return vec![Map::new()];
    }
    let mut base = object.clone();
    let mut found = Vec::new();
    if let Some(Value::String(reference)) = base.remove("$ref") {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        found.push(target.map_or_else(|| vec![Map::new()], |target| flatten(root, target, depth + 1)));
    }
    if let Some(Value::Array(parts)) = base.remove("allOf") {
        found.extend(parts.iter().map(|part| flatten(root, part, depth + 1)));
    }
    for combinator in ["anyOf", "oneOf"] {
        if let Some(Value::Array(parts)) = base.remove(combinator) {
            found.push(parts.iter().flat_map(|part| flatten(root, part, depth + 1)).collect());
        }
    }
    found.into_iter().fold(vec![base], |merged, options| {
        merged.iter().flat_map(|outer| options.iter().map(|inner| merge(outer, inner))).collect()
    })
}

/// Both schemas at once; where they speak of the same thing, `outer` wins.
fn merge(outer: &Map<String, Value>, inner: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = inner.clone();
    for (key, value) in outer {
        match (key.as_str(), merged.get_mut(key)) {
            ("properties", Some(Value::Object(known))) => {
                known
                    .extend(value.as_object().into_iter().flatten().map(|(key, schema)| (key.clone(), schema.clone())));
            }
            ("required", Some(Value::Array(known))) => known.extend(value.as_array().into_iter().flatten().cloned()),
            _ => {
                merged.insert(key.clone(), value.clone());
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
