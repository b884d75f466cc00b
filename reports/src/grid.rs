//! A table as the templates see it: what the cells say, what a machine reads in them, how they align; no markup.

use serde::Serialize;

use crate::listen::Listen;
use crate::number;
use crate::scored::Estimate;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Heading {
    pub text: String,
    /// `true` if the cells are numbers and align right.
    pub numeric: bool,
    /// `true` if the page offers to show only the rows with one of the column's values.
    filter: bool,
}

impl Heading {
    /// `#` before a heading is of a numeric column, `?` of one to filter by; neither is shown.
    fn parse(heading: &str) -> Self {
        let (numeric, filter) = (heading.starts_with('#'), heading.starts_with('?'));
        let text = if numeric || filter { &heading[1..] } else { heading };
        Self { text: text.to_owned(), numeric, filter }
    }
}

#[derive(Debug, Clone, Serialize, Default)]
pub(crate) struct Cell {
    pub text: String,
    /// Smaller text below: an interval, a remark.
    pub note: Option<String>,
    /// One of the class names of the style sheet.
    class: Option<&'static str>,
    /// Value for sorting and CSV files, where it differs from the text: digits not grouped, more decimals, nothing for
    /// a dash.
    value: Option<String>,
    /// Ends of the interval in the note, as CSV files hold them.
    ends: Option<[String; 2]>,
    /// The recording that the cell names.
    listen: Option<Listen>,
}

impl Cell {
    /// No number.
    pub(crate) fn none() -> Self {
        Self { text: number::NONE.to_owned(), value: Some(String::new()), ..Self::default() }
    }

    /// No number, for a reason that `text` gives.
    pub(crate) fn missing(text: &str) -> Self {
        Self { text: text.to_owned(), value: Some(String::new()), class: Some("quiet"), ..Self::default() }
    }

    /// A whole number.
    pub(crate) fn count(count: u64) -> Self {
        Self::from(number::count(count)).valued(count.to_string())
    }

    /// A number shown with `decimals` decimals.
    pub(crate) fn fixed(value: f64, decimals: usize) -> Self {
        if !value.is_finite() {
            return Self::none();
        }
        Self::from(number::fixed(value, decimals)).valued(number::plain(value))
    }

    /// A metric between 0 and 1.
    pub(crate) fn metric(value: f64) -> Self {
        Self::fixed(value, 2)
    }

    /// A metric, or a dash.
    pub(crate) fn maybe_metric(value: Option<f64>) -> Self {
        value.map_or_else(Self::none, Self::metric)
    }

    /// A metric with its interval below.
    pub(crate) fn estimate(estimate: Option<Estimate>) -> Self {
        let Some(Estimate { value, low, high }) = estimate else { return Self::none() };
        Self::metric(value).interval(low, high)
    }

    /// A difference of two metrics with its sign and its interval below.
    pub(crate) fn difference(estimate: Estimate) -> Self {
        let Estimate { value, low, high } = estimate;
        if !value.is_finite() {
            return Self::none();
        }
        Self::from(number::difference(value)).valued(number::plain(value)).interval(low, high)
    }

    /// A word of the tables, with spaces.
    pub(crate) fn words(word: &str) -> Self {
        Self::from(word.replace('_', " ")).valued(word.to_owned())
    }

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

    /// The recording that the cell names.
    pub(crate) fn listen(mut self, listen: Option<Listen>) -> Self {
        self.listen = listen;
        self
    }

    fn interval(mut self, low: Option<f64>, high: Option<f64>) -> Self {
        self.note = number::interval(low, high);
        self.ends = low.zip(high).filter(|_| self.note.is_some()).map(|(low, high)| [low, high].map(number::plain));
        self
    }

    fn valued(mut self, value: String) -> Self {
        self.value = (value != self.text).then_some(value);
        self
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A table. The first column heads its rows.
#[derive(Debug, Clone, Serialize, Default)]
pub(crate) struct Grid {
    /// Subject of the table, in one line.
    pub caption: String,
    pub headings: Vec<Heading>,
    pub rows: Vec<Vec<Cell>>,
    /// Remark below the table.
    pub foot: Option<String>,
}

impl Grid {
    /// An empty table. A heading that starts with `#` is of a numeric column, one that starts with `?` of a column
    /// whose values rows can be filtered by.
    pub(crate) fn new<S: AsRef<str>>(caption: impl Into<String>, headings: &[S]) -> Self {
        let headings = headings.iter().map(|heading| Heading::parse(heading.as_ref())).collect();
        Self { caption: caption.into(), headings, rows: Vec::new(), foot: None }
    }

    pub(crate) fn numeric_column(&mut self, text: impl Into<String>) {
        self.headings.push(Heading { text: text.into(), numeric: true, filter: false });
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Sets the remark below the table.
    pub(crate) fn foot(&mut self, text: impl Into<String>) {
        self.foot = Some(text.into());
    }

    /// `true` if there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_read_what_readers_see_rounded() {
        let cell = Cell::estimate(Some(Estimate { value: 0.612_34, low: Some(0.57), high: Some(0.654) }));
        assert_eq!((cell.text.as_str(), cell.value.as_deref()), ("0.61", Some("0.61234")));
        assert_eq!(cell.ends, Some(["0.57".to_owned(), "0.654".to_owned()]));
        assert_eq!(Cell::count(12_162).value.as_deref(), Some("12162"));
        assert_eq!(Cell::count(162).value, None);
        assert_eq!(Cell::fixed(f64::NAN, 1).value.as_deref(), Some(""));
        let fall = Cell::difference(Estimate { value: -0.1, low: None, high: Some(0.0) });
        assert_eq!((fall.text.as_str(), fall.value.as_deref(), fall.note), ("\u{2212}0.10", Some("-0.1"), None));
    }

    #[test]
    fn headings_say_what_their_columns_are_for() {
        let grid = Grid::new("t", &["?Model", "#UAR", "Clip"]);
        let seen: Vec<_> = grid.headings.iter().map(|h| (h.text.as_str(), h.numeric, h.filter)).collect();
        assert_eq!(seen, [("Model", false, true), ("UAR", true, false), ("Clip", false, false)]);
    }
}
