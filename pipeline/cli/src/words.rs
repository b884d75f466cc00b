//! Column values as people of the field say them.

/// Metrics that are told of a model as a whole, in the order in which they are told; the codes are those of the
/// `summary` table.
const METRICS: [(&str, &str); 7] = [
    ("uar", "UAR"),
    ("accuracy", "accuracy"),
    ("macro_f1", "macro F1"),
    ("weighted_f1", "weighted F1"),
    ("ece", "calibration error"),
    ("brier", "Brier score"),
    ("log_loss", "log loss"),
];

/// A metric's place in the telling, and how it is called; `None` for those that are not told of a model as a whole.
pub(crate) fn metric(code: &str) -> Option<(usize, &'static str)> {
    METRICS.iter().enumerate().find(|(_, (known, _))| *known == code).map(|(rank, (_, name))| (rank, *name))
}

/// What was measured: a model on the folds of a split.
pub(crate) fn model_on_split(model: &str, split: &str) -> String {
    format!("{model} on {split}")
}

/// `1 file`, `3 files`: `noun` takes an `s`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `812 bytes`, `4.2 kB`, `17 MB`: decimal units, two digits where they tell something.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for larger in ["kB", "MB", "GB", "TB"] {
        // What would be shown as 1000 is shown as 1.0 of the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits() {
        let told = [0, 999, 1000, 4_249, 9_960, 17_400_000, 999_600, 3_000_000_000].map(size);
        assert_eq!(told, ["0 bytes", "999 bytes", "1.0 kB", "4.2 kB", "10 kB", "17 MB", "1.0 MB", "3.0 GB"]);
    }

    #[test]
    fn the_headline_metric_comes_first() {
        assert_eq!(metric("uar"), Some((0, "UAR")));
        assert_eq!(metric("ece_scaled"), None);
        assert!(metric("macro_f1") > metric("accuracy"));
    }
}
