//! What an analyst can set about the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_schemas::stage::ParamProblem;

/// Parameters of the report stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Heading of the report; the pipeline's name when not given.
    pub title: Option<String>,
    /// Name of the train stage that the report leads with. When not given: the first speaker-independent one whose
    /// standardisation has not seen test clips.
    pub main_model: Option<String>,
    /// Whether the figures of Ranjan et al. stand next to the measured ones.
    pub paper_figures: bool,
    /// How many excluded files are listed one by one, 0 to 1000; the others are counted.
    #[schemars(range(min = 0, max = 1000))]
    pub exclusion_rows: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { title: None, main_model: None, paper_figures: true, exclusion_rows: 50 }
    }
}

impl Params {
    /// Rules that a JSON Schema does not hold.
    pub fn check(&self) -> Vec<ParamProblem> {
        let empty = |key: &str, value: Option<&String>, hint: &str| {
            value.filter(|value| value.trim().is_empty()).map(|_| ParamProblem {
                key: key.to_owned(),
                message: format!("`{key}` is empty"),
                hint: Some(hint.to_owned()),
            })
        };
        let mut problems: Vec<ParamProblem> = [
            empty("title", self.title.as_ref(), "leave it out to use the pipeline's name"),
            empty("main_model", self.main_model.as_ref(), "leave it out to let the report choose"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if self.exclusion_rows > 1000 {
            problems.push(ParamProblem {
                key: "exclusion_rows".to_owned(),
                message: format!("expected 0 to 1000, found {}", self.exclusion_rows),
                hint: Some("`exclusions.parquet` of the manifest stage holds all of them".to_owned()),
            });
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_name_their_key() {
        let params = Params {
            title: Some("  ".into()),
            main_model: Some(String::new()),
            exclusion_rows: 1001,
            ..Params::default()
        };
        let keys: Vec<_> = params.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["title", "main_model", "exclusion_rows"]);
        assert!(Params::default().check().is_empty());
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<Params>("{\"titel\": \"x\"}").is_err());
        assert_eq!(serde_json::from_str::<Params>("{}").expect("defaults"), Params::default());
    }
}
