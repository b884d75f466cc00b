//! Parameters of an import.

use std::path::Path;

use schemars::JsonSchema;
use ser_stage::Problem;
use serde::{Deserialize, Serialize};

/// Endings of files that can be read.
const ENDINGS: [&str; 5] = ["parquet", "pq", "csv", "tsv", "txt"];

/// Features that were computed elsewhere, from a file of one row per clip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Parquet file (uncompressed or Snappy) or CSV file with a column `clip_id`, as in the manifest's `clips`, and a row for
    /// each clip; relative to the folder of the pipeline file. All other columns are features. A number, or a list of as many
    /// numbers for every clip, becomes functionals; a list of frames, each a list of as many numbers, becomes frames. Without
    /// functionals of its own, a file of frames gets the mean and the standard deviation of each column over a clip's frames;
    /// without frames, the functionals of a clip are its only frame.
    pub file: String,
    /// Columns to take, by name or, with `*` at the end, by the beginning of their names. Empty: all but `clip_id`.
    pub columns: Vec<String>,
    /// Columns to leave out, in the same way. An index that pandas wrote (`__index_level_0__`) is left out anyway.
    pub ignore: Vec<String>,
}

impl Params {
    /// Problems that the types cannot express.
    pub fn check(&self) -> Vec<Problem> {
        let problem = |message: String, hint: &str| {
            vec![Problem { key: "file".to_owned(), message, hint: Some(hint.to_owned()) }]
        };
        if self.file.trim().is_empty() {
            return problem("`file` is missing".to_owned(), "name the file of features: `file = \"wav2vec2.parquet\"`");
        }
        let ending = Path::new(&self.file).extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending {
            Some(ending) if ENDINGS.contains(&ending.as_str()) => Vec::new(),
            _ => problem(
                format!("`{}` is neither a Parquet nor a CSV file by its name", self.file),
                "expected a name that ends in `.parquet` or `.csv`; docs/recipes has programs that write one",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_wanted_and_known_by_its_ending() {
        let problems = |file: &str| Params { file: file.into(), ..Params::default() }.check();
        assert_eq!(problems("a/b.parquet"), []);
        assert_eq!(problems("b.CSV"), []);
        assert!(problems("")[0].message.contains("`file` is missing"));
        for other in ["embeddings.npy", "embeddings"] {
            assert!(problems(other)[0].message.contains("neither a Parquet nor a CSV file"), "{other}");
        }
    }
}
