//! Two categorical properties against each other, counted in Polars.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};

use crate::error::AuditError;
use crate::groups::{each_group, text};

/// How often each pair of values occurs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contingency {
    cells: BTreeMap<(String, String), u64>,
}

impl Contingency {
    /// Counts `pairs`.
    pub(crate) fn count(pairs: &[(String, String)]) -> Result<Self, AuditError> {
        let column = |name: &str, of: fn(&(String, String)) -> &str| {
            Column::new(name.into(), pairs.iter().map(of).collect::<Vec<&str>>())
        };
        let frame = DataFrame::new_infer_height(vec![column("a", |pair| &pair.0), column("b", |pair| &pair.1)])?;
        let cells = each_group(&frame, &["a", "b"], |group| {
            Ok(((text(group, "a")?, text(group, "b")?), group.height() as u64))
        })?;
        Ok(Self { cells: cells.into_iter().collect() })
    }

    /// Number of pairs.
    pub(crate) fn total(&self) -> u64 {
        self.cells.values().sum()
    }

    /// Number of pairs by value of the first property.
    pub(crate) fn sums_a(&self) -> BTreeMap<&str, u64> {
        self.sums(|(a, _)| a)
    }

    /// Number of pairs by value of the second property.
    pub(crate) fn sums_b(&self) -> BTreeMap<&str, u64> {
        self.sums(|(_, b)| b)
    }

    fn sums<'a>(&'a self, key: impl Fn(&'a (String, String)) -> &'a String) -> BTreeMap<&'a str, u64> {
        let mut sums = BTreeMap::new();
        for (pair, count) in &self.cells {
            *sums.entry(key(pair).as_str()).or_default() += count;
        }
        sums
    }

    /// Pearson's chi-squared, without continuity correction; 0 for no pairs.
    pub(crate) fn chi_squared(&self) -> f64 {
        let (sums_a, sums_b, total) = (self.sums_a(), self.sums_b(), self.total() as f64);
        // The sum over all cells of (o - e)^2 / e, empty ones included, is n (sum of o^2 / (row * column)) - n.
        let shares = self.cells.iter().map(|((a, b), &count)| {
            let (row, column) = (sums_a[a.as_str()] as f64, sums_b[b.as_str()] as f64);
            (count as f64 / row) * (count as f64 / column)
        });
        (total * (shares.sum::<f64>() - 1.0)).max(0.0)
    }

    /// Cramér's V, 0 to 1, as defined by Cramér (1946); `None` unless both properties have two values.
    pub(crate) fn cramers_v_uncorrected(&self) -> Option<f64> {
        let freedom = self.smaller_side()?.checked_sub(1).filter(|freedom| *freedom > 0)?;
        Some((self.chi_squared() / self.total() as f64 / freedom as f64).sqrt().min(1.0))
    }

    /// Cramér's V, 0 to 1, with the bias correction of Bergsma, *A bias-correction for Cramér's V and Tschuprow's T*,
    /// Journal of the Korean Statistical Society 42 (2013), equations 6 to 8; `None` unless both properties have two
    /// values and there are pairs enough to correct by.
    pub(crate) fn cramers_v(&self) -> Option<f64> {
        self.smaller_side().filter(|side| *side > 1)?;
        let n = self.total() as f64;
        let (rows, columns) = (self.sums_a().len() as f64, self.sums_b().len() as f64);
        let phi2 = (self.chi_squared() / n - (rows - 1.0) * (columns - 1.0) / (n - 1.0)).max(0.0);
        let corrected = |side: f64| side - (side - 1.0).powi(2) / (n - 1.0);
        let freedom = corrected(rows).min(corrected(columns)) - 1.0;
        (freedom > 0.0).then(|| (phi2 / freedom).sqrt().min(1.0))
    }

    /// Mutual information divided by the arithmetic mean of both entropies, 0 to 1; `None` unless both properties have
    /// two values.
    pub(crate) fn normalised_mutual_information(&self) -> Option<f64> {
        self.smaller_side().filter(|side| *side > 1)?;
        let (sums_a, sums_b, total) = (self.sums_a(), self.sums_b(), self.total() as f64);
        let information: f64 = self
            .cells
            .iter()
            .map(|((a, b), &count)| {
                let (row, column) = (sums_a[a.as_str()] as f64, sums_b[b.as_str()] as f64);
                count as f64 / total * (count as f64 * total / (row * column)).ln()
            })
            .sum();
        let mean_entropy = f64::midpoint(entropy(sums_a.values()), entropy(sums_b.values()));
        Some((information / mean_entropy).clamp(0.0, 1.0))
    }

    fn smaller_side(&self) -> Option<usize> {
        (!self.cells.is_empty()).then(|| self.sums_a().len().min(self.sums_b().len()))
    }
}

/// Shannon entropy in nats of a distribution given by counts; counts of zero add nothing.
pub(crate) fn entropy<'a>(counts: impl Iterator<Item = &'a u64> + Clone) -> f64 {
    let total = counts.clone().sum::<u64>() as f64;
    counts.filter(|count| **count > 0).map(|&count| count as f64 / total).map(|share| -share * share.ln()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: &[&[u64]]) -> Contingency {
        let mut pairs = Vec::new();
        for (a, row) in rows.iter().enumerate() {
            for (b, &count) in row.iter().enumerate() {
                pairs.extend((0..count).map(|_| (format!("a{a}"), format!("b{b}"))));
            }
        }
        Contingency::count(&pairs).expect("counts")
    }

    #[test]
    fn full_dependence_is_one_and_independence_zero() {
        let full = table(&[&[30, 0, 0], &[0, 20, 0], &[0, 0, 10]]);
        assert!((full.chi_squared() - 120.0).abs() < 1e-9, "n (k - 1)");
        assert_eq!(full.cramers_v_uncorrected(), Some(1.0));
        assert!((full.normalised_mutual_information().expect("3 by 3") - 1.0).abs() < 1e-12);
        let none = table(&[&[10, 20], &[30, 60]]);
        assert!(none.chi_squared() < 1e-9);
        assert_eq!(none.cramers_v(), Some(0.0), "the correction never goes below 0");
        assert!(none.normalised_mutual_information().expect("2 by 2") < 1e-12);
    }

    #[test]
    fn the_correction_takes_off_what_chance_would_give() {
        // (row - 1) (column - 1) / (n - 1) of phi-squared is expected of independent properties.
        let table = table(&[&[6, 4], &[4, 6]]);
        assert!((table.chi_squared() - 0.8).abs() < 1e-12);
        let expected = ((0.04 - 1.0 / 19.0_f64).max(0.0) / (1.0 - 1.0 / 19.0)).sqrt();
        assert_eq!(table.cramers_v(), Some(expected));
        assert!((table.cramers_v_uncorrected().expect("2 by 2") - 0.2).abs() < 1e-12);
    }

    #[test]
    fn one_value_is_no_property() {
        for table in [table(&[&[5, 5]]), table(&[&[5], &[5]]), Contingency::default()] {
            assert_eq!(table.cramers_v(), None);
            assert_eq!(table.cramers_v_uncorrected(), None);
            assert_eq!(table.normalised_mutual_information(), None);
            assert_eq!(table.chi_squared(), 0.0);
        }
        assert_eq!(table(&[&[1, 0], &[0, 1]]).cramers_v(), None, "two pairs leave nothing to correct by");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn measures_are_symmetric_and_between_zero_and_one(
            seeds in prop::collection::vec((0_u8..4, 0_u8..3), 2..80)
        ) {
            let pairs: Vec<(String, String)> = seeds.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
            let turned: Vec<(String, String)> = pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect();
            let (one, other) = (Contingency::count(&pairs).expect("counts"), Contingency::count(&turned).expect("counts"));
            prop_assert_eq!(one.total(), pairs.len() as u64);
            let measures = [
                (one.cramers_v(), other.cramers_v()),
                (one.cramers_v_uncorrected(), other.cramers_v_uncorrected()),
                (one.normalised_mutual_information(), other.normalised_mutual_information()),
            ];
            for (one, other) in measures {
                prop_assert_eq!(one.is_some(), other.is_some());
                if let (Some(one), Some(other)) = (one, other) {
                    // Before the root: near independence it turns rounding of 1e-16 into 1e-8.
                    prop_assert!((one * one - other * other).abs() < 1e-12);
                    prop_assert!((0.0..=1.0).contains(&one));
                }
            }
        }
    }
}
