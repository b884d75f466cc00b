//! Errors between the tables and the page.

use plotters::drawing::DrawingAreaErrorKind;
use ser_schemas::TableError;

/// A report that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum Error {
    /// A table could not be read or written, or the page not be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A model with figures and without a description.
    #[error(
        "the evaluation has no `models.parquet` that describes `{model}` on split `{split}`, as those of earlier versions: run the evaluate stage again"
    )]
    NotDescribed { model: String, split: String },
    /// `main_model` names no model that was evaluated.
    #[error("`main_model` is `{found}`, which was not evaluated; evaluated: {}", list(known))]
    UnknownModel { found: String, known: Vec<String> },
    /// A chart could not be drawn.
    #[error("cannot draw a chart")]
    Draw(#[from] DrawingAreaErrorKind<std::io::Error>),
    /// A template failed.
    #[error("cannot render the report")]
    Render(#[from] minijinja::Error),
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
