//! Features that were computed elsewhere: what is known of them is the file that they came in.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::frames::FrameLayout;

/// Key of the parameters of a layout whose features were imported.
const KEY: &str = "imported";

/// The file that features were imported from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Its path as the pipeline file names it.
    pub file: String,
    /// BLAKE3 hash of its bytes, 64 hexadecimal digits.
    pub blake3: String,
}

impl Imported {
    /// The layout of columns that came in this file. Neither a sample rate nor the time between frames is known: both
    /// are 0.
    pub fn layout(&self, names: Vec<String>) -> FrameLayout {
        FrameLayout { names, sample_rate_hz: 0, hop_s: 0.0, params: json!({ KEY: self }) }
    }

    /// The file that features with the parameters `params` of a [`FrameLayout`] came in; `None` of features that the
    /// pipeline computed.
    pub fn of(params: &Value) -> Option<Self> {
        serde_json::from_value(params.get(KEY)?.clone()).ok()
    }
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (BLAKE3 {})", self.file, self.blake3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_tells_the_file_that_it_came_in_and_a_computed_one_tells_none() {
        let imported = Imported { file: "wav2vec2.parquet".into(), blake3: "ab".repeat(32) };
        let layout = imported.layout(vec!["a".into()]);
        assert_eq!(Imported::of(&layout.params), Some(imported.clone()));
        assert_eq!(imported.to_string(), format!("wav2vec2.parquet (BLAKE3 {})", "ab".repeat(32)));
        for computed in [json!({"hop_s": 0.01}), Value::Null, json!({"imported": true})] {
            assert_eq!(Imported::of(&computed), None);
        }
    }
}
