//! Helpers for kinds whose parameters are a Rust type: schema, parsing and defaults from that one type.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Problem;

/// JSON Schema (2020-12) of `P` as it is read.
pub fn schema<P: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<P>()
}

/// `params` as a `P`.
pub fn parse<P: DeserializeOwned>(params: &Value) -> Result<P, Problem> {
    P::deserialize(params).map_err(|error| Problem { key: String::new(), message: error.to_string(), hint: None })
}

/// `params` with the defaults of `P` filled in.
pub fn normalise<P: DeserializeOwned + Serialize>(params: &Value) -> Result<Value, Problem> {
    serde_json::to_value(parse::<P>(params)?).map_err(|error| Problem {
        key: String::new(),
        message: format!("parameters cannot be written back: {error}"),
        hint: Some("this is a mistake of the program: please report it".to_owned()),
    })
}
