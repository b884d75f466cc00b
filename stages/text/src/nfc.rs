//! One spelling of each text: Unicode's composed form.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// `text` in Unicode's composed normalisation form, NFC (UAX #15): an accented letter is one character, however it was
/// typed.
///
/// Some systems spell a letter and its accent as two characters, others as one; both look alike and compare unequal.
/// Names, keys, codes and labels are compared in this form. Paths are not changed: they must open the file they name.
pub fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_name_become_one() {
        assert_eq!(nfc("Jose\u{301}"), "Jos\u{e9}");
        assert_eq!(nfc("Jos\u{e9}"), "Jos\u{e9}");
        assert_eq!(nfc("\u{1112}\u{1161}\u{11ab}"), "\u{d55c}", "Hangul too");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(nfc("s01_anger"), Cow::Borrowed(_)));
    }
}
