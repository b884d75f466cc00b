//! Text that a terminal shows as it is, and never obeys.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every control character written out as `\u{1b}`, so that a file name cannot colour, move or retitle a
/// terminal, nor turn the direction of what follows. Line feeds and tabs are control characters, too.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_control(character) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Like [`printable`], keeping line feeds: for text of several lines.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    if text.chars().any(|character| character != '\n' && is_control(character)) {
        Cow::Owned(text.split('\n').map(printable).collect::<Vec<_>>().join("\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Control characters, and the marks that change the direction of the text behind them.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(printable("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(printable("a\u{9b}2Jb\n"), "a\\u{9b}2Jb\\u{a}");
        assert_eq!(printable("x\u{202e}vaw.a"), "x\\u{202e}vaw.a");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(printable_lines("a\n\u{1b}b\r\nc"), "a\n\\u{1b}b\\u{d}\nc");
        assert!(matches!(printable_lines("a\nb\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn other_text_is_left_as_it_is() {
        assert!(matches!(printable("Jos\u{e9} 한 \u{1f600}.wav"), Cow::Borrowed(_)));
    }
}
