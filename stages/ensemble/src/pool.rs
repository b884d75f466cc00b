//! Opinion pools: one distribution of several (Genest and Zidek, "Combining Probability Distributions: A Critique and
//! an Annotated Bibliography", Statistical Science 1986).

use crate::params::Mean;

/// Probabilities are not taken for smaller than this where their logarithm is needed.
pub(crate) const LEAST: f64 = 1e-12;

/// The mean of distributions over the same classes, one of each member, under `weights` of at least 0 that add up to 1.
/// Members of weight 0 do not count.
pub fn pool(mean: Mean, weights: &[f64], members: &[&[f32]]) -> Vec<f64> {
    let classes = members.iter().map(|row| row.len()).min().unwrap_or(0);
    let counted = || weights.iter().zip(members).filter(|(weight, _)| **weight > 0.0);
    let sum_of = |class: usize, term: &dyn Fn(f64) -> f64| -> f64 {
        counted().map(|(weight, row)| weight * term(f64::from(row[class]))).sum()
    };
    match mean {
        Mean::Arithmetic => (0..classes).map(|class| sum_of(class, &|probability| probability)).collect(),
        Mean::Geometric => softmax((0..classes).map(|class| sum_of(class, &logarithm)).collect()),
    }
}

/// The natural logarithm of a probability.
pub(crate) fn logarithm(probability: f64) -> f64 {
    probability.max(LEAST).ln()
}

/// The exponentials of `logits`, divided by their sum.
pub(crate) fn softmax(mut logits: Vec<f64>) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for logit in &mut logits {
        *logit = (*logit - highest).exp();
    }
    let sum: f64 = logits.iter().sum();
    for value in &mut logits {
        *value /= sum;
    }
    logits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len()
            && found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-7)
    }

    #[test]
    fn two_opinions_by_hand() {
        let (sure, unsure) = (&[0.9_f32, 0.1][..], &[0.5_f32, 0.5][..]);
        assert!(near(&pool(Mean::Arithmetic, &[0.5, 0.5], &[sure, unsure]), &[0.7, 0.3]));
        assert!(near(&pool(Mean::Arithmetic, &[0.25, 0.75], &[sure, unsure]), &[0.6, 0.4]));
        // Odds are 9 and 1; their geometric mean is 3.
        assert!(near(&pool(Mean::Geometric, &[0.5, 0.5], &[sure, unsure]), &[0.75, 0.25]));
    }

    /// One member excludes what the other is sure of: geometrically that is a veto on both sides.
    #[test]
    fn impossible_is_not_for_ever() {
        let members = [&[1.0_f32, 0.0, 0.0][..], &[0.0_f32, 1.0, 0.0][..]];
        assert!(near(&pool(Mean::Geometric, &[0.5, 0.5], &members), &[0.499_999_75, 0.499_999_75, 5e-7]));
        assert!(near(&pool(Mean::Geometric, &[1.0, 0.0], &members), &[1.0, 0.0, 0.0]));
        assert_eq!(pool(Mean::Arithmetic, &[], &[]), Vec::<f64>::new());
    }
}
