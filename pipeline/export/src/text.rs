//! Other people's text on one line.

/// `text` with one blank between its words.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same for Markdown: it neither ends a cell of a table nor begins a tag.
pub(crate) fn cell(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_line_without_bars_or_tags() {
        assert_eq!(one_line(" a\n  b\t"), "a b");
        assert_eq!(cell("a \\| b\n<br>"), "a \\\\\\| b &lt;br>");
    }
}
