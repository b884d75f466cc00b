//! Parameters in words.

use serde::Serialize;

/// The word of a pipeline file for one of a few choices.
pub(crate) fn word(choice: impl Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A network by its numbers: `fold 0`, or `fold 0, seed 1` where a fold has several.
pub(crate) fn numbered(fold: u32, seed: Option<u32>) -> String {
    seed.map_or_else(|| format!("fold {fold}"), |seed| format!("fold {fold}, seed {seed}"))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
