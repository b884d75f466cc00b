//! How numbers look: one rule for the whole report, so that two tables never round the same figure differently.

/// Text in place of a missing number.
pub(crate) const NONE: &str = "–";

/// A metric between 0 and 1 with two decimals.
pub(crate) fn metric(value: f64) -> String {
    fixed(value, 2)
}

/// A difference of two metrics with its sign, that of a value which rounds to nothing too: it says which of the two is
/// ahead.
pub(crate) fn difference(value: f64) -> String {
    let text = signed(value);
    if value > 0.0 && value.is_finite() { format!("+{text}") } else { text }
}

/// A metric with two decimals that keeps its sign where it rounds to nothing: whether an interval reaches below zero is
/// what readers look for.
fn signed(value: f64) -> String {
    let text = metric(value);
    if value < 0.0 && value.is_finite() && !text.starts_with('\u{2212}') { format!("\u{2212}{text}") } else { text }
}

/// The interval alone: `[0.57, 0.65]`; nothing when either end is missing.
pub(crate) fn interval(low: Option<f64>, high: Option<f64>) -> Option<String> {
    let (low, high) = (low.filter(|low| low.is_finite())?, high.filter(|high| high.is_finite())?);
    Some(format!("[{}, {}]", signed(low), signed(high)))
}

/// Value and interval: `0.61 [0.57, 0.65]`; the value alone when there is no interval.
pub(crate) fn with_interval(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    match interval(low, high) {
        Some(interval) => format!("{} {interval}", metric(value)),
        None => metric(value),
    }
}

/// A share as a whole percentage: `57 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{}\u{202f}%", percent_figure(share))
}

/// The same without its sign, for cells of a matrix; a share that rounds to nothing is not nothing.
pub(crate) fn percent_figure(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "<1".to_owned() } else { fixed(share * 100.0, 0) }
}

/// A whole number with narrow no-break spaces between groups of three digits: `12 162`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with `decimals` decimals.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let text = format!("{value:.decimals$}");
    // Rounding a tiny negative number gives "-0.00", which reads as a mistake.
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| byte == b'0' || byte == b'.') => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

/// A number as other programs read it: six decimals at most, no grouping.
pub(crate) fn plain(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A p-value: three decimals, and no zero that it cannot be.
pub(crate) fn p_value(value: f64) -> String {
    if value < 0.001 { "< 0.001".to_owned() } else { fixed(value, 3) }
}

/// `1 clip`, `2 clips`.
pub(crate) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_two_decimals_and_no_negative_zero() {
        assert_eq!(metric(0.605), "0.60");
        assert_eq!(metric(-0.001), "0.00");
        assert_eq!(metric(f64::NAN), NONE);
        assert_eq!(fixed(-0.0, 1), "0.0");
        assert_eq!(difference(0.231), "+0.23");
        assert_eq!(difference(-0.05), "\u{2212}0.05");
    }

    /// The sign of a difference is that of the figure, not of its rounding.
    #[test]
    fn differences_that_round_to_nothing_keep_their_sign() {
        for (value, expected) in [
            (0.001, "+0.00"),
            (-0.001, "\u{2212}0.00"),
            (-1e-12, "\u{2212}0.00"),
            (0.0, "0.00"),
            (-0.0, "0.00"),
            (f64::NAN, NONE),
        ] {
            assert_eq!(difference(value), expected, "{value}");
        }
        assert_eq!(interval(Some(-0.001), Some(0.02)).as_deref(), Some("[\u{2212}0.00, 0.02]"));
        assert_eq!(interval(Some(0.001), Some(0.02)).as_deref(), Some("[0.00, 0.02]"));
    }

    #[test]
    fn plain_numbers_have_no_needless_digits() {
        assert_eq!([0.5, 12.0, -0.000_000_1, 1.0 / 3.0, -2.5].map(plain), ["0.5", "12", "0", "0.333333", "-2.5"]);
        assert_eq!(plain(f64::NAN), "");
    }

    #[test]
    fn shares_are_whole_percentages() {
        assert_eq!([0.0, 0.001, 0.125, 0.996, 1.0].map(percent_figure), ["0", "<1", "12", "100", "100"]);
        assert_eq!(percent(0.57), "57\u{202f}%");
    }

    #[test]
    fn p_values_are_never_zero() {
        assert_eq!([0.0, 0.000_4, 0.0123, 1.0].map(p_value), ["< 0.001", "< 0.001", "0.012", "1.000"]);
    }

    #[test]
    fn an_interval_needs_both_ends() {
        assert_eq!(with_interval(0.61, Some(0.57), Some(0.65)), "0.61 [0.57, 0.65]");
        assert_eq!(with_interval(0.61, Some(0.57), None), "0.61");
        assert_eq!(with_interval(0.61, Some(f64::NAN), Some(0.65)), "0.61");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(12_162), "12\u{202f}162");
        assert_eq!(count(1_000_000), "1\u{202f}000\u{202f}000");
        assert_eq!(counted(1, "clip", "clips"), "1 clip");
    }
}
