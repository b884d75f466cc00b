//! Small rules of wording that several sections share.

use crate::charts::IntervalRow;
use crate::number;

/// The word with a capital first letter.
pub(crate) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Different values in the order of their first appearance.
pub(crate) fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Text of a screen reader for rows of values.
pub(crate) fn spoken(rows: &[IntervalRow]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.label, number::with_interval(row.value, row.low, row.high)))
        .collect();
    rows.join("; ")
}

/// The names that terminals mark with backticks, without them.
pub(crate) fn prose(text: &str) -> String {
    capitalised(&text.replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_as_people_do() {
        let words = |words: &[&str]| listed(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["a"]), "a");
        assert_eq!(words(&["a", "b", "c"]), "a, b and c");
        assert_eq!(prose("`calm` is in ravdess only"), "Calm is in ravdess only");
        assert_eq!(distinct(["b", "a", "b"].into_iter()), ["b", "a"]);
    }
}
