//! What a pipeline declares about an ingest stage.

use schemars::JsonSchema;
use ser_stage::Problem;
use ser_storage::{Root, RootProblem};
use serde::{Deserialize, Serialize};

use crate::descriptor;

/// Reads the audio files of one corpus: one row per file, usable or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Name of a built-in corpus (`crema_d`, `emodb`, `emovo`, `nemo`, `ravdess`, `savee`, `tess`), or the path of a
    /// descriptor ending in `.toml`, relative to the folder of the pipeline file.
    pub corpus: String,
    /// Folder with the corpus's audio, at any depth; relative to the folder of the pipeline file. Or a place in object
    /// storage that speaks S3, `s3://bucket/folder`, with credentials, region and server in `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` and `AWS_ENDPOINT_URL`. A root that is missing is
    /// reported, and the pipeline goes on without the corpus.
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
        } else if let Some(RootProblem { message, hint }) = Root::problem(&self.root) {
            problem("root", message, hint);
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
    fn a_root_that_cannot_be_read_is_told_with_what_can() {
        let problems = |root: &str| Params { corpus: "tess".into(), root: root.into(), ..Params::default() }.check();
        assert!(problems("data/tess").is_empty() && problems("s3://corpora/tess").is_empty());
        for (root, told) in [("gs://corpora/tess", "`gs://` is not known"), ("s3://c/tess", "`c` cannot be the name")] {
            let problem = problems(root).pop().unwrap_or_else(|| panic!("{root}"));
            assert!(problem.key == "root" && problem.message.contains(told), "{problem:?}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = serde_json::from_str::<Params>(r#"{"corpus": "tess", "folder": "x"}"#).expect_err("unknown key");
        assert!(error.to_string().contains("folder"), "{error}");
    }
}
