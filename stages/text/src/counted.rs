//! Numbers of things, and the first few of them.

use std::fmt::Display;

/// How many names a message or a row of a table lists.
const MAX_NAMED: usize = 20;

/// `1 file`, `3 files`: `noun` takes an `s`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `a, b, c`, or `a, b and 4 more` where `most` are named: `names` as text.
pub fn first_names(names: impl IntoIterator<Item = impl Display>, most: usize) -> String {
    let mut names = names.into_iter();
    let named: Vec<String> = names.by_ref().take(most).map(|name| name.to_string()).collect();
    match names.count() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The [first twenty](first_names) of `names`.
pub fn some_names(names: impl IntoIterator<Item = impl Display>) -> String {
    first_names(names, MAX_NAMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0, 1, 2].map(|number| counted(number, "file")), ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn names_beyond_the_first_are_counted() {
        assert_eq!([1, 2, 3].map(|most| first_names(["a", "b"], most)), ["a and 1 more", "a, b", "a, b"]);
    }
}
