//! Parameters of an evaluation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_stage::Problem;

/// Parameters of an evaluate stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How many times speakers are resampled for the 95 % intervals, 1000 to 100000, or 0 for no intervals. More
    /// resamples make the ends of an interval steadier, not narrower.
    #[schemars(range(min = 0, max = 100_000))]
    pub resamples: u32,
    /// Number of equally wide bins of confidence in the reliability table and the expected calibration error, 2 to 100.
    #[schemars(range(min = 2, max = 100))]
    pub calibration_bins: u32,
    /// `true` shows calibration after temperature scaling, too: one number per fold, fitted on the fold's
    /// validation clips. It changes probabilities, never predictions.
    pub temperature_scaling: bool,
    /// How many likely label errors are listed for each model on each split, 0 to 10000.
    #[schemars(range(min = 0, max = 10_000))]
    pub label_errors: u32,
    /// Fewest clips of a group that may be named the worst, 1 to 100000.
    #[schemars(range(min = 1, max = 100_000))]
    pub worst_group_clips: u32,
}

impl Params {
    /// Rules that the schema cannot state.
    pub fn check(&self) -> Vec<Problem> {
        if self.resamples == 0 || self.resamples >= 1000 {
            return Vec::new();
        }
        vec![Problem {
            key: "resamples".to_owned(),
            message: format!("expected 0 or 1000 to 100000, found {}", self.resamples),
            hint: Some("fewer than 1000 resamples leave too much of an interval's width to chance".to_owned()),
        }]
    }
}

impl Default for Params {
    fn default() -> Self {
        Self {
            resamples: 1000,
            calibration_bins: 15,
            temperature_scaling: true,
            label_errors: 100,
            worst_group_clips: 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resamples_are_none_or_enough() {
        let problems = |resamples| Params { resamples, ..Params::default() }.check().len();
        assert_eq!([problems(0), problems(1000), problems(999)], [0, 0, 1]);
        assert!(Params::default().check().is_empty());
    }
}
