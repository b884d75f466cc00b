//! Rules of a schema that the walk does not keep.
//!
//! JSON Schema lets a reader pass over a keyword that it does not know. A rule that is declared and not checked is worse
//! than none: the editor refuses what a run accepts.

use serde_json::{Map, Value};

use super::node::Node;
use super::shape::{ANNOTATIONS, alternatives, choices, fits, lost, properties, types};

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

/// Formats whose limits are checked, or that allow every number.
const FORMATS: [&str; 12] =
    ["uint8", "uint16", "uint32", "uint64", "uint", "int8", "int16", "int32", "int64", "int", "float", "double"];

/// Rules in the schema `root` that nothing checks, each with the place where it stands: `#/properties/name: pattern`.
pub fn unchecked_rules(root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(root, root, "#", &mut found);
    found
}

fn collect(root: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
    let Value::Object(keywords) = schema else { return };
    let rules = lost(root, schema).into_iter().chain(beside_choices(root, schema));
    found.extend(rules.map(|rule| format!("{place}: {rule}")));
    for (keyword, value) in keywords {
        let inner = format!("{place}/{keyword}");
        match (keyword.as_str(), value) {
            ("format", Value::String(format)) if FORMATS.contains(&format.as_str()) => {}
            ("format", format) => found.push(format!("{place}: format {format}")),
            ("properties" | "$defs", Value::Object(schemas)) => {
                schemas.iter().for_each(|(name, schema)| collect(root, schema, &format!("{inner}/{name}"), found));
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                if keyword == "oneOf" {
                    found.extend(overlaps(root, schemas).into_iter().map(|rule| format!("{place}: {rule}")));
                }
                for (at, schema) in schemas.iter().enumerate() {
                    collect(root, schema, &format!("{inner}/{at}"), found);
                }
            }
            ("items" | "additionalProperties" | "unevaluatedProperties", schema) => {
                collect(root, schema, &inner, found);
            }
            (known, _) if CHECKED.contains(&known) || ANNOTATIONS.contains(&known) => {}
            (unknown, _) => found.push(format!("{place}: {unknown}")),
        }
    }
}

/// Rules beside `const` or `enum`, whose values are all that the walk looks at.
fn beside_choices(root: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for option in alternatives(root, schema) {
        let Some(values) = choices(&option) else { continue };
        let chosen = if option.contains_key("const") { "const" } else { "enum" };
        let kept = [chosen, "type", "$defs"];
        let beside = option.keys().filter(|key| CHECKED.contains(&key.as_str()) && !kept.contains(&key.as_str()));
        found.extend(beside.map(|key| format!("{key} beside {chosen}")));
        if !values.iter().all(|value| fits(&types(&option), &Node::from(*value))) {
            found.push(format!("type beside {chosen}"));
        }
    }
    found
}

/// Pairs of `options` that one value may fit: the walk takes the first that fits, `oneOf` allows no second.
fn overlaps(root: &Value, options: &[Value]) -> Vec<String> {
    let options: Vec<_> = options.iter().map(|option| alternatives(root, option)).collect();
    let mut found = Vec::new();
    for (second, others) in options.iter().enumerate() {
        for (first, known) in options[..second].iter().enumerate() {
            if !known.iter().all(|one| others.iter().all(|other| are_apart(one, other))) {
                found.push(format!("oneOf whose alternatives {first} and {second} one value may fit"));
            }
        }
    }
    found
}

/// Tells whether no value fits both, as far as that shows in words, types, tags and names of properties.
fn are_apart(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let misfit = |values: &[&Value], types: &[&str]| values.iter().all(|value| !fits(types, &Node::from(*value)));
    match (choices(one), choices(other)) {
        (Some(ones), Some(others)) => return ones.iter().all(|value| !others.contains(value)),
        (Some(values), None) => return misfit(&values, &types(other)),
        (None, Some(values)) => return misfit(&values, &types(one)),
        (None, None) => {}
    }
    let (ones, others) = (types(one), types(other));
    let shared = |name: &&str| others.contains(name) || (*name == "integer" && others.contains(&"number"));
    if !ones.is_empty() && !others.is_empty() && !ones.iter().any(shared) {
        return !(ones.contains(&"number") && others.contains(&"integer"));
    }
    ones == ["object"] && others == ["object"] && (is_told_from(one, other) || is_told_from(other, one))
}

/// Tells whether `one` requires a property that `other` forbids, or wants otherwise.
fn is_told_from(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let required = |schema: &Map<String, Value>, name: &str| {
        schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|known| known == name))
    };
    properties(one).filter(|(name, _)| required(one, name)).any(|(name, mine)| {
        let theirs = properties(other).find(|(known, _)| *known == name);
        match theirs {
            None => other.get("additionalProperties") == Some(&Value::Bool(false)),
            Some((_, theirs)) => {
                let [mine, theirs] =
                    [mine, theirs].map(|schema| schema.as_object().and_then(choices).unwrap_or_default());
                required(other, name)
                    && !mine.is_empty()
                    && !theirs.is_empty()
                    && mine.iter().all(|word| !theirs.contains(word))
            }
        }
    })
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
        let mut found = unchecked_rules(&schema);
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
        assert_eq!(unchecked_rules(&schema), [""; 0]);
    }

    #[test]
    fn references_lead_to_schemas() {
        let schema = json!({
            "properties": { "a": { "$ref": "#/$defs/none" }, "b": { "$ref": "#/$defs/n" }, "c": { "$ref": "b.json" } },
            "$defs": { "n": { "type": "number" }, "loop": { "$ref": "#/$defs/loop" } },
        });
        let mut found = unchecked_rules(&schema);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "#/$defs/loop: a reference that leads back to itself",
                "#/properties/a: $ref \"#/$defs/none\" leads nowhere",
                "#/properties/c: $ref \"b.json\" leads nowhere",
            ]
        );
    }

    #[test]
    fn a_rule_that_another_hides_is_told() {
        let limited = |outer: Value| {
            let defs = json!({ "n": { "type": "integer", "minimum": 1, "items": { "type": "string" } } });
            let mut schema = json!({ "$ref": "#/$defs/n", "description": "N.", "$defs": defs });
            schema.as_object_mut().expect("object").extend(outer.as_object().expect("object").clone());
            unchecked_rules(&schema)
        };
        assert_eq!(limited(json!({ "minimum": 0, "type": "integer" })), [""; 0]);
        assert_eq!(limited(json!({ "type": "number" })), ["#: type \"integer\" under \"number\""]);
        assert_eq!(limited(json!({ "items": true })), ["#: items {\"type\":\"string\"} under true"]);
        let twice = json!({ "allOf": [{ "properties": { "a": true } }], "properties": { "a": false } });
        assert_eq!(unchecked_rules(&twice), ["#: one of two schemas of the property `a`"]);
    }

    #[test]
    fn limits_beside_words_are_told() {
        let schema = json!({ "enum": ["a", "b"], "minLength": 1, "type": "string" });
        assert_eq!(unchecked_rules(&schema), ["#: minLength beside enum"]);
        let schema = json!({ "$ref": "#/$defs/n", "maximum": 3, "$defs": { "n": { "type": "integer", "const": 4 } } });
        assert_eq!(unchecked_rules(&schema), ["#: maximum beside const"]);
        assert_eq!(unchecked_rules(&json!({ "type": "integer", "enum": [1, "b"] })), ["#: type beside enum"]);
        assert_eq!(unchecked_rules(&json!({ "type": ["string", "null"], "enum": ["a", null] })), [""; 0]);
    }

    #[test]
    fn alternatives_of_one_of_exclude_one_another_or_are_told() {
        let told = |options: Value| !unchecked_rules(&json!({ "oneOf": options })).is_empty();
        let tagged = |word: &str, required: &[&str]| {
            let properties = json!({ "kind": { "const": word } });
            json!({ "type": "object", "properties": properties, "required": required })
        };
        let wrapped = |name: &str| {
            let properties = json!({ name: true });
            json!({ "properties": properties, "required": [name], "additionalProperties": false })
        };
        for apart in [
            json!([{ "const": "a" }, { "enum": ["b", "c"] }, { "type": "object" }]),
            json!([{ "type": "string" }, { "type": ["array", "null"] }]),
            json!([tagged("a", &["kind"]), tagged("b", &["kind"])]),
            json!([wrapped("a"), wrapped("b")]),
        ] {
            assert!(!told(apart.clone()), "{apart}");
        }
        for mixed in [
            json!([{ "const": "a" }, { "enum": ["a", "c"] }]),
            json!([{ "type": "integer" }, { "type": "number" }]),
            json!([{ "type": "number" }, { "type": "integer" }]),
            json!([{ "const": "a" }, { "type": "string" }]),
            json!([tagged("a", &["kind"]), tagged("b", &[])]),
            json!([true, { "type": "string" }]),
        ] {
            assert!(told(mixed.clone()), "{mixed}");
        }
        assert_eq!(
            unchecked_rules(&json!({ "oneOf": [{ "type": "string" }, { "const": "a" }] })),
            ["#: oneOf whose alternatives 0 and 1 one value may fit"]
        );
    }
}
