//! The figures by which results of two runs are compared.

use ser_schemas::SummaryMetric;
use ser_stage::Metric;

/// Metrics that are told of a model as a whole, by their codes in the `summary` table and in the order in which they
/// are told: UAR first, the field's headline metric, and of several corpora their mean before it.
const METRICS: [(&str, &str); 9] = [
    (SummaryMetric::UAR_OVER_CORPORA, "UAR, mean over corpora"),
    (SummaryMetric::UAR_OVER_LANGUAGES, "UAR, mean over languages"),
    (SummaryMetric::UAR, "UAR"),
    ("accuracy", "accuracy"),
    ("macro_f1", "macro F1"),
    ("weighted_f1", "weighted F1"),
    ("ece", "calibration error"),
    ("brier", "Brier score"),
    ("log_loss", "log loss"),
];

/// Subject of a measurement: a model on the folds of a split.
pub fn model_on_split(model: &str, split: &str) -> String {
    format!("{model} on {split}")
}

/// The figures of every model over all test clips, the most telling ones first.
pub(crate) fn figures(summary: &[SummaryMetric]) -> Vec<Metric> {
    let mut told = Vec::new();
    for (code, name) in METRICS {
        let rows = summary.iter().filter(|row| row.group == "overall" && row.metric == code);
        let pooled = |row: &SummaryMetric| code == SummaryMetric::UAR && is_of_several(summary, row);
        told.extend(rows.map(|row| Metric {
            name: if pooled(row) { format!("{name}, pooled") } else { name.to_owned() },
            of: model_on_split(&row.model, &row.split),
            value: row.value,
            low: row.low,
            high: row.high,
        }));
    }
    told
}

/// `true` if a row is of clips of several corpora, which it takes together.
pub(crate) fn is_of_several(summary: &[SummaryMetric], row: &SummaryMetric) -> bool {
    let of = [&row.model, &row.split, &row.group, &row.group_value].map(String::as_str);
    SummaryMetric::headline(summary, of).is_some_and(|row| row.metric == SummaryMetric::UAR_OVER_CORPORA)
}
