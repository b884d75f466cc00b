//! `associations`: which properties of clips go together.

crate::table::table! {
    /// How far two categorical properties of clips depend on each other. Clips without either are left out. The
    /// measures are symmetric: 0 when independent, 1 when each value of the one goes with a single value of the other,
    /// and the other way round.
    pub struct Association ("associations", version 1) {
        /// The one property, a column of `clips`: `emotion`, `corpus`.
        property_a: String,
        /// The other: `corpus`, `gender`, `speaker`, `intensity`, `sentence`, `sample_rate_hz`.
        property_b: String,
        /// Number of clips that have both.
        clips: u64,
        /// Number of different values of the one.
        values_a: u64,
        /// Number of different values of the other.
        values_b: u64,
        /// Pearson's chi-squared of the contingency table, without continuity correction.
        chi_squared: f64,
        /// Cramér's V as it is defined, 0 to 1: biased upwards where cells are few; null where either has a single
        /// value.
        cramers_v_uncorrected: Option<f64>,
        /// Cramér's V with the bias correction of Bergsma (2013), 0 to 1: 0 for what chance alone would give, a little
        /// below 1 for full dependence of many values; null where either has a single value.
        cramers_v: Option<f64>,
        /// Mutual information divided by the arithmetic mean of both entropies, 0 to 1; null where either has a single
        /// value.
        normalised_mutual_information: Option<f64>,
    }
}
