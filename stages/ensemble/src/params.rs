//! Parameters of an ensemble.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_stage::Problem;

/// Mean of the members' probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// The weighted sum of probabilities: the linear opinion pool.
    #[default]
    Arithmetic,
    /// The product of probabilities to the power of their weights, divided by its sum over the classes: the logarithmic
    /// opinion pool. One member that is sure against an emotion weighs more than in the arithmetic mean.
    Geometric,
}

/// Weights of the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Weights {
    /// Weights that nobody needs to write down.
    Fitted(Fitted),
    /// The weight of each member, by its name: at least 0, divided by their sum.
    #[schemars(extend("additionalProperties" = not_negative()))]
    Given(BTreeMap<String, f64>),
}

/// Weights that nobody needs to write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fitted {
    /// The same for all members.
    Equal,
    /// Those of the least cross-entropy on the validation clips, in each fold by itself.
    Validation,
}

fn not_negative() -> serde_json::Value {
    serde_json::json!({ "type": "number", "format": "double", "minimum": 0 })
}

/// Parameters of an ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How probabilities are averaged.
    pub mean: Mean,
    /// How much each member counts: `equal`; `validation`, which fits weights of 0 to 1 that add up to 1 on the validation
    /// clips of each fold; or a weight for each member, as `{ cnn_lstm = 2, linear = 1 }`.
    pub weights: Weights,
}

impl Default for Params {
    fn default() -> Self {
        Self { mean: Mean::default(), weights: Weights::Fitted(Fitted::Equal) }
    }
}

impl Params {
    /// Problems that the types cannot express.
    pub fn check(&self) -> Vec<Problem> {
        let Weights::Given(weights) = &self.weights else { return Vec::new() };
        let total: f64 = weights.values().sum();
        if total.is_finite() && total > 0.0 && weights.values().all(|weight| *weight >= 0.0) {
            return Vec::new();
        }
        vec![Problem {
            key: "weights".to_owned(),
            message: format!("expected weights of at least 0 with a sum above 0, found a sum of {total}"),
            hint: Some("give one member a weight above 0, as in `weights = { cnn_lstm = 2, linear = 1 }`".to_owned()),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(weights: &[(&str, f64)]) -> usize {
        let weights = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
        Params { weights: Weights::Given(weights), ..Params::default() }.check().len()
    }

    #[test]
    fn weights_have_a_sum() {
        assert_eq!(problems(&[("a", 2.0), ("b", 0.0)]), 0);
        for wrong in [&[][..], &[("a", 0.0)], &[("a", f64::NAN)], &[("a", f64::INFINITY)], &[("a", 2.0), ("b", -1.0)]] {
            assert_eq!(problems(wrong), 1, "{wrong:?}");
        }
        assert!(Params::default().check().is_empty());
    }
}
