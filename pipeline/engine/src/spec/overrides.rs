//! `-S stage.key=value`: values of the pipeline file set from the command line.

use std::sync::Arc;

use toml::de::DeValue;

use super::document::{Entry, Node, NodeValue, Reader};
use super::env::Env;
use crate::diagnostic::{Diagnostic, Source, Span};
use ser_stage::suggest::advice;

/// One `-S` argument: `train.epochs=5`, `seed=7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    text: String,
}

impl Override {
    /// Takes the argument as typed; it is checked together with the pipeline file.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Puts the overrides into the document, the last one of a key winning.
pub(crate) fn apply(root: &mut Vec<Entry>, overrides: &[Override], env: &Env<'_>, found: &mut Vec<Diagnostic>) {
    for item in overrides {
        let source = Arc::new(Source { name: "-S".to_owned(), text: item.text.clone() });
        if let Err(diagnostic) = apply_one(root, &source, env, found) {
            found.push(*diagnostic);
        }
    }
}

fn apply_one(
    root: &mut Vec<Entry>,
    source: &Arc<Source>,
    env: &Env<'_>,
    found: &mut Vec<Diagnostic>,
) -> Result<(), Box<Diagnostic>> {
    let text = source.text.as_str();
    let Some(equals) = text.find('=') else {
        let whole = Span::new(source, 0..text.len());
        return Err(Box::new(
            Diagnostic::at(&whole, format!("`{text}` sets nothing")).hint("write `-S stage.key=value` or `-S seed=7`"),
        ));
    };
    let mut path = Vec::new();
    let mut start = 0;
    for part in text[..equals].split('.') {
        let key = part.trim();
        let at = start + part.len() - part.trim_start().len();
        let span = Span::new(source, at..at + key.len());
        if key.is_empty() {
            let whole = Span::new(source, 0..equals.max(1));
            return Err(Box::new(
                Diagnostic::at(&whole, "empty key").hint("write `-S stage.key=value` or `-S seed=7`"),
            ));
        }
        path.push((key.to_owned(), span));
        start += part.len() + 1;
    }
    let last_span = path[path.len() - 1].1.clone();
    let node = value(source, equals + 1, env, &last_span, found)?;

    let [(first, first_span), rest @ ..] = path.as_slice() else { return Ok(()) };
    if rest.is_empty() {
        if first == "seed" || first == "name" {
            return put(root, &path, node);
        }
        let stage = stage_names(root).contains(first);
        let message =
            if stage { format!("`{first}` is a stage, not a value") } else { format!("unknown key `{first}`") };
        let hint = if stage {
            Some(format!("name one of its parameters: `-S {first}.key=value`"))
        } else {
            advice(first, &["name", "seed"], "valid without a stage")
        };
        return Err(Box::new(Diagnostic::at(first_span, message).hint_opt(hint)));
    }
    let names = stage_names(root);
    if !names.contains(first) {
        let hint = if first == "stage" {
            Some("leave out the leading `stage.`".to_owned())
        } else {
            advice(first, &names.iter().map(String::as_str).collect::<Vec<_>>(), "stages")
        };
        return Err(Box::new(Diagnostic::at(first_span, format!("there is no stage `{first}`")).hint_opt(hint)));
    }
    let mut full = vec![("stage".to_owned(), first_span.clone())];
    full.extend(path);
    put(root, &full, node)
}

/// The value behind the `=`: TOML, or else a bare word.
fn value(
    source: &Arc<Source>,
    start: usize,
    env: &Env<'_>,
    key_span: &Span,
    found: &mut Vec<Diagnostic>,
) -> Result<Node, Box<Diagnostic>> {
    let untrimmed = &source.text[start..];
    let text = untrimmed.trim();
    let start = start + (untrimmed.len() - untrimmed.trim_start().len());
    let mut reader = Reader { source, offset: start, env, diagnostics: found };
    match DeValue::parse(text) {
        Ok(value) => Ok(reader.node(value.get_ref(), value.span(), key_span)),
        Err(error) if text.starts_with(['[', '{', '"', '\'']) => {
            let range = error.span().unwrap_or(0..text.len());
            let span = Span::new(source, range.start + start..range.end + start);
            Err(Box::new(Diagnostic::at(&span, format!("not a TOML value: {}", error.message()))))
        }
        Err(_) => {
            let word = DeValue::String(text.into());
            Ok(reader.node(&word, 0..text.len(), key_span))
        }
    }
}

fn put(table: &mut Vec<Entry>, path: &[(String, Span)], node: Node) -> Result<(), Box<Diagnostic>> {
    let [(key, key_span), rest @ ..] = path else { return Ok(()) };
    let at = table.iter().position(|entry| entry.key == *key);
    if rest.is_empty() {
        let entry = Entry { key: key.clone(), key_span: key_span.clone(), node };
        match at {
            Some(at) => table[at] = entry,
            None => table.push(entry),
        }
        return Ok(());
    }
    let at = at.unwrap_or_else(|| {
        let node = Node { value: NodeValue::Table(Vec::new()), span: key_span.clone() };
        table.push(Entry { key: key.clone(), key_span: key_span.clone(), node });
        table.len() - 1
    });
    let found = table[at].node.describe();
    match &mut table[at].node.value {
        NodeValue::Table(inner) => put(inner, rest, node),
        _ => Err(Box::new(
            Diagnostic::at(key_span, format!("`{key}` is {found} in the pipeline file, nothing can be set below it"))
                .hint("set it as a whole"),
        )),
    }
}

fn stage_names(root: &[Entry]) -> Vec<String> {
    super::document::entry(root, "stage")
        .and_then(|entry| entry.node.as_table())
        .map(|stages| stages.iter().map(|stage| stage.key.clone()).collect())
        .unwrap_or_default()
}
