//! The card as Markdown (CommonMark, with the tables of GitHub).

use std::fmt::Write as _;

use super::{Block, ModelCard};
use crate::grid::{Cell, Grid};

/// The whole file.
pub(crate) fn markdown(card: &ModelCard) -> String {
    let mut text = format!("# Model card: {}\n", escaped(&card.title));
    for part in &card.parts {
        let _ = write!(text, "\n## {}\n", part.title);
        for block in &part.blocks {
            write_block(&mut text, block);
        }
    }
    text
}

fn write_block(text: &mut String, block: &Block) {
    if let Some(paragraph) = &block.text {
        let _ = write!(text, "\n{}\n", escaped(paragraph));
    }
    if !block.items.is_empty() {
        text.push('\n');
        for item in &block.items {
            let point = if item.point.is_empty() { String::new() } else { format!("**{}** ", escaped(&item.point)) };
            let _ = writeln!(text, "- {point}{}", escaped(&item.text));
        }
    }
    if let Some(table) = &block.table {
        write_table(text, table);
    }
}

fn write_table(text: &mut String, table: &Grid) {
    let _ = write!(text, "\n{}:\n\n", escaped(&table.caption));
    let headings: Vec<String> = table.headings.iter().map(|heading| escaped(&heading.text)).collect();
    let rules: Vec<&str> = table.headings.iter().map(|heading| if heading.numeric { "--:" } else { "---" }).collect();
    let _ = writeln!(text, "| {} |\n| {} |", headings.join(" | "), rules.join(" | "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if let Some(foot) = &table.foot {
        let _ = write!(text, "\n{}\n", escaped(foot));
    }
}

fn cell(cell: &Cell) -> String {
    match &cell.note {
        // Intervals have brackets of their own.
        Some(note) if note.starts_with('[') => format!("{} {}", escaped(&cell.text), escaped(note)),
        Some(note) => format!("{} ({})", escaped(&cell.text), escaped(note)),
        None => escaped(&cell.text),
    }
}

/// Text that Markdown shows as it is, on one line. Names come from files, and may hold anything.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | '`' | '*' | '<' | '>' | '|' | '#' => escaped.extend(['\\', character]),
            // Brackets are intervals here, as long as they are no link.
            ']' if matches!(characters.peek(), Some('(' | '[' | ':')) => escaped.push_str("\\]"),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_cell_or_become_markup() {
        assert_eq!(escaped("a|b\n<img>[x](y)`c` cnn_lstm"), "a\\|b \\<img\\>[x\\](y)\\`c\\` cnn_lstm");
        assert_eq!(escaped("0.61 [0.57, 0.65]"), "0.61 [0.57, 0.65]");
    }
}
