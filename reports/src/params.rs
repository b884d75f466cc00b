//! Parameters of the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ser_stage::Problem;

/// Parameters of the report stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Heading of the report; the pipeline's name when not given.
    pub title: Option<String>,
    /// Name of the stage that the report leads with. When not given: the first speaker-independent one whose
    /// standardisation has not seen test clips.
    pub main_model: Option<String>,
    /// `true` places the figures of Ranjan et al. next to the measured ones.
    pub paper_figures: bool,
    /// How many excluded files are listed one by one, 0 to 1000; the others are counted.
    #[schemars(range(min = 0, max = 1000))]
    pub exclusion_rows: u32,
    /// How many clips worth listening to are listed in each table of them, 0 to 200: likely label errors, near-duplicates.
    #[schemars(range(min = 0, max = 200))]
    pub clip_rows: u32,
    /// Kibibytes of recordings that are put into the page itself, 0 to 3072: the clip of each emotion first, then the likely
    /// label errors, as long as they fit. 0 links to the files instead, which plays them where the page was made; a page
    /// that is passed on with recordings inside hands them on too, which several corpora's licences do not allow.
    #[schemars(range(min = 0, max = 3072))]
    pub embed_audio_kib: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            title: None,
            main_model: None,
            paper_figures: true,
            exclusion_rows: 50,
            clip_rows: 25,
            embed_audio_kib: 0,
        }
    }
}

impl Params {
    /// Rules that a JSON Schema does not hold.
    pub fn check(&self) -> Vec<Problem> {
        let empty = |key: &str, value: Option<&String>, hint: &str| {
            value.filter(|value| value.trim().is_empty()).map(|_| Problem {
                key: key.to_owned(),
                message: format!("`{key}` is empty"),
                hint: Some(hint.to_owned()),
            })
        };
        let title = empty("title", self.title.as_ref(), "leave it out to use the pipeline's name");
        let main_model = empty("main_model", self.main_model.as_ref(), "leave it out to let the report choose");
        title.into_iter().chain(main_model).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_name_their_key() {
        let params = Params { title: Some("  ".into()), main_model: Some(String::new()), ..Params::default() };
        let keys: Vec<_> = params.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["title", "main_model"]);
        assert!(Params::default().check().is_empty());
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<Params>("{\"titel\": \"x\"}").is_err());
        assert_eq!(serde_json::from_str::<Params>("{}").expect("defaults"), Params::default());
    }
}
