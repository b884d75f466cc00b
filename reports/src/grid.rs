//! A table as the templates see it: what the cells say and how they align, no markup.

use serde::Serialize;

/// A column's heading.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Heading {
    /// What the column holds.
    text: String,
    /// Whether the cells are numbers and align right.
    numeric: bool,
}

/// One cell.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cell {
    text: String,
    /// Smaller text below: an interval, a remark.
    note: Option<String>,
    /// One of the class names of the style sheet.
    class: Option<&'static str>,
}

impl Cell {
    /// Smaller text below the cell's own.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A class of the style sheet.
    pub(crate) fn class(mut self, class: &'static str) -> Self {
        self.class = Some(class);
        self
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), note: None, class: None }
    }
}

/// A table. The first column heads its rows.
#[derive(Debug, Clone, Serialize, Default)]
pub(crate) struct Grid {
    /// What the table shows, in one line.
    caption: String,
    headings: Vec<Heading>,
    rows: Vec<Vec<Cell>>,
    /// Remark below the table.
    foot: Option<String>,
}

impl Grid {
    /// An empty table; a heading that starts with `#` is of a numeric column (the sign is not shown).
    pub(crate) fn new(caption: impl Into<String>, headings: &[&str]) -> Self {
        let headings = headings
            .iter()
            .map(|heading| match heading.strip_prefix('#') {
                Some(text) => Heading { text: text.to_owned(), numeric: true },
                None => Heading { text: (*heading).to_owned(), numeric: false },
            })
            .collect();
        Self { caption: caption.into(), headings, rows: Vec::new(), foot: None }
    }

    /// Adds a numeric column.
    pub(crate) fn numeric_column(&mut self, text: impl Into<String>) {
        self.headings.push(Heading { text: text.into(), numeric: true });
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Sets the remark below the table.
    pub(crate) fn foot(&mut self, text: impl Into<String>) {
        self.foot = Some(text.into());
    }

    /// Whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
