//! The JSON Schema of a kind's parameters, and the check of values against it.
//!
//! A range of a parameter stands in its schema and nowhere else. Whoever reads a pipeline file walks it with the places
//! of its values; parameters from elsewhere, of a model or of a caller, are held against the same schema by
//! [`problems`].

mod keywords;
mod limits;
mod node;
mod shape;
mod walk;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::Problem;

pub use keywords::unchecked_rules;
pub use node::{Entry, Node, NodeValue};
pub use walk::{Misfit, Walk};

/// JSON Schema (2020-12) of `P` as it is read.
pub(crate) fn of<P: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<P>()
}

/// Violations of their schema in `params`. For parameters that were not read from a pipeline file.
pub fn problems<P: JsonSchema + Serialize>(params: &P) -> Vec<Problem> {
    let value = match serde_json::to_value(params) {
        Ok(value) => value,
        Err(error) => return vec![Problem { key: String::new(), message: error.to_string(), hint: None }],
    };
    let root = of::<P>().to_value();
    let mut walk = Walk { root: &root, stage_keys: &[], found: Vec::new() };
    walk.check(&Node::from(&value), "");
    let problem = |misfit: Misfit<()>| Problem { key: misfit.path, message: misfit.message, hint: misfit.hint };
    walk.found.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, JsonSchema)]
    struct Params {
        /// Share of something. Not more.
        #[schemars(range(min = 0.0, max = 1.0))]
        share: f64,
        /// Sizes.
        #[schemars(inner(range(min = 1, max = 8)))]
        sizes: Vec<u32>,
        limit: Option<u32>,
    }

    #[test]
    fn of_several_limits_the_tightest_holds() {
        let told = |outer: serde_json::Value, value: i64| {
            let defs = serde_json::json!({ "n": { "type": "integer", "format": "uint8", "minimum": 1 } });
            let root = serde_json::json!({ "allOf": [{ "$ref": "#/$defs/n" }, outer], "$defs": defs });
            let mut walk = Walk { root: &root, stage_keys: &[], found: Vec::new() };
            walk.check(&Node::from(&value.into()), "n");
            walk.found.pop().map(|misfit| misfit.message)
        };
        let looser = serde_json::json!({ "minimum": 0, "maximum": 1000 });
        assert_eq!(told(looser.clone(), 1), None);
        assert_eq!(told(looser.clone(), 0).as_deref(), Some("must be from 1 to 255, found `0`"));
        assert_eq!(told(looser, 256).as_deref(), Some("must be from 1 to 255, found `256`"));
        let tighter = serde_json::json!({ "minimum": 5, "exclusiveMaximum": 7 });
        assert_eq!(told(tighter, 7).as_deref(), Some("must be at least 5 and below 7, found `7`"));
    }

    #[test]
    fn parameters_from_elsewhere_meet_the_same_schema() {
        let told = |share: f64, sizes: &[u32]| -> Vec<String> {
            let params = Params { share, sizes: sizes.to_vec(), limit: None };
            let told = |problem: Problem| {
                format!("{} {} ({})", problem.key, problem.message, problem.hint.unwrap_or_default())
            };
            problems(&params).into_iter().map(told).collect()
        };
        assert_eq!(told(0.5, &[1, 8]), [""; 0]);
        assert_eq!(
            told(1.5, &[1, 9]),
            [
                "share must be from 0 to 1, found `1.5` (Share of something.)",
                "sizes[1] must be from 1 to 8, found `9` (Sizes.)"
            ]
        );
        assert_eq!(told(f64::NAN, &[]), ["share must be a number, found nothing (Share of something.)"]);
    }
}
