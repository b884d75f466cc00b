//! What a pipeline declares about an ingest stage.

use schemars::JsonSchema;
use ser_stage::Problem;
use serde::{Deserialize, Serialize};

use crate::descriptor;

/// Reads the audio files of one corpus: one row per file, usable or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Name of a built-in corpus (`crema_d`, `emodb`, `emovo`, `nemo`, `ravdess`, `savee`, `tess`), or the path of a
    /// descriptor ending in `.toml`, relative to the folder of the pipeline file.
    pub corpus: String,
    /// Folder with the corpus's audio, at any depth; relative to the folder of the pipeline file. A folder that is
    /// missing is reported, and the pipeline goes on without the corpus.
    pub root: String,
    /// Further kinds of recording to take in, in the descriptor's words, for example `["song"]` for RAVDESS. Files of a
    /// kind that is not named here are left out as `other_modality`.
    pub modalities: Vec<String>,
}

impl Params {
    /// Problems that the types cannot express.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, message: String, hint: String| {
            problems.push(Problem { key: key.to_owned(), message, hint: Some(hint) });
        };
        if self.corpus.trim().is_empty() {
            let names = descriptor::builtin_names().join(", ");
            let hint =
                format!("name a built-in corpus ({names}) or the path of a descriptor: `corpus = \"my_corpus.toml\"`");
            problem("corpus", "`corpus` is missing".to_owned(), hint);
        } else if let Some(hint) = descriptor::unknown_builtin(&self.corpus) {
            problem("corpus", format!("there is no built-in corpus `{}`", self.corpus), hint);
        }
        if self.root.trim().is_empty() {
            let hint = "name the folder that holds the audio: `root = \"data/ravdess\"`".to_owned();
            problem("root", "`root` is missing".to_owned(), hint);
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_is_valid() {
        let problems = Params::default().check();
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["corpus", "root"]);
        assert!(
            problems[0].hint.as_deref().is_some_and(|hint| hint.contains("emodb, emovo, nemo, ravdess, savee, tess"))
        );
    }

    #[test]
    fn a_misspelt_corpus_is_corrected() {
        let params = Params { corpus: "ravdes".into(), root: "data".into(), ..Params::default() };
        let problems = params.check();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].hint.as_deref().is_some_and(|hint| hint.contains("did you mean `ravdess`")),
            "{problems:?}"
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = serde_json::from_str::<Params>(r#"{"corpus": "tess", "folder": "x"}"#).expect_err("unknown key");
        assert!(error.to_string().contains("folder"), "{error}");
    }
}
