//! The pipeline file as a tree in which every key and value knows where it stands.
//!
//! Overrides from the command line are put into the same tree, pointing into their own text, so that everything after
//! this treats both alike.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::env::{Env, expand};
use crate::diagnostic::{Diagnostic, Source, Span};

/// A value and its place.
pub(crate) type Node = ser_stage::schema::Node<Span>;
/// A value of the file.
pub(crate) type NodeValue = ser_stage::schema::NodeValue<Span>;
/// A key with its value.
pub(crate) type Entry = ser_stage::schema::Entry<Span>;

/// The entry called `key`.
pub(crate) fn entry<'a>(table: &'a [Entry], key: &str) -> Option<&'a Entry> {
    table.iter().find(|entry| entry.key == key)
}

/// Turns parsed TOML into the tree.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a Arc<Source>,
    /// Added to every place: the value of an override starts within its text.
    pub(crate) offset: usize,
    pub(crate) env: &'a Env<'a>,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(crate) fn table(&mut self, table: &DeTable<'_>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| {
                let key_span = self.span(key.span());
                let node = self.node(value.get_ref(), value.span(), &key_span);
                Entry { key: key.get_ref().to_string(), key_span, node }
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_span.range.start);
        entries
    }

    /// `key_span` stands in for the place of a table that has no text of its own.
    pub(crate) fn node(&mut self, value: &DeValue<'_>, range: std::ops::Range<usize>, key_span: &Span) -> Node {
        let span = self.span(range);
        let value = match value {
            DeValue::String(text) => NodeValue::String(self.expanded(text, &span)),
            DeValue::Integer(number) => {
                let digits = number.as_str();
                NodeValue::Integer(i128::from_str_radix(digits, number.radix()).unwrap_or_else(|_| {
                    self.diagnostics.push(Diagnostic::at(&span, "number too large").label("more than 128 bits"));
                    0
                }))
            }
            DeValue::Float(number) => NodeValue::Float(number.as_str().parse().unwrap_or_else(|_| {
                self.diagnostics.push(Diagnostic::at(&span, format!("`{number}` is not a number")));
                0.0
            })),
            DeValue::Boolean(value) => NodeValue::Boolean(*value),
            DeValue::Datetime(value) => NodeValue::Datetime(value.to_string()),
            DeValue::Array(items) => {
                NodeValue::Array(items.iter().map(|item| self.node(item.get_ref(), item.span(), key_span)).collect())
            }
            DeValue::Table(table) => NodeValue::Table(self.table(table)),
        };
        let placeless = span.range.is_empty() && matches!(value, NodeValue::Table(_));
        Node { value, span: if placeless { key_span.clone() } else { span } }
    }

    fn expanded(&mut self, text: &str, span: &Span) -> String {
        expand(text, self.env).unwrap_or_else(|mistakes| {
            let found = mistakes.into_iter().map(|(message, hint)| Diagnostic::at(span, message).hint(hint));
            self.diagnostics.extend(found);
            text.to_owned()
        })
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.source, range.start + self.offset..range.end + self.offset)
    }
}
