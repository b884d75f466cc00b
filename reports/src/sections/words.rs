//! Small rules of wording that several sections share.

use ser_schemas::Grouping;

use crate::charts::IntervalRow;
use crate::number;
use crate::scored::spelt;

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

/// The column called `name` in running text.
pub(crate) fn column(name: &str) -> String {
    Grouping::named(name).map_or_else(|| name.replace('_', " "), spelt)
}

/// The names that terminals mark with backticks, without them; a sentence that begins with one, or with one of `names`,
/// keeps it as it is written.
pub(crate) fn prose(text: &str, names: &[&str]) -> String {
    let first = text.split([' ', ',', ':']).next().unwrap_or_default();
    let plain = text.replace('`', "");
    if text.starts_with('`') || names.contains(&first) { plain } else { capitalised(&plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_as_people_do() {
        let words = |words: &[&str]| listed(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["a"]), "a");
        assert_eq!(words(&["a", "b", "c"]), "a, b and c");
        assert_eq!(
            prose("corpus and gender depend on each other", &["nemo"]),
            "Corpus and gender depend on each other"
        );
        assert_eq!(column("age_years"), "age");
        assert_eq!(column("of_my_own"), "of my own");
    }

    #[test]
    fn names_are_written_as_they_are() {
        assert_eq!(prose("`calm` is in ravdess only", &[]), "calm is in ravdess only");
        assert_eq!(prose("nemo has no `disgust`: so", &["nemo"]), "nemo has no disgust: so");
        assert_eq!(distinct(["b", "a", "b"].into_iter()), ["b", "a"]);
    }
}
