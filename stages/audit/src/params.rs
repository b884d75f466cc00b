//! What an analyst can set: from where on something is worth a finding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::stage::ParamProblem;

/// Parameters of an audit stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Largest acceptable ratio between the clips of the most and of the least frequent emotion, 1 to 1000.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub max_imbalance: f64,
    /// Fewest clips of a speaker that are not remarked on, 0 to 10000.
    #[schemars(range(min = 0, max = 10000))]
    pub min_clips_per_speaker: u32,
    /// Fewest speakers of a corpus that are not remarked on, 0 to 10000: figures for new speakers, and their
    /// intervals, are only as good as the number of speakers.
    #[schemars(range(min = 0, max = 10000))]
    pub min_speakers_per_corpus: u32,
}

impl Params {
    /// Rules that the schema cannot state.
    pub fn check(&self) -> Vec<ParamProblem> {
        if (1.0..=1000.0).contains(&self.max_imbalance) {
            return Vec::new();
        }
        vec![ParamProblem {
            key: "max_imbalance".to_owned(),
            message: format!("expected 1 to 1000, found {}", self.max_imbalance),
            hint: Some("3 means that no emotion may have more than three times the clips of another".to_owned()),
        }]
    }
}

impl Default for Params {
    fn default() -> Self {
        Self { max_imbalance: 3.0, min_clips_per_speaker: 20, min_speakers_per_corpus: 5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imbalance_is_a_ratio() {
        let problems = |max_imbalance| Params { max_imbalance, ..Params::default() }.check().len();
        assert_eq!([problems(3.0), problems(0.5), problems(f64::NAN)], [0, 1, 1]);
    }
}
