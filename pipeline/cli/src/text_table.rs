//! Tables in the terminal: aligned columns, numbers to the right.

use std::fmt::Write as _;

use ser_text::printable;

/// Characters of a cell that are shown. The tables of `std::fmt` end at 65 535, a reader's patience before.
const MAX_CELL_CHARS: usize = 200;

/// Text with columns aligned; a column whose cells all begin with a digit (or are empty) is set to the right.
pub(crate) fn render(head: &[&str], rows: &[Vec<String>]) -> String {
    // Written out here already: a line feed in a name would break the table, and every character counts for the width.
    let cell =
        |row: &[String], column: usize| row.get(column).map(|cell| shortened(&printable(cell))).unwrap_or_default();
    let columns: Vec<(usize, bool)> = head
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = rows.iter().map(|row| cell(row, column));
            let width = cells.clone().map(|text| text.chars().count()).max().unwrap_or(0).max(title.chars().count());
            let numeric = cells.clone().any(|text| !text.is_empty())
                && cells.clone().all(|text| text.is_empty() || text.starts_with(|first: char| first.is_ascii_digit()));
            (width, numeric)
        })
        .collect();
    let mut text = String::new();
    let titles: Vec<String> = head.iter().map(|&title| title.to_owned()).collect();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for (column, &(width, numeric)) in columns.iter().enumerate() {
            let content = cell(row, column);
            let gap = if column == 0 { "" } else { "  " };
            // Writing to a string cannot fail.
            let _ =
                if numeric { write!(line, "{gap}{content:>width$}") } else { write!(line, "{gap}{content:<width$}") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(MAX_CELL_CHARS) {
        Some((end, _)) => format!("{}...", &cell[..end]),
        None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_any_length_is_shown_by_its_beginning() {
        let rows = vec![vec!["ä".repeat(100_000), "1".to_owned()]];
        let line = format!("{}...  1", "ä".repeat(MAX_CELL_CHARS));
        assert_eq!(render(&["", "n"], &rows).lines().last(), Some(line.as_str()));
    }

    #[test]
    fn numbers_stand_right_and_words_left() {
        let rows = vec![vec!["angry".to_owned(), "7".to_owned()], vec!["sad".to_owned(), "1203".to_owned()]];
        assert_eq!(render(&["emotion", "clips"], &rows), "emotion  clips\nangry        7\nsad       1203\n");
    }

    #[test]
    fn a_name_breaks_no_table() {
        let rows = vec![vec!["a\nb\u{1b}[31m.wav".to_owned(), "1".to_owned()], vec!["c".to_owned(), "2".to_owned()]];
        let lines = ["                       n", "a\\u{a}b\\u{1b}[31m.wav  1", "c                      2", ""];
        assert_eq!(render(&["", "n"], &rows), lines.join("\n"));
    }

    #[test]
    fn short_rows_are_filled_up() {
        assert_eq!(render(&["a", "b"], &[vec!["x".to_owned()]]), "a  b\nx\n");
    }
}
