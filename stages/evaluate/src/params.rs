//! What an analyst can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::stage::ParamProblem;

/// Parameters of an evaluate stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How many times speakers are resampled for the 95 % intervals, 1000 to 100000, or 0 for no intervals. More
    /// resamples make the ends of an interval steadier, not narrower.
    #[schemars(range(min = 0, max = 100_000))]
    pub resamples: u32,
}

impl Params {
    /// Rules that the schema cannot state.
    pub fn check(&self) -> Vec<ParamProblem> {
        if self.resamples == 0 || (1000..=100_000).contains(&self.resamples) {
            return Vec::new();
        }
        vec![ParamProblem {
            key: "resamples".to_owned(),
            message: format!("expected 0 or 1000 to 100000, found {}", self.resamples),
            hint: Some("fewer than 1000 resamples leave the 2.5th percentile to a handful of draws".to_owned()),
        }]
    }
}

impl Default for Params {
    fn default() -> Self {
        Self { resamples: 1000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resamples_are_none_or_enough() {
        let problems = |resamples| Params { resamples }.check().len();
        assert_eq!([problems(0), problems(1000), problems(999), problems(100_001)], [0, 0, 1, 1]);
        assert!(Params::default().check().is_empty());
    }
}
