//! Mistakes in a pipeline file, each shown where it stands.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use ser_text::{printable, printable_lines};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// A text that diagnostics point into: the pipeline file, or one `-S` argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// How it is called in messages: a path as the user gave it, or `-S`.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// A place in a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub source: Arc<Source>,
    /// Bytes of it, on character boundaries.
    pub range: Range<usize>,
}

impl Span {
    /// `range` of `source`, moved to where it can be cut: inside the text, on character boundaries.
    pub(crate) fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let start = source.text.floor_char_boundary(range.start);
        let end = source.text.ceil_char_boundary(range.end.max(start));
        Self { source: Arc::clone(source), range: start..end }
    }

    /// Line and column of the first character, both from 1; columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text[..self.range.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The same place, no longer than its first line, so that a caret marks it.
    fn first_line(&self) -> Range<usize> {
        let text = &self.source.text[self.range.clone()];
        let length = text.find(['\n', '\r']).unwrap_or(text.len());
        self.range.start..self.range.start + length
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The mistake, with expected and found values.
    pub message: String,
    /// A few words under the snippet; may be empty.
    pub label: String,
    /// Advice on how to correct it.
    pub hint: Option<String>,
    /// Where; `None` when the file could not be read at all.
    pub span: Option<Span>,
    /// Name of the file.
    pub file: String,
}

impl Diagnostic {
    pub(crate) fn at(span: &Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: String::new(),
            hint: None,
            file: span.source.name.clone(),
            span: Some(span.clone()),
        }
    }

    pub(crate) fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), label: String::new(), hint: None, span: None, file: file.into() }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.hint_opt(Some(hint.into()))
    }

    pub(crate) fn hint_opt(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The message with its snippet and hint, in colour or plain.
    pub fn render(&self, colour: bool) -> String {
        // What is quoted from the file or the command line must be shown by a terminal, not obeyed.
        let (message, label) = (printable_lines(&self.message), printable(&self.label));
        let (file, hint) = (printable(&self.file), self.hint.as_deref().map(printable_lines));
        let mut group = Group::with_title(Level::ERROR.primary_title(&*message));
        if let Some(span) = &self.span {
            let mark = AnnotationKind::Primary.span(span.first_line());
            let mark = if label.is_empty() { mark } else { mark.label(&*label) };
            group = group.element(Snippet::source(span.source.text.as_str()).path(&*file).annotation(mark));
        }
        let mut groups = Vec::with_capacity(2);
        let advice = Level::HELP.with_name("hint");
        match (&hint, &self.span) {
            (Some(hint), Some(_)) => groups.push(group.element(advice.message(&**hint))),
            (Some(hint), None) => groups.extend([group, Group::with_title(advice.secondary_title(&**hint))]),
            (None, _) => groups.push(group),
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&groups)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let position = self.span.as_ref().map(Span::line_column);
        let mut fields = serializer.serialize_struct("Diagnostic", 7)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("label", &self.label)?;
        fields.serialize_field("hint", &self.hint)?;
        fields.serialize_field("file", &self.file)?;
        fields.serialize_field("line", &position.map(|(line, _)| line))?;
        fields.serialize_field("column", &position.map(|(_, column)| column))?;
        fields.serialize_field("bytes", &self.span.as_ref().map(|span| [span.range.start, span.range.end]))?;
        fields.end()
    }
}

/// Every mistake found in a pipeline file, in the order in which they stand there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SpecErrors(pub Vec<Diagnostic>);

impl SpecErrors {
    /// In order of place: the file first, then the command line.
    pub(crate) fn sorted(mut diagnostics: Vec<Diagnostic>) -> Self {
        let key = |d: &Diagnostic| (d.file.starts_with("-S"), d.span.as_ref().map(|span| span.range.start));
        diagnostics.sort_by_key(key);
        // One mistake can be met on two ways.
        let mut seen = HashSet::new();
        diagnostics.retain(|d| {
            seen.insert((d.file.clone(), d.span.as_ref().map(|span| span.range.clone()), d.message.clone()))
        });
        Self(diagnostics)
    }

    /// All of them, one after the other, and how many there are.
    pub fn render(&self, colour: bool) -> String {
        let mut blocks: Vec<String> = self.0.iter().map(|diagnostic| diagnostic.render(colour)).collect();
        if self.0.len() > 1 {
            blocks.push(format!("{} mistakes in {}", self.0.len(), self.files().join(" and ")));
        }
        blocks.join("\n\n")
    }

    fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for diagnostic in &self.0 {
            let file = format!("`{}`", diagnostic.file);
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for SpecErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "p.toml".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn columns_count_characters() {
        let text = source("ä = 1\nöö = 2\n");
        let span = Span::new(&text, 7..11);
        assert_eq!(span.line_column(), (2, 1));
        assert_eq!(Span::new(&text, 14..15).line_column(), (2, 6));
    }

    #[test]
    fn spans_are_moved_onto_characters_and_into_the_text() {
        let text = source("ä");
        assert_eq!(Span::new(&text, 1..1).range, 0..2);
        assert_eq!(Span::new(&text, 9..12).range, 2..2);
        assert_eq!(Diagnostic::at(&Span::new(&text, 9..12), "x").render(false).lines().count(), 5);
    }

    #[test]
    fn without_a_span_only_the_message_and_hint_show() {
        let diagnostic = Diagnostic::of_file("p.toml", "there is no `p.toml`").hint("name it with --file");
        insta::assert_snapshot!(diagnostic.render(false), @r#"
        error: there is no `p.toml`
         |
        hint: name it with --file
        "#);
    }

    #[test]
    fn json_gives_line_and_column() {
        let diagnostic = Diagnostic::at(&Span::new(&source("a\nbc"), 3..4), "bad").label("here");
        insta::assert_snapshot!(serde_json::to_string(&diagnostic).unwrap(), @r#"{"message":"bad","label":"here","hint":null,"file":"p.toml","line":2,"column":2,"bytes":[3,4]}"#);
    }
}
