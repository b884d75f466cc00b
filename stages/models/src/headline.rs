//! The line that a stage ends with.

/// `5 folds, <what>, 1440 test clips predicted`.
pub fn headline(folds: usize, what: &str, tested: usize) -> String {
    match folds {
        0 => "the split has no folds: nothing is predicted".to_owned(),
        1 => format!("1 fold, {what}, {tested} test clips predicted"),
        folds => format!("{folds} folds, {what}, {tested} test clips predicted"),
    }
}

/// `mean validation UAR 0.613`, of the folds that have one.
pub fn mean_validation_uar(uars: &[f64]) -> String {
    if uars.is_empty() {
        return "no validation clips".to_owned();
    }
    format!("mean validation UAR {:.3}", uars.iter().sum::<f64>() / uars.len() as f64)
}
