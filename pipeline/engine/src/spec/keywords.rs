//! Keywords of a schema that the walk does not know.
//!
//! JSON Schema lets a reader pass over a keyword that it does not know. A rule that is declared and not checked is worse
//! than none: the editor refuses what a run accepts.

use serde_json::Value;

/// Rules that `walk` and `shape` keep.
const CHECKED: [&str; 23] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "prefixItems",
    "properties",
    "required",
    "type",
    "unevaluatedProperties",
    "uniqueItems",
    "$defs",
];

/// Words for people and editors.
const ANNOTATIONS: [&str; 5] = ["$schema", "title", "description", "default", "examples"];

/// Formats whose limits are checked, or that allow every number.
const FORMATS: [&str; 12] =
    ["uint8", "uint16", "uint32", "uint64", "uint", "int8", "int16", "int32", "int64", "int", "float", "double"];

/// Keywords in `schema` that nothing checks, each with the place where it stands: `#/properties/name: pattern`.
pub fn unchecked_keywords(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(schema, "#", &mut found);
    found
}

fn collect(schema: &Value, place: &str, found: &mut Vec<String>) {
    let Value::Object(keywords) = schema else { return };
    for (keyword, value) in keywords {
        let inner = format!("{place}/{keyword}");
        match (keyword.as_str(), value) {
            ("format", Value::String(format)) if FORMATS.contains(&format.as_str()) => {}
            ("format", format) => found.push(format!("{place}: format {format}")),
            ("properties" | "$defs", Value::Object(schemas)) => {
                schemas.iter().for_each(|(name, schema)| collect(schema, &format!("{inner}/{name}"), found));
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter().enumerate().for_each(|(at, schema)| collect(schema, &format!("{inner}/{at}"), found));
            }
            ("items" | "additionalProperties" | "unevaluatedProperties", schema) => collect(schema, &inner, found),
            (known, _) if CHECKED.contains(&known) || ANNOTATIONS.contains(&known) => {}
            (unknown, _) => found.push(format!("{place}: {unknown}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn every_place_of_a_schema_is_looked_at() {
        let schema = json!({
            "type": "object",
            "properties": { "pattern": { "type": "string", "pattern": "^a" }, "a": { "oneOf": [{ "multipleOf": 2 }] } },
            "$defs": { "b": { "items": { "if": {} }, "prefixItems": [{ "not": {} }] } },
            "additionalProperties": { "format": "date" },
            "unevaluatedProperties": { "propertyNames": {} },
        });
        let mut found = unchecked_keywords(&schema);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "#/$defs/b/items: if",
                "#/$defs/b/prefixItems/0: not",
                "#/additionalProperties: format \"date\"",
                "#/properties/a/oneOf/0: multipleOf",
                "#/properties/pattern: pattern",
                "#/unevaluatedProperties: propertyNames",
            ]
        );
    }

    #[test]
    fn what_is_checked_or_only_told_is_no_fault() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "T",
            "properties": { "n": { "type": "integer", "format": "uint32", "minimum": 1, "default": 3, "examples": [2] } },
            "required": ["n"],
            "additionalProperties": false,
        });
        assert_eq!(unchecked_keywords(&schema), [""; 0]);
    }
}
