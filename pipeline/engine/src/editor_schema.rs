//! JSON Schema of pipeline files, for editors: generated from the same schemas that the strict check walks.

use ser_stage::{Input, StageKind};
use serde_json::{Map, Value, json};

use crate::registry::Registry;

/// JSON Schema (2020-12) of a pipeline file with the kinds of `registry`.
pub fn json_schema(registry: &Registry) -> Value {
    let mut definitions = Map::new();
    let mut branches = Vec::new();
    for kind in registry.iter() {
        let name = kind.name();
        definitions.insert(name.to_owned(), stage_schema(kind.as_ref(), registry));
        for (inner, schema) in local_definitions(kind.as_ref()) {
            definitions.insert(format!("{name}.{inner}"), schema);
        }
        branches.push(json!({
            "if": { "properties": { "kind": { "const": name } }, "required": ["kind"] },
            "then": { "$ref": format!("#/$defs/{name}") },
        }));
    }
    let kinds: Vec<Value> =
        registry.iter().map(|kind| json!({ "const": kind.name(), "description": kind.summary() })).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pipeline",
        "description": "A declared pipeline: named stages, each of a kind, with the stages that it reads and its parameters.",
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "stage"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "description": "Name of the pipeline, shown in reports." },
            "seed": {
                "type": "integer", "minimum": 0, "maximum": i64::MAX, "default": 42,
                "description": "Everything random follows from it.",
            },
            "stage": {
                "type": "object",
                "minProperties": 1,
                "description": "The stages by name; a name is also that of the stage's folder.",
                "additionalProperties": false,
                "patternProperties": {
                    "^[a-z][a-z0-9_-]{0,63}$": {
                        "type": "object",
                        "required": ["kind"],
                        "properties": { "kind": { "description": "Kind of work.", "oneOf": kinds } },
                        "allOf": branches,
                    },
                },
            },
        },
        "$defs": definitions,
    })
}

/// The parameters of a kind, with `kind` and `from` beside them.
fn stage_schema(kind: &dyn StageKind, registry: &Registry) -> Value {
    let mut schema = kind.params_schema().to_value();
    rename_references(&mut schema, kind.name());
    let Value::Object(object) = &mut schema else { return schema };
    object.remove("$schema");
    object.remove("$defs");
    object.remove("title");
    object.insert("description".to_owned(), Value::from(kind.summary()));
    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(properties) = properties {
        properties.insert("kind".to_owned(), json!({ "const": kind.name(), "description": kind.summary() }));
        if let Some(from) = from_schema(kind, registry) {
            properties.insert("from".to_owned(), from);
        }
    }
    object.insert("additionalProperties".to_owned(), Value::Bool(false));
    schema
}

fn from_schema(kind: &dyn StageKind, registry: &Registry) -> Option<Value> {
    let inputs = kind.inputs();
    if inputs.is_empty() {
        return None;
    }
    let counted = |input: &Input| {
        let (count, write) = match (input.min, input.max) {
            (1, Some(1)) => ("1".to_owned(), "writes"),
            (min, Some(max)) if min == max => (min.to_string(), "write"),
            (min, Some(max)) => (format!("{min} to {max}"), "write"),
            (min, None) => (format!("{min} or more"), "write"),
        };
        format!("{count} that {write} {}", input.tables.join(" and "))
            + &match registry.writers(input)[..] {
                [] => String::new(),
                [kind] => format!(" (kind {kind})"),
                ref kinds => format!(" (kinds {})", kinds.join(", ")),
            }
    };
    let counted: Vec<String> = inputs.iter().map(counted).collect();
    Some(json!({
        "description": format!("The stages that it reads: {}.", counted.join(", ")),
        "oneOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
        ],
    }))
}

fn local_definitions(kind: &dyn StageKind) -> Vec<(String, Value)> {
    let mut schema = kind.params_schema().to_value();
    rename_references(&mut schema, kind.name());
    match schema.get_mut("$defs").map(Value::take) {
        Some(Value::Object(definitions)) => definitions.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `#/$defs/X` of a kind becomes `#/$defs/<kind>.X`: two kinds may call different things by one name.
fn rename_references(schema: &mut Value, kind: &str) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                if let (true, Value::String(reference)) = (key == "$ref", &mut *value) {
                    if let Some(name) = reference.strip_prefix("#/$defs/") {
                        *reference = format!("#/$defs/{kind}.{name}");
                    }
                } else {
                    rename_references(value, kind);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, kind)),
        _ => {}
    }
}
