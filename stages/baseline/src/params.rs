//! What an analyst can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_stage::Problem;

/// Which baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Always the most frequent emotion of the training clips; its probabilities are the shares of the emotions there.
    Majority,
    /// Multinomial logistic regression with an L2 penalty on the standardised functionals of a clip.
    #[default]
    Linear,
}

/// Whose clips decide what the mean and the standard deviation of a functional are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standardise {
    /// The training clips of the fold.
    #[default]
    Train,
    /// Each speaker's own clips. Needs the unlabelled clips of a test speaker, which is another setting: the report says so.
    Speaker,
}

/// Parameters of a baseline stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Which baseline.
    pub model: Model,
    /// How `linear` brings functionals to mean 0 and standard deviation 1.
    pub standardise: Standardise,
    /// Strengths of the L2 penalty that `linear` tries, each above 0: half of it times the sum of squared weights is
    /// added to the summed cross-entropy of the training clips (1 / C of scikit-learn). The one with the highest
    /// unweighted average recall on the validation clips is kept, the stronger of equals; without validation clips the one in
    /// the middle is.
    #[schemars(length(min = 1, max = 20))]
    pub l2: Vec<f64>,
    /// Most steps of the optimiser for each strength, 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_iterations: u32,
}

impl Params {
    /// Rules that the schema cannot state.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (place, l2) in self.l2.iter().enumerate() {
            if !(l2.is_finite() && *l2 > 0.0) {
                problems.push(Problem {
                    key: format!("l2[{place}]"),
                    message: format!("expected a number above 0, found {l2}"),
                    hint: Some("100 is usual for a thousand clips with a thousand functionals".to_owned()),
                });
            }
        }
        problems
    }
}

impl Default for Params {
    fn default() -> Self {
        Self {
            model: Model::default(),
            standardise: Standardise::default(),
            l2: vec![300.0, 100.0, 30.0],
            max_iterations: 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_are_positive() {
        assert!(Params::default().check().is_empty());
        let params = Params { l2: vec![1.0, 0.0, f64::NAN], ..Params::default() };
        let keys: Vec<String> = params.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["l2[1]", "l2[2]"]);
    }
}
