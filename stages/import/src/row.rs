//! Rows of a file, whatever its format.

use crate::error::ImportError;

/// Form of what a column has for each clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Number,
    /// A list of numbers.
    List,
    /// A list of lists of numbers.
    Frames,
}

/// A column as its file declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `None` of what cannot be features.
    pub(crate) form: Option<Form>,
    /// Its type in the words of the file.
    pub(crate) told: String,
}

/// What a row has in a column. A number that is not there is NaN.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Number(f32),
    List(Vec<f32>),
    Frames(Frames),
    /// Text in the place of a number.
    Text(String),
}

/// The frames of a clip.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Frames {
    /// Frame after frame.
    pub(crate) values: Vec<f32>,
    /// Number of values of each frame.
    pub(crate) widths: Vec<usize>,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Where in the file, for messages.
    pub(crate) place: String,
    pub(crate) clip_id: String,
    /// One cell for each column that is taken.
    pub(crate) cells: Vec<Cell>,
}

/// Takes the rows of a file.
pub(crate) trait Sink {
    /// Of the columns beside `clip_id`, the places of those that are taken. Called once, before any row.
    fn choose(&mut self, columns: &[Column]) -> Result<Vec<usize>, ImportError>;
    /// The next row.
    fn take(&mut self, row: Row) -> Result<(), ImportError>;
}
