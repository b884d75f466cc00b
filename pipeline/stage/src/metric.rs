//! Figures by which runs are compared. The engine knows their names and values, not what they mean.

use serde::{Deserialize, Serialize};

/// A named figure of a result, for example the UAR of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Name in the terms of its field: `UAR`.
    pub name: String,
    /// Subject of the measurement: `cnn_lstm on speaker_independent`. Unique together with `name` within a stage.
    pub of: String,
    /// The figure.
    pub value: f64,
    /// Lower end of its interval, where there is one.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
}

impl Metric {
    /// The metric as a record can hold it: JSON knows neither infinity nor "not a number". `None` without a finite
    /// value; an interval with an end that is not finite is no interval.
    #[must_use]
    pub fn recordable(self) -> Option<Self> {
        if !self.value.is_finite() {
            return None;
        }
        let interval = self.low.zip(self.high).filter(|(low, high)| low.is_finite() && high.is_finite());
        Some(Self { low: interval.map(|(low, _)| low), high: interval.map(|(_, high)| high), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(value: f64, low: Option<f64>, high: Option<f64>) -> Metric {
        Metric { name: "UAR".to_owned(), of: "m".to_owned(), value, low, high }
    }

    #[test]
    fn what_json_cannot_say_is_left_out() {
        assert_eq!(metric(f64::NAN, None, None).recordable(), None);
        assert_eq!(metric(0.5, Some(0.4), Some(f64::INFINITY)).recordable(), Some(metric(0.5, None, None)));
        assert_eq!(metric(0.5, Some(0.4), None).recordable(), Some(metric(0.5, None, None)));
        let whole = metric(0.5, Some(0.4), Some(0.6));
        assert_eq!(whole.clone().recordable(), Some(whole));
    }
}
