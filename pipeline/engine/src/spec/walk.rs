//! Checks values of a pipeline file against the JSON Schema of a kind's parameters.
//!
//! The schema is the one that editors get, so that what an editor accepts and what a run accepts are the same thing.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use super::document::{Entry, Node, NodeValue};
use super::shape::{alternatives, choices, description, properties, tag, types};
use crate::diagnostic::{Diagnostic, Span};
use crate::suggest::{advice, list};

/// Checks against one schema, whose references start at `root`.
pub(crate) struct Walk<'a> {
    pub(crate) root: &'a Value,
    /// Keys that a stage has beside its parameters, offered as suggestions.
    pub(crate) stage_keys: &'a [&'a str],
    pub(crate) found: Vec<Diagnostic>,
}

impl Walk<'_> {
    /// The parameters of a stage as JSON. `place` is where missing ones are reported.
    pub(crate) fn parameters(&mut self, entries: &[Entry], place: &Span, path: &str) -> Value {
        let node = Node { value: NodeValue::Table(entries.to_vec()), span: place.clone() };
        let root = self.root;
        self.value(root, &node, path)
    }

    /// `node` as JSON; what does not fit `schema` is added to `found`.
    fn value(&mut self, schema: &Value, node: &Node, path: &str) -> Value {
        let options = alternatives(self.root, schema);
        if let [only] = options.as_slice() {
            return self.single(only, node, path);
        }
        if !options.is_empty() && options.iter().all(|option| choices(option).is_some()) {
            return self.choice(&options.iter().filter_map(choices).flatten().collect::<Vec<_>>(), node, path);
        }
        if let (Some((key, values)), NodeValue::Table(entries)) = (tag(&options), &node.value) {
            return self.tagged(key, &values, &options, entries, node, path);
        }
        self.any(&options, schema, node, path)
    }

    fn single(&mut self, schema: &Map<String, Value>, node: &Node, path: &str) -> Value {
        if let Some(values) = choices(schema) {
            return self.choice(&values, node, path);
        }
        let expected = types(schema);
        if !fits(&expected, node) {
            let known = Value::Object(schema.clone());
            let hint = description(&known).map(str::to_owned);
            self.found.push(
                Diagnostic::at(
                    &node.span,
                    format!("`{path}` must be {}, found {}", describe(&expected), node.describe()),
                )
                .label(format!("expected {}", describe(&expected)))
                .hint_opt(hint),
            );
            return Value::Null;
        }
        match &node.value {
            NodeValue::Table(entries) => self.table(schema, entries, node, path),
            NodeValue::Array(items) => self.array(schema, items, node, path),
            NodeValue::String(text) => self.string(schema, text, node, path),
            NodeValue::Integer(_) | NodeValue::Float(_) => self.number(schema, node, path),
            NodeValue::Boolean(value) => Value::Bool(*value),
            NodeValue::Datetime(text) => Value::String(text.clone()),
        }
    }

    fn choice(&mut self, values: &[&Value], node: &Node, path: &str) -> Value {
        if let Some(value) = values.iter().find(|value| equals(value, node)) {
            return (*value).clone();
        }
        let names: Vec<String> =
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = advice(node.as_str().unwrap_or_default(), &names, "valid");
        let message = format!("`{path}` cannot be {}", node.shown());
        self.found.push(Diagnostic::at(&node.span, message).label("not one of the valid values").hint_opt(hint));
        Value::Null
    }

    fn tagged(
        &mut self,
        key: &str,
        values: &[&str],
        options: &[Map<String, Value>],
        entries: &[Entry],
        node: &Node,
        path: &str,
    ) -> Value {
        let Some(entry) = entries.iter().find(|entry| entry.key == key) else {
            self.found.push(
                Diagnostic::at(&node.span, format!("`{path}` lacks `{key}`"))
                    .hint(format!("`{key}` is one of {}", list(values))),
            );
            return Value::Null;
        };
        if let Some(at) = values.iter().position(|value| entry.node.as_str() == Some(value)) {
            return self.table(&options[at], entries, node, path);
        }
        let values: Vec<Value> = values.iter().map(|value| Value::from(*value)).collect();
        self.choice(&values.iter().collect::<Vec<_>>(), &entry.node, &format!("{path}.{key}"))
    }

    /// One of several alternatives that no tag tells apart: the first that fits, or else what keeps the nearest from fitting.
    fn any(&mut self, options: &[Map<String, Value>], schema: &Value, node: &Node, path: &str) -> Value {
        let fitting: Vec<&Map<String, Value>> = options.iter().filter(|option| fits(&types(option), node)).collect();
        // Words beside a list: a wrong word is held against all of them, not against the first.
        let words: Option<Vec<_>> = fitting.iter().map(|option| choices(option)).collect();
        if let Some(words) = words.filter(|words| words.len() > 1) {
            return self.choice(&words.concat(), node, path);
        }
        let mut nearest: Option<Vec<Diagnostic>> = None;
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
            let message = format!("`{path}` must be {}, found {}", describe(&expected), node.describe());
            vec![Diagnostic::at(&node.span, message).hint_opt(description(schema).map(str::to_owned))]
        }));
        Value::Null
    }

    fn table(&mut self, schema: &Map<String, Value>, entries: &[Entry], node: &Node, path: &str) -> Value {
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
                None => self.unknown(entry, &names, path),
            }
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if entries.iter().all(|entry| entry.key != name) {
                let about = schema.get("properties").and_then(|known| known.get(name)).and_then(description);
                let hint =
                    about.map_or_else(|| format!("add `{name} = ...`"), |about| format!("add `{name} = ...`: {about}"));
                let missing = Diagnostic::at(&node.span, format!("`{path}` lacks the required parameter `{name}`"));
                if !self.found.iter().any(|known| known.message == missing.message && known.span == missing.span) {
                    self.found.push(missing.hint(hint));
                }
            }
        }
        Value::Object(object)
    }

    fn unknown(&mut self, entry: &Entry, names: &[&str], path: &str) {
        let at_top = !path.contains('.');
        let extra = if at_top { self.stage_keys } else { &[] };
        let candidates: Vec<&str> = names.iter().chain(extra).copied().collect();
        let hint = if candidates.is_empty() {
            Some("it takes no parameters".to_owned())
        } else {
            advice(&entry.key, &candidates, "valid")
        };
        let message = format!("`{path}` has no parameter `{}`", entry.key);
        self.found.push(Diagnostic::at(&entry.key_span, message).label("unknown parameter").hint_opt(hint));
    }

    fn array(&mut self, schema: &Map<String, Value>, items: &[Node], node: &Node, path: &str) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let count = items.len() as u64;
        if bound("minItems").is_some_and(|min| count < min) || bound("maxItems").is_some_and(|max| count > max) {
            let wanted = interval(bound("minItems").map(|n| n.to_string()), bound("maxItems").map(|n| n.to_string()));
            self.found.push(Diagnostic::at(&node.span, format!("`{path}` must have {wanted} values, found {count}")));
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
                    let message = format!("`{path}` holds {} twice", items[at].shown());
                    self.found.push(Diagnostic::at(&items[at].span, message));
                }
            }
        }
        Value::Array(values)
    }

    fn string(&mut self, schema: &Map<String, Value>, text: &str, node: &Node, path: &str) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let length = text.chars().count() as u64;
        if bound("minLength").is_some_and(|min| length < min) || bound("maxLength").is_some_and(|max| length > max) {
            let message = if length == 0 {
                format!("`{path}` must not be empty")
            } else {
                let wanted =
                    interval(bound("minLength").map(|n| n.to_string()), bound("maxLength").map(|n| n.to_string()));
                format!("`{path}` must have {wanted} characters, found {length}")
            };
            self.found.push(Diagnostic::at(&node.span, message));
        }
        Value::String(text.to_owned())
    }

    fn number(&mut self, schema: &Map<String, Value>, node: &Node, path: &str) -> Value {
        let limits = Limits::of(schema);
        let number = match node.value {
            NodeValue::Integer(number) => number as f64,
            NodeValue::Float(number) => number,
            _ => f64::NAN,
        };
        if number.is_nan() || number.is_infinite() {
            self.found
                .push(Diagnostic::at(&node.span, format!("`{path}` must be a finite number, found {}", node.shown())));
            return Value::Null;
        }
        if !limits.allow(number) {
            self.found.push(
                Diagnostic::at(&node.span, format!("`{path}` must be {}, found {}", limits.describe(), node.shown()))
                    .label("out of range"),
            );
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

/// Bounds of a number; those of the schema, or else those of its integer format.
struct Limits {
    min: Option<f64>,
    max: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
}

impl Limits {
    fn of(schema: &Map<String, Value>) -> Self {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let (format_min, format_max) = match schema.get("format").and_then(Value::as_str) {
            Some("uint8") => (Some(0.0), Some(f64::from(u8::MAX))),
            Some("uint16") => (Some(0.0), Some(f64::from(u16::MAX))),
            Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
            // The largest doubles below 2^64 and 2^63: what is above would not fit.
            Some("uint64" | "uint") => (Some(0.0), Some(18_446_744_073_709_549_568.0)),
            Some("int8") => (Some(f64::from(i8::MIN)), Some(f64::from(i8::MAX))),
            Some("int16") => (Some(f64::from(i16::MIN)), Some(f64::from(i16::MAX))),
            Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
            Some("int64" | "int") => (Some(i64::MIN as f64), Some(9_223_372_036_854_774_784.0)),
            _ => (None, None),
        };
        let (above, below) = (bound("exclusiveMinimum"), bound("exclusiveMaximum"));
        let tighter = |limit: Option<f64>, format: Option<f64>, open: Option<f64>| {
            limit.or(if open.is_some() { None } else { format })
        };
        Self {
            min: tighter(bound("minimum"), format_min, above),
            max: tighter(bound("maximum"), format_max, below),
            above,
            below,
        }
    }

    fn allow(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min)
            && self.max.is_none_or(|max| number <= max)
            && self.above.is_none_or(|above| number > above)
            && self.below.is_none_or(|below| number < below)
    }

    fn describe(&self) -> String {
        if let (Some(min), Some(max), None, None) = (self.min, self.max, self.above, self.below) {
            return format!("from {min} to {max}");
        }
        let mut words = String::new();
        let parts = [("above", self.above), ("at least", self.min), ("below", self.below), ("at most", self.max)];
        for (word, limit) in parts.into_iter().filter_map(|(word, limit)| limit.map(|limit| (word, limit))) {
            let separator = if words.is_empty() { "" } else { " and " };
            // Writing to a string cannot fail.
            let _ = write!(words, "{separator}{word} {limit}");
        }
        words
    }
}

fn interval(min: Option<String>, max: Option<String>) -> String {
    match (min, max) {
        (Some(min), Some(max)) if min == max => format!("exactly {min}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number of".to_owned(),
    }
}

fn fits(types: &[&str], node: &Node) -> bool {
    types.is_empty()
        || types.iter().any(|name| match node.value {
            NodeValue::String(_) => *name == "string",
            NodeValue::Integer(_) => *name == "integer" || *name == "number",
            NodeValue::Float(_) => *name == "number",
            NodeValue::Boolean(_) => *name == "boolean",
            NodeValue::Datetime(_) => false,
            NodeValue::Array(_) => *name == "array",
            NodeValue::Table(_) => *name == "object",
        })
}

fn equals(value: &Value, node: &Node) -> bool {
    match &node.value {
        NodeValue::String(text) => value.as_str() == Some(text),
        NodeValue::Integer(number) => value.as_i64().map(i128::from) == Some(*number),
        NodeValue::Float(number) => value.as_f64() == Some(*number),
        NodeValue::Boolean(flag) => value.as_bool() == Some(*flag),
        NodeValue::Datetime(_) | NodeValue::Array(_) | NodeValue::Table(_) => false,
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
    format!("{path}.{key}")
}
