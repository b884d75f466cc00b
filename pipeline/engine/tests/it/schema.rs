//! The schema that editors get: it must be the same rule that a run applies.

use ser_engine::json_schema;
use serde_json::{Value, json};

use crate::fake::registry;

#[test]
fn every_kind_is_a_branch_with_its_parameters_kind_and_from() {
    let schema = json_schema(&registry());
    let stage = &schema["properties"]["stage"]["patternProperties"]["^[a-z][a-z0-9_-]{0,63}$"];
    let branches = stage["allOf"].as_array().unwrap();
    assert_eq!(branches.len(), 3);
    assert_eq!(branches[1]["if"]["properties"]["kind"]["const"], "work");
    assert_eq!(branches[1]["then"]["$ref"], "#/$defs/work");
    assert_eq!(
        stage["properties"]["kind"]["oneOf"][1],
        json!({ "const": "work", "description": "Puts its inputs together." })
    );
    let work = &schema["$defs"]["work"];
    assert_eq!(work["additionalProperties"], false);
    assert_eq!(work["properties"]["n_mels"]["minimum"], 8);
    assert_eq!(work["properties"]["n_mels"]["description"], "Number of mel bands.");
    assert_eq!(
        work["properties"]["from"]["description"],
        "The stages that it reads: 1 or more that write number (kind source), 0 to 3 that write text (kind work)."
    );
    assert!(schema["$defs"]["source"]["properties"].get("from").is_none());
    assert_eq!(schema["$defs"]["source"]["required"], json!(["root"]));
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = json_schema(&registry());
    let mut references = Vec::new();
    collect(&schema, &mut references);
    assert!(references.iter().any(|reference| reference == "#/$defs/work.Protocol"), "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(schema.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(schema: &Value, references: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(reference) if key == "$ref" => references.push(reference.clone()),
                    other => collect(other, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
