//! Names that are probably one name: what differs is only how somebody typed it.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;

/// Those of `names` that differ from another only in case, blanks, width of letters or leading zeros, in groups of at
/// least two; groups and names are in order. `S1`, `s1`, `s1 ` and `s01` are one group.
pub fn alike<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut groups: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in names {
        groups.entry(likeness(name)).or_default().insert(name);
    }
    groups.into_values().filter(|names| names.len() > 1).map(|names| names.into_iter().collect()).collect()
}

/// What `name` has in common with all names that are [`alike`].
pub fn likeness(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    // Zeros at the beginning of a number, held back until another digit shows that they only lead it.
    let mut held_zero = false;
    let mut in_number = false;
    let plain = name.nfkc().flat_map(char::to_lowercase).filter(|letter| !is_blank_letter(*letter));
    for letter in plain {
        if letter.is_ascii_digit() {
            if letter == '0' && !in_number {
                held_zero = true;
                continue;
            }
            (held_zero, in_number) = (false, true);
        } else {
            if held_zero {
                folded.push('0');
            }
            (held_zero, in_number) = (false, false);
        }
        folded.push(letter);
    }
    if held_zero {
        folded.push('0');
    }
    // Lower-casing can take letters apart again.
    folded.nfc().collect()
}

/// Whether there is nothing to see in `text`: it is empty, or white space and marks that take no room.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_letter)
}

fn is_blank_letter(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_width_and_leading_zeros_make_no_other_name() {
        for (one, other) in [
            ("S1", "s1"),
            ("s1", "s1 "),
            ("s1", "s01"),
            ("p07_a", "p7_a"),
            ("\u{ff53}\u{ff11}", "s1"),
            ("an na", "anna"),
            ("Jose\u{301}", "JOS\u{c9}"),
            ("s\u{200b}1", "s1"),
            ("a0", "a00"),
        ] {
            assert_eq!(likeness(one), likeness(other), "`{one}` and `{other}`");
        }
    }

    #[test]
    fn other_names_stay_apart() {
        for (one, other) in [("s1", "s2"), ("10", "1"), ("01", "10"), ("s0", "s"), ("s100", "s1"), ("a1b", "ab1")] {
            assert_ne!(likeness(one), likeness(other), "`{one}` and `{other}`");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_blank() {
        assert!(is_blank("") && is_blank(" \t") && is_blank("\u{a0}\u{200b}\u{3000}"));
        assert!(!is_blank(" x ") && !is_blank("0") && !is_blank("_"));
    }

    #[test]
    fn only_names_with_a_double_are_listed() {
        assert_eq!(alike(["s1 ", "x", "S1", "s1", "y", "02", "2"]), [vec!["02", "2"], vec!["S1", "s1", "s1 "]]);
        assert!(alike(["a", "a", "b"]).is_empty(), "a name is not its own double");
    }
}
