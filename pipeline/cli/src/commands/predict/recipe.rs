//! What decides answers beside the recordings: of an equal recipe, equal recordings have equal answers.

use serde::Serialize;
use serde_json::Value;

use super::calibration::Calibration;
use super::row::View;
use super::windows::Windows;

/// Version of the answers; it rises when the same model says something else of the same recording, in whichever step from its
/// file to the row. What features are has a version of its own.
const VERSION: u32 = 1;

/// The recipe of some answers, as it stands in the metadata of their files.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Recipe<'a> {
    version: u32,
    features: u32,
    model: String,
    calibration: Option<&'a Calibration>,
    corpus: Option<&'a str>,
    windows: Windows,
    min_confidence: Option<f64>,
    by_window: bool,
}

/// What each of its entries is to whoever reads a message.
const WORDS: [(&str, &str); 8] = [
    ("version", "another version of this program"),
    ("features", "another version of this program"),
    ("model", "another model"),
    ("calibration", "other temperatures (`--uncalibrated`)"),
    ("corpus", "another `--corpus`"),
    ("windows", "other windows (`--window-s`, `--hop-s`)"),
    ("min_confidence", "another `--min-confidence`"),
    ("by_window", "another choice of `--by-window`"),
];

impl<'a> Recipe<'a> {
    /// Of answers of the `model` of such a digest.
    pub(super) fn new(
        model: String,
        calibration: Option<&'a Calibration>,
        corpus: Option<&'a str>,
        windows: Windows,
        view: View,
    ) -> Self {
        let View { min_confidence, by_window } = view;
        let features = ser_features::VERSION;
        Self { version: VERSION, features, model, calibration, corpus, windows, min_confidence, by_window }
    }

    /// As text.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What answers of the recipe `found` have of which those of `expected` have another, in words; `None` where `found` is no recipe.
pub(super) fn differences(expected: &str, found: &str) -> Option<Vec<&'static str>> {
    let entries = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    let (expected, found) = (entries(expected)?, entries(found)?);
    found.get("model")?;
    let differs = |(key, _): &&(&str, &str)| expected.get(*key) != found.get(*key);
    let mut words: Vec<&'static str> = WORDS.iter().filter(differs).map(|(_, words)| *words).collect();
    words.dedup();
    // Entries that this program does not know are a later one's.
    if words.is_empty() && expected != found {
        words.push(WORDS[0].1);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::super::windows::tests::PLAN;
    use super::*;

    #[test]
    fn what_differs_is_told_as_people_say_it() {
        let recipe = |model: &str, view: View| Recipe::new(model.to_owned(), None, None, PLAN, view).text();
        let plain = recipe("a", View::default());
        assert_eq!(differences(&plain, &plain), Some(Vec::new()));
        let unsure = recipe("b", View { min_confidence: Some(0.1 + 0.2), by_window: true });
        assert_eq!(
            differences(&plain, &unsure),
            Some(vec!["another model", "another `--min-confidence`", "another choice of `--by-window`"])
        );
        let nearly = recipe("b", View { min_confidence: Some(0.3), by_window: true });
        assert_eq!(differences(&nearly, &unsure).map(|words| words.len()), Some(1), "numbers count to the bit");
        let later = plain.replace("\"version\":1", "\"version\":1,\"ears\":2");
        assert_eq!(differences(&plain, &later), Some(vec!["another version of this program"]));
        for none in ["", "7", "{}", r#"{"version": 6}"#] {
            assert_eq!(differences(&plain, none), None, "{none}");
        }
    }
}
