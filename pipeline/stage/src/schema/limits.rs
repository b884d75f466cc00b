//! Limits of numbers and of counts.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Bounds of a number; of those of the schema and of its integer format the tighter ones.
pub(super) struct Limits {
    min: Option<f64>,
    max: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
}

impl Limits {
    pub(super) fn of(schema: &Map<String, Value>) -> Self {
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
        let min = bound("minimum").into_iter().chain(format_min).reduce(f64::max);
        let max = bound("maximum").into_iter().chain(format_max).reduce(f64::min);
        Self {
            min: min.filter(|min| above.is_none_or(|above| *min > above)),
            max: max.filter(|max| below.is_none_or(|below| *max < below)),
            above,
            below,
        }
    }

    pub(super) fn allow(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min)
            && self.max.is_none_or(|max| number <= max)
            && self.above.is_none_or(|above| number > above)
            && self.below.is_none_or(|below| number < below)
    }

    pub(super) fn describe(&self) -> String {
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

/// A range of counts in words: `at least 1 value`, `2 to 5 values`.
pub(super) fn interval(min: Option<u64>, max: Option<u64>, noun: &str) -> String {
    let range = match (min, max) {
        (Some(min), Some(max)) if min == max => format!("exactly {min}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number of".to_owned(),
    };
    let plural = if max.or(min) == Some(1) { "" } else { "s" };
    format!("{range} {noun}{plural}")
}
