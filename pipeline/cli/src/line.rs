//! Text on its way to the terminal.
//!
//! File names, cells of tables and words of descriptors are other people's, and may hold characters that a terminal
//! obeys: that colour, move, retitle it or hide what stands beside. A [`Line`] is the only thing that is ever written,
//! and none of the ways in which text gets into one lets such characters through. Colours come from [`Style`]s alone.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use console::Style;
use ser_text::{printable, printable_lines};

/// Beginning of further lines of a message, so that none looks like a message of its own.
const CONTINUED: &str = "  ";

/// Text that a terminal shows and never obeys, in colours where [`Style`]s say so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line(String);

impl Line {
    /// No text yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Appends one line of text: line feeds in it are written out, too.
    pub(crate) fn text(mut self, text: impl Display) -> Self {
        self.0.push_str(&printable(&text.to_string()));
        self
    }

    /// Appends one line of text in the colours of `style`.
    pub(crate) fn styled(mut self, style: &Style, text: impl Display) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{}", style.apply_to(printable(&text.to_string())));
        self
    }

    /// Appends a message that may have several lines. Lines after the first are indented.
    pub(crate) fn message(mut self, text: impl Display) -> Self {
        for (number, line) in text.to_string().split('\n').enumerate() {
            if number > 0 {
                self.0.push('\n');
            }
            if number > 0 && !line.starts_with(' ') {
                self.0.push_str(CONTINUED);
            }
            self.0.push_str(&printable(line));
        }
        self
    }

    /// Text that a library has coloured: colours pass, and nothing else that a terminal obeys.
    pub(crate) fn coloured(text: &str) -> Self {
        let mut pieces = text.split('\u{1b}');
        let mut line = printable_lines(pieces.next().unwrap_or_default()).into_owned();
        for piece in pieces {
            let (colour, rest) = piece.split_at(colour_length(piece));
            line.push_str(if colour.is_empty() { "\\u{1b}" } else { "\u{1b}" });
            line.push_str(colour);
            line.push_str(&printable_lines(rest));
        }
        Self(line)
    }

    /// JSON, in which such characters stand in strings only, as `\u009b`.
    pub(crate) fn json(text: &str) -> Self {
        let mut line = String::with_capacity(text.len());
        for (number, part) in text.split('\n').enumerate() {
            if number > 0 {
                line.push('\n');
            }
            if matches!(printable(part), Cow::Borrowed(_)) {
                line.push_str(part);
                continue;
            }
            for character in part.chars() {
                if matches!(printable(character.encode_utf8(&mut [0; 4])), Cow::Borrowed(_)) {
                    line.push(character);
                } else {
                    let _ = write!(line, "\\u{:04x}", u32::from(character));
                }
            }
        }
        Self(line)
    }

    /// Ready to be written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text of several lines.
impl<T: Display> From<T> for Line {
    fn from(text: T) -> Self {
        Self(printable_lines(&text.to_string()).into_owned())
    }
}

/// Bytes of the colour sequence that `text` begins with, the escape character left out: `[1;31m`.
fn colour_length(text: &str) -> usize {
    let Some(inner) = text.strip_prefix('[') else { return 0 };
    let end = inner.find(|character: char| !character.is_ascii_digit() && character != ';');
    end.filter(|end| inner[*end..].starts_with('m')).map_or(0, |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "a\u{1b}]0;x\u{7}\u{9b}2J\u{202e}b\nc.wav";
    const SHOWN: &str = "a\\u{1b}]0;x\\u{7}\\u{9b}2J\\u{202e}b\\u{a}c.wav";

    #[test]
    fn whatever_is_put_into_a_line_is_shown_and_not_obeyed() {
        assert_eq!(Line::new().text(NAME).as_str(), SHOWN);
        let red = Style::new().red().force_styling(true);
        assert_eq!(Line::new().styled(&red, NAME).as_str(), format!("\u{1b}[31m{SHOWN}\u{1b}[0m"));
        assert_eq!(Line::from(NAME).as_str(), SHOWN.replace("\\u{a}", "\n"));
        assert_eq!(Line::from(format_args!("{NAME}\n")).as_str(), SHOWN.replace("\\u{a}", "\n") + "\n");
    }

    #[test]
    fn a_line_feed_in_a_name_begins_no_message() {
        let told = Line::new().text("error: ").message("cannot read `x\nerror: all is lost`:\n  line 3");
        assert_eq!(told.as_str(), "error: cannot read `x\n  error: all is lost`:\n  line 3");
    }

    #[test]
    fn of_a_coloured_text_only_colours_are_left() {
        let text = "\u{1b}[1m\u{1b}[91merror\u{1b}[0m: a\u{1b}[2Jb\u{1b}]0;x\u{7}\u{1b}";
        let shown = "\u{1b}[1m\u{1b}[91merror\u{1b}[0m: a\\u{1b}[2Jb\\u{1b}]0;x\\u{7}\\u{1b}";
        assert_eq!(Line::coloured(text).as_str(), shown);
        assert_eq!(Line::coloured("plain\ntext\u{1b}[31").as_str(), "plain\ntext\\u{1b}[31");
    }

    #[test]
    fn json_stays_json_and_means_the_same() {
        let value = serde_json::json!({ NAME: [NAME, "Jos\u{e9}"] });
        for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("JSON")] {
            let line = Line::json(&text);
            assert!(line.as_str().chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{line:?}");
            assert!(line.as_str().contains("Jos\u{e9}"));
            assert_eq!(serde_json::from_str::<serde_json::Value>(line.as_str()).expect("JSON"), value);
        }
    }
}
