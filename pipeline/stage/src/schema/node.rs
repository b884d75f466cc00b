//! Values as they are checked: of a pipeline file, where each knows its place, or of parameters from elsewhere.

use serde_json::Value;

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node<S> {
    /// The value.
    pub value: NodeValue<S>,
    /// Where it stands; `()` where no file holds it.
    pub span: S,
}

/// A value of TOML or JSON; integers are wider than anything that a parameter may hold, so that range checks see them as
/// typed.
#[derive(Debug, Clone)]
pub enum NodeValue<S> {
    /// A string.
    String(String),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// A date or time, which only TOML has.
    Datetime(String),
    /// Values in order.
    Array(Vec<Node<S>>),
    /// Values by key.
    Table(Vec<Entry<S>>),
    /// Nothing, which only JSON has.
    Null,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry<S> {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: S,
    /// The value.
    pub node: Node<S>,
}

impl From<&Value> for Node<()> {
    fn from(value: &Value) -> Self {
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(flag) => NodeValue::Boolean(*flag),
            Value::Number(number) => number
                .as_i128()
                .map_or_else(|| NodeValue::Float(number.as_f64().unwrap_or(f64::NAN)), NodeValue::Integer),
            Value::String(text) => NodeValue::String(text.clone()),
            Value::Array(items) => NodeValue::Array(items.iter().map(Self::from).collect()),
            Value::Object(fields) => NodeValue::Table(
                fields
                    .iter()
                    .map(|(key, value)| Entry { key: key.clone(), key_span: (), node: Self::from(value) })
                    .collect(),
            ),
        };
        Self { value, span: () }
    }
}

impl<S> Node<S> {
    /// Name of its type with an article, for messages.
    pub fn describe(&self) -> &'static str {
        match self.value {
            NodeValue::String(_) => "a string",
            NodeValue::Integer(_) => "a whole number",
            NodeValue::Float(_) => "a number with a fraction",
            NodeValue::Boolean(_) => "a boolean",
            NodeValue::Datetime(_) => "a date or time",
            NodeValue::Array(_) => "an array",
            NodeValue::Table(_) => "a table",
            NodeValue::Null => "nothing",
        }
    }

    /// The value as written, for messages; the type of tables and arrays.
    pub fn shown(&self) -> String {
        match &self.value {
            NodeValue::String(text) if text.is_empty() => "`\"\"`".to_owned(),
            NodeValue::String(text) | NodeValue::Datetime(text) => format!("`{text}`"),
            NodeValue::Integer(number) => format!("`{number}`"),
            NodeValue::Float(number) => format!("`{number}`"),
            NodeValue::Boolean(value) => format!("`{value}`"),
            NodeValue::Array(_) | NodeValue::Table(_) | NodeValue::Null => self.describe().to_owned(),
        }
    }

    /// The text, where it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let NodeValue::String(text) = &self.value { Some(text) } else { None }
    }

    /// The entries, where it is a table.
    pub fn as_table(&self) -> Option<&[Entry<S>]> {
        if let NodeValue::Table(entries) = &self.value { Some(entries) } else { None }
    }
}
