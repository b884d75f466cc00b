//! From an estimate and its spread over resamples to a 95 % interval that holds for few speakers too.
//!
//! Percentiles of resampled figures are too narrow for few speakers: the bootstrap's standard error is short by
//! sqrt((n - 1) / n), and normal quantiles by the difference to Student's t. Both are put right here, after Cameron & Miller
//! ("A Practitioner's Guide to Cluster-Robust Inference", Journal of Human Resources 2015, section VI): the standard error is
//! that of the bootstrap times sqrt(g / (g - 1)), the quantile that of t. g is the effective number of speakers: as many
//! equally large ones as would tell as much, (sum m)^2 / sum m^2 for speakers of m clips (Kish 1965; used for clusters of
//! unequal size by Carter, Schnepel & Steigerwald, Review of Economics and Statistics 2017). The degrees of freedom are those
//! of a chi-square with the mean and the variance of the squared deviations of such speakers (Satterthwaite 1946; for clusters
//! Bell & McCaffrey, Survey Methodology 2002); of equally large speakers, g - 1. Shares are treated on the logit scale, so
//! that no interval leaves 0 to 1.
//!
//! Where fewer than [`FEW`] clips are right, or fewer than that wrong, the spread between speakers is mostly luck (with
//! none, it is zero); the interval is then at least Wilson's for as many independent clips.
//!
//! Single classes have too few clips for this; [`class_intervals`](mod@crate::class_intervals) makes their intervals.
//! Those of calibration, and how often they hold the truth, are in
//! [`calibration_intervals`](mod@crate::calibration_intervals).
//!
//! `examples/coverage.rs` simulates how often the intervals hold the truth, in nine worlds (speakers alike and unlike,
//! classes ten to one, some speakers with four times the clips, a good model and a weak one, one class clustered unlike
//! the others), 2500 experiments each. In percent, mean over the worlds and lowest to highest world; single classes are
//! means over the classes of a world, and the last column is the class, figure and world of the lowest coverage:
//!
//! | speakers | UAR | macro-F1 | difference of two UARs | precision | recall | F1 | lowest |
//! |---|---|---|---|---|---|---|---|
//! | 3 | 95.5 (94.8-96.3) | 95.8 (95.0-96.6) | 95.3 (94.2-96.2) | 95.6 (92.5-97.5) | 95.9 (94.2-97.7) | 94.7 (92.4-96.7) | 89.2 |
//! | 4 | 95.8 (95.0-97.1) | 95.7 (94.8-97.0) | 95.4 (94.4-96.7) | 95.7 (93.2-97.3) | 96.1 (94.6-97.4) | 95.2 (92.8-96.8) | 91.2 |
//! | 5 | 95.5 (94.7-96.4) | 95.6 (94.6-96.3) | 95.2 (94.2-96.8) | 95.5 (93.4-97.6) | 95.9 (94.6-97.3) | 95.1 (93.2-96.2) | 91.9 |
//! | 8 | 95.4 (94.7-95.9) | 95.4 (94.6-95.8) | 95.4 (95.1-96.0) | 95.4 (94.0-96.6) | 95.7 (94.5-96.4) | 95.1 (93.6-96.1) | 92.6 |
//! | 10 | 95.3 (94.9-95.8) | 95.3 (95.0-95.6) | 95.0 (94.6-95.6) | 95.4 (94.2-96.0) | 95.6 (94.3-96.4) | 95.3 (94.1-96.0) | 93.4 |
//! | 24 | 94.6 (93.9-95.5) | 94.7 (93.8-95.6) | 94.8 (94.2-95.3) | 95.0 (94.0-95.8) | 94.9 (93.7-95.6) | 94.8 (93.6-95.5) | 93.0 |
//! | 91 | 95.1 (94.2-95.9) | 95.1 (94.4-95.8) | 94.6 (93.6-95.2) | 95.0 (94.8-95.2) | 95.0 (94.6-95.4) | 95.0 (94.6-95.3) | 93.8 |
//!
//! Accuracy and weighted F1 are within 0.3 of UAR and macro-F1. `tests/coverage.rs` holds all of them to 93 to 97 %.
//!
//! Over several corpora ([`strata`](mod@crate::strata)) the truth is the figure of infinitely many speakers of each
//! corpus, every corpus with its share of the clips; of known speakers, that of infinitely many clips of them. Each
//! line is a world, 1000 experiments (one has a standard error of 0.7). Speakers x clips; easy and hard are 1 to 2 on
//! the logit scale:
//!
//! | corpora | UAR | macro-F1 | difference of two UARs | precision | recall | F1 | width of UAR |
//! |---|---|---|---|---|---|---|---|
//! | 24 x 60; 2 x 1400, easy | 94.1 | 94.1 | 94.8 | 93.6 | 95.0 | 92.6 | 0.105 |
//! | 91 x 80; 24 x 60; 4 x 120; 2 x 1400, easy | 95.2 | 95.5 | 94.2 | 94.9 | 95.3 | 94.5 | 0.047 |
//! | 10 x 60; 1 x 600 | 96.9 | 96.8 | 98.7 | 97.6 | 98.4 | 97.7 | 0.317 |
//! | 10 x 60; 1 x 60 | 96.1 | 96.0 | 94.9 | 96.0 | 96.0 | 96.0 | 0.169 |
//! | 10 x 60, easy; 1 x 240, hard | 95.3 | 95.2 | 98.4 | 98.8 | 97.5 | 98.2 | 0.209 |
//! | 2 x 200; 2 x 200, easy | 94.0 | 93.9 | 99.5 | 96.0 | 97.0 | 95.9 | 0.309 |
//! | 3 x 120; 1 x 120 | 93.2 | 93.3 | 95.0 | 95.2 | 97.1 | 95.5 | 0.391 |
//! | three of 8 x 60, alike | 94.3 | 94.8 | 94.2 | 96.0 | 95.5 | 95.7 | 0.107 |
//! | three of 10 x 60, easy to hard | 95.8 | 95.9 | 95.5 | 96.0 | 96.2 | 96.1 | 0.078 |
//! | eight of 4 to 10 speakers, easy to hard | 95.6 | 95.5 | 94.1 | 96.3 | 96.4 | 96.5 | 0.079 |
//! | 24 x 60; 2 x 600, easy: all speakers alike | 98.1 | 98.1 | 98.3 | 97.2 | 97.7 | 97.3 | 0.046 |
//! | 12 x 60; 2 x 240, easy: speakers very unlike | 95.5 | 95.5 | 94.8 | 95.1 | 95.8 | 95.1 | 0.245 |
//! | 10 x 60, unlike; 10 x 60, alike | 94.5 | 94.6 | 93.4 | 94.8 | 95.0 | 95.1 | 0.128 |
//! | 12 and 8, some with four times the clips | 94.7 | 94.7 | 96.7 | 94.2 | 94.2 | 94.2 | 0.122 |
//! | known: 24 x 60; 2 x 1400, easy | 94.9 | 94.9 | 93.5 | 94.7 | 94.7 | 94.4 | 0.018 |
//! | known, very unlike: 10 x 20; 30 x 8 | 95.8 | 96.1 | 95.5 | 94.8 | 94.6 | 94.5 | 0.082 |
//! | known: 4 x 60 | 94.6 | 94.9 | 96.1 | 95.2 | 95.2 | 94.5 | 0.118 |
//!
//! Above 97 % are corpora of one or two speakers with many more clips than the speakers they borrow from, where these
//! hardly differ (differences of two models, speakers all alike): that speakers of 60 clips show no difference does not
//! rule out one that would show in 600. F1 of a class falls to 92.6 % where two speakers have two thirds of the clips.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Fewer speakers of one corpus than this give no interval: with two, Student's t has one degree of freedom, and next
/// to nothing could be ruled out. Of several corpora, there must be as many beyond the first of each: 2 and 2 speakers
/// do, 2 and 1 do not.
pub const MIN_SPEAKERS: usize = 3;
/// Fewer right or wrong clips than this say little about how speakers differ.
pub const FEW: f64 = 10.0;

/// Probability below the upper end of a two-sided 95 % interval.
const UPPER: f64 = 0.975;
/// The normal quantile of it.
pub const Z: f64 = 1.959_963_984_540_054;
/// With more degrees of freedom, quantiles of Student's t are those of the normal distribution and two terms of a
/// series in their inverse, to 1e-8.
const MANY_DEGREES: f64 = 1000.0;
/// Estimates are kept this far from 0 and 1 on the logit scale.
const EDGE: f64 = 1e-3;
/// Fewest effective speakers: one speaker with nearly all clips leaves about one degree of freedom in ten.
pub const MIN_EFFECTIVE: f64 = 1.3;

/// The two ends of a 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The narrowest interval that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// Effective number of speakers of unequal size, with the degrees of freedom of their spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effective {
    /// As many equally large speakers would tell as much.
    pub speakers: f64,
    /// Degrees of freedom of their spread.
    pub degrees: f64,
}

impl Effective {
    /// Of speakers who have `clips` clips each; speakers without clips do not count. 0 of both without clips.
    pub fn of(clips: impl IntoIterator<Item = u64>) -> Self {
        let (mut sum, mut squares, mut cubes) = (0.0, 0.0, 0.0);
        for clips in clips {
            sum += clips as f64;
            squares += (clips as f64).powi(2);
            cubes += (clips as f64).powi(3);
        }
        if squares == 0.0 {
            return Self { speakers: 0.0, degrees: 0.0 };
        }
        // With w the share of a speaker, deviations from the mean have the covariance w_i [i = j] - w_i w_j: the
        // squared trace over the trace of the square.
        let (second, third) = (squares / (sum * sum), cubes / (sum * sum * sum));
        let degrees = (1.0 - second).powi(2) / (second - 2.0 * third + second * second);
        // One speaker deviates from nothing.
        Self { speakers: 1.0 / second, degrees: if second < 1.0 { degrees } else { 0.0 } }
    }

    /// Factor from the spread of resamples to that of samples: sqrt(g / (g - 1)) for g speakers.
    pub fn correction(self) -> f64 {
        let speakers = self.speakers.max(MIN_EFFECTIVE);
        (speakers / (speakers - 1.0)).sqrt()
    }
}

/// The standard error of a figure, and how sure it is of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandardError {
    /// In the units of the figure.
    pub value: f64,
    /// Its degrees of freedom.
    pub degrees: f64,
}

impl StandardError {
    /// Of speakers of one population, from the standard deviation of resampled figures.
    pub fn of_resamples(sd: f64, effective: Effective) -> Self {
        Self { value: sd * effective.correction(), degrees: effective.degrees }
    }

    /// Half the width of an interval.
    fn half_width(self) -> f64 {
        self.value * t_quantile(self.degrees.max(MIN_EFFECTIVE - 1.0))
    }
}

/// Mean and standard deviation of resampled figures, one at a time (Welford 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spread {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Spread {
    /// One more figure.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// Mean of the figures; 0 without any.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Their standard deviation (divisor: one less than their number); `None` for fewer than two.
    pub fn sd(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).max(0.0).sqrt())
    }
}

/// The 97.5th percentile of Student's t; that of the normal distribution for no degrees of freedom.
pub fn t_quantile(degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom.is_nan() || degrees_of_freedom <= 0.0 {
        return Z;
    }
    if degrees_of_freedom > MANY_DEGREES {
        // Abramowitz & Stegun 26.7.5, two terms: statrs searches long for such quantiles, and misses them.
        let (cubed, fifth) = (Z.powi(3), Z.powi(5));
        let (first, second) = ((cubed + Z) / 4.0, (5.0 * fifth + 16.0 * cubed + 3.0 * Z) / 96.0);
        return Z + first / degrees_of_freedom + second / degrees_of_freedom.powi(2);
    }
    let degrees = degrees_of_freedom.max(MIN_EFFECTIVE - 1.0);
    StudentsT::new(0.0, 1.0, degrees).map_or(Z, |t| t.inverse_cdf(UPPER))
}

/// Interval of a share: `estimate` of 0 to 1.
pub fn of_share(estimate: f64, error: StandardError) -> Interval {
    if error.value == 0.0 || estimate <= 0.0 || estimate >= 1.0 {
        return Interval { low: estimate, high: estimate };
    }
    let kept = estimate.clamp(EDGE, 1.0 - EDGE);
    let half = error.half_width() / (kept * (1.0 - kept));
    let logit = (kept / (1.0 - kept)).ln();
    // Beyond the edge the estimate itself is the limit of what is said.
    Interval { low: logistic(logit - half).min(estimate), high: logistic(logit + half).max(estimate) }
}

/// Interval of any figure of `lowest` to `highest`, on its own scale.
pub fn of_figure(estimate: f64, error: StandardError, lowest: f64, highest: f64) -> Interval {
    let half = error.half_width();
    Interval { low: (estimate - half).clamp(lowest, highest), high: (estimate + half).clamp(lowest, highest) }
}

/// Wilson's interval for `right` of `clips` independent clips (E. B. Wilson, JASA 1927); both may be fractions.
/// `quantile` is that of the normal distribution, [`Z`], or of Student's t where the variance of a clip is an estimate.
/// 0 to 1 without clips.
pub fn wilson(right: f64, clips: f64, quantile: f64) -> Interval {
    if clips <= 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let share = (right / clips).clamp(0.0, 1.0);
    let spread = quantile * quantile / clips;
    let centre = (share + spread / 2.0) / (1.0 + spread);
    let half = (share * (1.0 - share) * spread + spread * spread / 4.0).sqrt() / (1.0 + spread);
    Interval { low: (centre - half).clamp(0.0, share), high: (centre + half).clamp(share, 1.0) }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// scipy 1.17.1: `scipy.stats.t.ppf(0.975, [2, 3, 9, 23, 4.5, 0.3])`.
    #[test]
    fn t_quantiles_are_those_of_scipy() {
        let expected = [
            (2.0, 4.302_652_729_749_462),
            (3.0, 3.182_446_305_283_707_8),
            (9.0, 2.262_157_162_798_205),
            (23.0, 2.068_657_610_419_048_6),
            (4.5, 2.658_912_347_204_403_4),
            (0.3, 6_582.035_699_400_752_5),
        ];
        for (degrees, quantile) in expected {
            let found = t_quantile(degrees);
            assert!((found / quantile - 1.0).abs() < 1e-6, "{degrees}: {found}, expected {quantile}");
        }
        for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(t_quantile(none), Z);
        }
        assert_eq!(t_quantile(1e-9), t_quantile(MIN_EFFECTIVE - 1.0), "as wide as can be said");
        let (below, above) = (t_quantile(MANY_DEGREES), t_quantile(MANY_DEGREES + 1e-3));
        assert!((below - above).abs() < 1e-7 && above > Z, "{below} {above}");
    }

    /// statsmodels 0.15: `proportion_confint(right, clips, method="wilson")`.
    #[test]
    fn wilson_is_that_of_statsmodels() {
        let expected = [
            (0.0, 10.0, 0.0, 0.277_532_799_862_889_23),
            (10.0, 10.0, 0.722_467_200_137_110_7, 1.0),
            (3.0, 80.0, 0.012_834_568_919_911_409, 0.104_547_200_900_451_16),
        ];
        for (right, clips, low, high) in expected {
            let found = wilson(right, clips, Z);
            assert!((found.low - low).abs() < 1e-12 && (found.high - high).abs() < 1e-12, "{right}/{clips}: {found:?}");
        }
        assert_eq!(wilson(0.0, 0.0, Z), Interval { low: 0.0, high: 1.0 });
    }

    /// Of speakers of one size.
    fn equal(sd: f64, speakers: f64) -> StandardError {
        StandardError::of_resamples(sd, Effective { speakers, degrees: speakers - 1.0 })
    }

    #[test]
    fn a_large_speaker_counts_for_fewer_than_one_more() {
        assert_eq!(Effective::of([10; 5]).speakers, 5.0);
        assert!((Effective::of([10; 5]).degrees - 4.0).abs() < 1e-12);
        assert_eq!(Effective::of([10, 10, 0]).speakers, 2.0);
        // 91 speakers of 82 clips, 24 of 60, 4 of 120 and 2 of 1400.
        let four_corpora = [(91, 82_u64), (24, 60), (4, 120), (2, 1400)];
        let clips = four_corpora.iter().flat_map(|(speakers, clips)| std::iter::repeat_n(*clips, *speakers));
        assert!((Effective::of(clips).speakers - 31.737_55).abs() < 1e-4);
        assert_eq!(Effective::of([]), Effective { speakers: 0.0, degrees: 0.0 });
        assert_eq!(Effective::of([7]), Effective { speakers: 1.0, degrees: 0.0 });
    }

    /// By hand: shares 1/6, 1/6 and 2/3 have squares of 1/2 and cubes of 11/36 in all: (1/2)^2 / (1/2 - 11/18 + 1/4).
    #[test]
    fn degrees_of_freedom_of_three_speakers_by_hand() {
        let found = Effective::of([6, 6, 24]);
        assert!((found.speakers - 2.0).abs() < 1e-12 && (found.degrees - 1.8).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn spread_is_the_standard_deviation() {
        let mut spread = Spread::default();
        assert_eq!(spread.sd(), None);
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            spread.push(value);
        }
        assert!((spread.mean() - 5.0).abs() < 1e-12);
        assert!((spread.sd().expect("eight values") - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
    }

    /// By hand: sd 0.05 at 0.5 is 0.2 on the logit scale; times sqrt(4/3) and t(3) it is 0.734 947.
    #[test]
    fn four_speakers_by_hand() {
        let found = of_share(0.5, equal(0.05, 4.0));
        let half: f64 = 0.2 * (4.0_f64 / 3.0).sqrt() * 3.182_446_305_284_26;
        assert!((found.high - 1.0 / (1.0 + (-half).exp())).abs() < 1e-9, "{found:?}");
        assert!((found.low + found.high - 1.0).abs() < 1e-12);
        let plain = of_figure(0.1, equal(0.05, 4.0), -1.0, 1.0);
        assert!((plain.high - 0.1 - half / 4.0).abs() < 1e-9, "{plain:?}");
    }

    proptest! {
        #[test]
        fn intervals_hold_the_estimate_and_stay_in_range(
            estimate in 0.0_f64..=1.0, sd in 0.0_f64..0.5, effective in 0.0_f64..200.0, clips in 1.0_f64..1000.0,
        ) {
            for found in [of_share(estimate, equal(sd, effective)), wilson(estimate * clips, clips, Z)] {
                prop_assert!(0.0 <= found.low && found.low <= estimate + 1e-12, "{found:?}");
                prop_assert!(estimate - 1e-12 <= found.high && found.high <= 1.0, "{found:?}");
            }
        }

        #[test]
        fn more_speakers_of_the_same_spread_narrow_the_interval(sd in 0.001_f64..0.1, speakers in 3.0_f64..90.0) {
            let width = |effective| { let found = of_share(0.6, equal(sd, effective)); found.high - found.low };
            prop_assert!(width(speakers + 1.0) < width(speakers));
        }
    }
}
