//! Checks values against the JSON Schema of a kind's parameters.
//!
//! The schema is the one that editors get, so that what an editor accepts and what a run accepts are the same thing.

use serde_json::{Map, Number, Value};

use super::limits::{Limits, interval};
use super::node::{Entry, Node, NodeValue};
use super::shape::{alternatives, choices, description, fits, is_nullable, properties, tag, types};
use crate::suggest::{advice, list};

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit<S> {
    /// Where it stands.
    pub span: S,
    /// Its dotted path: `noise.augment[0].snr_db`.
    pub path: String,
    /// The mistake, with expected and found values: the rest of a sentence that begins with the path.
    pub message: String,
    /// A few words under the snippet; may be empty.
    pub label: String,
    /// Advice on how to correct it.
    pub hint: Option<String>,
}

impl<S: Clone> Misfit<S> {
    fn at(span: &S, path: &str, message: String) -> Self {
        Self { span: span.clone(), path: path.to_owned(), message, label: String::new(), hint: None }
    }

    fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    fn hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// Checks against one schema, whose references start at `root`.
pub struct Walk<'a, S> {
    /// The whole schema.
    pub root: &'a Value,
    /// Keys that a stage has beside its parameters, offered as suggestions.
    pub stage_keys: &'a [&'a str],
    /// Misfits so far.
    pub found: Vec<Misfit<S>>,
}

impl<S: Clone + PartialEq> Walk<'_, S> {
    /// `node` as JSON; what does not fit is added to `found`. `path` is what it is called.
    pub fn check(&mut self, node: &Node<S>, path: &str) -> Value {
        let root = self.root;
        self.value(root, node, path)
    }

    /// `node` as JSON; what does not fit `schema` is added to `found`.
    fn value(&mut self, schema: &Value, node: &Node<S>, path: &str) -> Value {
        if matches!(node.value, NodeValue::Null) && is_nullable(self.root, schema) {
            return Value::Null;
        }
        let options = alternatives(self.root, schema);
        if let [only] = options.as_slice() {
            return self.single(only, node, path);
        }
        if !options.is_empty() && options.iter().all(|option| choices(option).is_some()) {
            if let Some(now) = options.iter().find_map(|option| replacement(option, node.as_str()?)) {
                let message = format!("cannot be {}", node.shown());
                let hint = Some(format!("it is {now} now"));
                self.found.push(Misfit::at(&node.span, path, message).label("an earlier word").hint(hint));
                return Value::Null;
            }
            return self.choice(&options.iter().filter_map(choices).flatten().collect::<Vec<_>>(), node, path);
        }
        if let (Some((key, values)), NodeValue::Table(entries)) = (tag(&options), &node.value) {
            return self.tagged(key, &values, &options, entries, node, path);
        }
        self.any(&options, schema, node, path)
    }

    fn single(&mut self, schema: &Map<String, Value>, node: &Node<S>, path: &str) -> Value {
        if let Some(values) = choices(schema) {
            return self.choice(&values, node, path);
        }
        let expected = types(schema);
        if !fits(&expected, node) {
            let expected = describe(&expected);
            let message = format!("must be {expected}, found {}", node.describe());
            self.found.push(
                Misfit::at(&node.span, path, message).label(format!("expected {expected}")).hint(description(schema)),
            );
            return Value::Null;
        }
        let before = self.found.len();
        let value = match &node.value {
            NodeValue::Table(entries) => return self.table(schema, entries, node, path),
            NodeValue::Array(items) => self.array(schema, items, node, path),
            NodeValue::String(text) => self.string(schema, text, node, path),
            NodeValue::Integer(_) | NodeValue::Float(_) => self.number(schema, node, path),
            NodeValue::Boolean(value) => Value::Bool(*value),
            NodeValue::Datetime(text) => Value::String(text.clone()),
            NodeValue::Null => Value::Null,
        };
        // Items have no words of their own: those of their list tell what they are.
        for misfit in self.found[before..].iter_mut().filter(|misfit| misfit.hint.is_none()) {
            misfit.hint = description(schema);
        }
        value
    }

    fn choice(&mut self, values: &[&Value], node: &Node<S>, path: &str) -> Value {
        if let Some(value) = values.iter().find(|value| equals(value, node)) {
            return (*value).clone();
        }
        let names: Vec<String> =
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = advice(node.as_str().unwrap_or_default(), &names, "valid");
        let message = format!("cannot be {}", node.shown());
        self.found.push(Misfit::at(&node.span, path, message).label("not one of the valid values").hint(hint));
        Value::Null
    }

    fn tagged(
        &mut self,
        key: &str,
        values: &[&str],
        options: &[Map<String, Value>],
        entries: &[Entry<S>],
        node: &Node<S>,
        path: &str,
    ) -> Value {
        let Some(entry) = entries.iter().find(|entry| entry.key == key) else {
            let hint = format!("`{key}` is one of {}", list(values));
            self.found.push(Misfit::at(&node.span, path, format!("lacks `{key}`")).hint(Some(hint)));
            return Value::Null;
        };
        if let Some(at) = values.iter().position(|value| entry.node.as_str() == Some(value)) {
            return self.table(&options[at], entries, node, path);
        }
        let values: Vec<Value> = values.iter().map(|value| Value::from(*value)).collect();
        self.choice(&values.iter().collect::<Vec<_>>(), &entry.node, &join(path, key))
    }

    /// One of several alternatives that no tag tells apart: the first that fits, or else what keeps the nearest from fitting.
    fn any(&mut self, options: &[Map<String, Value>], schema: &Value, node: &Node<S>, path: &str) -> Value {
        let fitting: Vec<&Map<String, Value>> = options.iter().filter(|option| fits(&types(option), node)).collect();
        // Words beside a list: a wrong word is held against all of them, not against the first.
        let words: Option<Vec<_>> = fitting.iter().map(|option| choices(option)).collect();
        if let Some(words) = words.filter(|words| words.len() > 1) {
            return self.choice(&words.concat(), node, path);
        }
        let mut nearest: Option<Vec<Misfit<S>>> = None;
        for option in fitting {
            let mut attempt = Walk { root: self.root, stage_keys: self.stage_keys, found: Vec::new() };
            let value = attempt.single(option, node, path);
            if attempt.found.is_empty() {
                return value;
            }
            if nearest.as_ref().is_none_or(|known| attempt.found.len() < known.len()) {
                nearest = Some(attempt.found);
            }
        }
        let expected: Vec<&str> = options.iter().flat_map(types).collect();
        self.found.extend(nearest.unwrap_or_else(|| {
            let message = format!("must be {}, found {}", describe(&expected), node.describe());
            vec![Misfit::at(&node.span, path, message).hint(schema.as_object().and_then(description))]
        }));
        Value::Null
    }

    fn table(&mut self, schema: &Map<String, Value>, entries: &[Entry<S>], node: &Node<S>, path: &str) -> Value {
        let rest = schema.get("additionalProperties").or_else(|| schema.get("unevaluatedProperties"));
        let closed = rest == Some(&Value::Bool(false)) || (rest.is_none() && schema.contains_key("properties"));
        let names: Vec<&str> = properties(schema).map(|(name, _)| name).collect();
        let mut object = Map::new();
        for entry in entries {
            let inner = join(path, &entry.key);
            let known = properties(schema).find(|(name, _)| *name == entry.key).map(|(_, schema)| schema);
            match known.or(rest.filter(|_| !closed)) {
                Some(schema) => {
                    let value = self.value(schema, &entry.node, &inner);
                    object.insert(entry.key.clone(), value);
                }
                None if !closed => {
                    let value = self.value(&Value::Bool(true), &entry.node, &inner);
                    object.insert(entry.key.clone(), value);
                }
                None => self.unknown(schema, entry, &names, path),
            }
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if entries.iter().all(|entry| entry.key != name) {
                let known = schema.get("properties").and_then(|known| known.get(name)).and_then(Value::as_object);
                let about = known.and_then(description);
                let hint =
                    about.map_or_else(|| format!("add `{name} = ...`"), |about| format!("add `{name} = ...`: {about}"));
                let message = format!("lacks the required parameter `{name}`");
                let missing = Misfit::at(&node.span, path, message).hint(Some(hint));
                if !self.found.contains(&missing) {
                    self.found.push(missing);
                }
            }
        }
        Value::Object(object)
    }

    fn unknown(&mut self, schema: &Map<String, Value>, entry: &Entry<S>, names: &[&str], path: &str) {
        let at_top = !path.contains('.');
        let extra = if at_top { self.stage_keys } else { &[] };
        let candidates: Vec<&str> = names.iter().chain(extra).copied().collect();
        let hint = if let Some(now) = replacement(schema, &entry.key) {
            Some(format!("it is {now} now"))
        } else if candidates.is_empty() {
            Some("it takes no parameters".to_owned())
        } else {
            advice(&entry.key, &candidates, "valid")
        };
        let message = format!("has no parameter `{}`", entry.key);
        self.found.push(Misfit::at(&entry.key_span, path, message).label("unknown parameter").hint(hint));
    }

    fn array(&mut self, schema: &Map<String, Value>, items: &[Node<S>], node: &Node<S>, path: &str) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let count = items.len() as u64;
        if bound("minItems").is_some_and(|min| count < min) || bound("maxItems").is_some_and(|max| count > max) {
            let wanted = interval(bound("minItems"), bound("maxItems"), "value");
            self.found.push(Misfit::at(&node.span, path, format!("must have {wanted}, found {count}")));
        }
        let fixed = schema.get("prefixItems").and_then(Value::as_array);
        let anything = Value::Bool(true);
        let values: Vec<Value> = items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let schema = fixed.and_then(|fixed| fixed.get(at)).or_else(|| schema.get("items")).unwrap_or(&anything);
                self.value(schema, item, &format!("{path}[{at}]"))
            })
            .collect();
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.is_null()) {
                if values[..at].contains(value) {
                    let message = format!("holds {} twice", items[at].shown());
                    self.found.push(Misfit::at(&items[at].span, path, message));
                }
            }
        }
        Value::Array(values)
    }

    fn string(&mut self, schema: &Map<String, Value>, text: &str, node: &Node<S>, path: &str) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let length = text.chars().count() as u64;
        if bound("minLength").is_some_and(|min| length < min) || bound("maxLength").is_some_and(|max| length > max) {
            let message = if length == 0 {
                "must not be empty".to_owned()
            } else {
                let wanted = interval(bound("minLength"), bound("maxLength"), "character");
                format!("must have {wanted}, found {length}")
            };
            self.found.push(Misfit::at(&node.span, path, message));
        }
        Value::String(text.to_owned())
    }

    fn number(&mut self, schema: &Map<String, Value>, node: &Node<S>, path: &str) -> Value {
        let limits = Limits::of(schema);
        let number = match node.value {
            NodeValue::Integer(number) => number as f64,
            NodeValue::Float(number) => number,
            _ => f64::NAN,
        };
        if number.is_nan() || number.is_infinite() {
            let message = format!("must be a finite number, found {}", node.shown());
            self.found.push(Misfit::at(&node.span, path, message));
            return Value::Null;
        }
        if !limits.allow(number) {
            let message = format!("must be {}, found {}", limits.describe(), node.shown());
            self.found.push(Misfit::at(&node.span, path, message).label("out of range"));
            return Value::Null;
        }
        match node.value {
            NodeValue::Integer(whole) => u64::try_from(whole)
                .map(Value::from)
                .or_else(|_| i64::try_from(whole).map(Value::from))
                .unwrap_or_else(|_| Value::from(number)),
            _ => Number::from_f64(number).map_or(Value::Null, Value::Number),
        }
    }
}

/// What stands now in the place of a word or a key that was valid once: the annotation `x-was` tells.
fn replacement<'a>(schema: &'a Map<String, Value>, word: &str) -> Option<&'a str> {
    schema.get("x-was")?.get(word)?.as_str()
}

fn equals<S>(value: &Value, node: &Node<S>) -> bool {
    match &node.value {
        NodeValue::String(text) => value.as_str() == Some(text),
        NodeValue::Integer(number) => value.as_i64().map(i128::from) == Some(*number),
        NodeValue::Float(number) => value.as_f64() == Some(*number),
        NodeValue::Boolean(flag) => value.as_bool() == Some(*flag),
        NodeValue::Datetime(_) | NodeValue::Array(_) | NodeValue::Table(_) | NodeValue::Null => false,
    }
}

fn describe(types: &[&str]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for name in types {
        let word = match *name {
            "string" => "a string",
            "integer" => "a whole number",
            "number" => "a number",
            "boolean" => "`true` or `false`",
            "array" => "an array",
            "object" => "a table",
            other => other,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() { "absent".to_owned() } else { words.join(" or ") }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
