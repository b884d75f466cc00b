//! The variance of a figure over several corpora, from how much the speakers of each vary.
//!
//! Corpora are given and the speakers of each are drawn, so the variances of the corpora's parts add up:
//! V = sum V_h. Each is estimated from n_h speakers with n_h - 1 degrees of freedom, and their sum has those of
//! Satterthwaite (Biometrics Bulletin 1946), V^2 / sum (V_h^2 / d_h): stratified sampling of clusters (Cochran,
//! "Sampling Techniques", 1977, sections 5.4 and 11.9).
//!
//! A corpus of one speaker has no V_h of its own and one of two next to none; yet they are part of the figure. They are
//! topped up from the other corpora. Of A_h, the variance that the part would have if all its clips were independent,
//! the design effect D_h = V_h / A_h (Kish 1965) says how much worse clips of one speaker are. For speakers whose skill
//! varies by the same variance u on the logit scale, in whichever corpus, it is
//!
//! ```text
//! D_h = 1 + x_h u,   x_h = (m_h - 1) p_h (1 - p_h)
//! ```
//!
//! for m_h clips at the speaker of a clip and a share p_h of right ones: p (1 - p) is the slope of the logistic
//! function, so speakers differ less where nearly everything is right. u comes from the other corpora, each weighted by
//! what it tells (by scoring, as for a variance component: weights d_h (x_h / (1 + x_h u))^2), never from the corpus
//! that it is for. The corpus's own D_h and that expectation are averaged by degrees of freedom, as gene-wise variances
//! are (Smyth, SAGMB 2004). The expectation counts for as many as the corpus lacks of [`ENOUGH`], fewer where u is
//! itself uncertain: 1 / d = 1 / (ENOUGH - d_h) + 1 / d_u. A corpus with more speakers than that speaks for itself
//! alone.
//!
//! Assumption: speakers of small corpora are about as unlike as those of the others. Of one speaker nothing else can be
//! said.

use crate::interval::{MIN_EFFECTIVE, StandardError};

/// Degrees of freedom up to which a corpus's variance is topped up from the others.
pub const ENOUGH: f64 = 6.0;
/// u is taken for no less than this many of the standard errors that it would have if speakers were alike: that none is
/// found between few speakers of few clips is no proof that one of many clips is like the others.
const LEAST_UNLIKE: f64 = 0.25;
/// Degrees of freedom of an expectation, at least: a variance is known to be positive, however little else is.
const LEAST_CERTAIN: f64 = 2.0;
/// Variance of skill on the logit scale from which the search for it starts.
const START: f64 = 0.25;
/// Steps of the search.
const STEPS: usize = 20;

/// The part of one corpus in a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Variance of the figure over draws of the speakers, V_h; of no account without degrees of freedom.
    pub variance: f64,
    /// Its degrees of freedom; 0 for one speaker.
    pub degrees: f64,
    /// Variance of the figure if clips were independent, A_h.
    pub apart: f64,
    /// x_h: how much the design effect grows with the variance of skill.
    pub reach: f64,
}

impl Part {
    fn effect(&self) -> f64 {
        self.variance / self.apart
    }

    /// `true` if it has a design effect of its own.
    fn tells_itself(&self) -> bool {
        self.degrees > 0.0 && self.apart > 0.0
    }

    /// `true` if that effect says how unlike speakers are.
    fn tells(&self) -> bool {
        self.tells_itself() && self.reach > 0.0
    }
}

/// The variance of a part after topping up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Topped {
    /// Design effect.
    pub effect: f64,
    /// Its degrees of freedom.
    pub degrees: f64,
    /// How many of them come from other corpora.
    pub borrowed: f64,
}

/// p (1 - p) for `right` of `clips` clips: how much the share of right clips gives way to skill on the logit scale.
pub fn slope(right: f64, clips: f64) -> f64 {
    // One clip more of either kind: no corpus is right for ever.
    let share = (right + 1.0) / (clips + 2.0);
    share * (1.0 - share)
}

/// x_h of a corpus with `cluster` clips at the speaker of a clip.
pub fn reach(slope: f64, cluster: f64) -> f64 {
    (cluster - 1.0).max(0.0) * slope
}

/// Every part, topped up from the others where its degrees of freedom are few.
pub fn top_up(parts: &[Part]) -> Vec<Topped> {
    parts.iter().enumerate().map(|(at, part)| topped(part, &Unlike::but(parts, at))).collect()
}

fn topped(part: &Part, unlike: &Unlike) -> Topped {
    let lacking = ENOUGH - part.degrees;
    let own = if part.tells_itself() { part.effect() } else { 1.0 };
    if lacking <= 0.0 || part.apart <= 0.0 {
        return Topped { effect: own, degrees: part.degrees, borrowed: 0.0 };
    }
    let expected = unlike.expected(part);
    let borrowed = 1.0 / (1.0 / lacking + 1.0 / unlike.certain(part).max(unlike.least_certain()));
    let degrees = part.degrees + borrowed;
    let effect = if degrees > 0.0 { (borrowed * expected + part.degrees * own) / degrees } else { expected };
    Topped { effect, degrees, borrowed }
}

/// The variance of skill on the logit scale, as the other corpora tell it.
struct Unlike {
    value: f64,
    /// Twice the inverse of its own variance; 0 without anybody to tell.
    information: f64,
    /// Weight of each corpus in it, in shares of 1.
    weights: Vec<f64>,
}

impl Unlike {
    /// From all parts but the one at `but`.
    fn but(parts: &[Part], but: usize) -> Self {
        let weights = |value: f64| -> Vec<f64> {
            let weight = |(at, part): (usize, &Part)| {
                let telling = at != but && part.tells();
                if telling { part.degrees * (part.reach / (1.0 + part.reach * value)).powi(2) } else { 0.0 }
            };
            parts.iter().enumerate().map(weight).collect()
        };
        let least = LEAST_UNLIKE * (2.0 / weights(0.0).iter().sum::<f64>()).sqrt();
        let mut found = Self { value: START, information: 0.0, weights: Vec::new() };
        for _ in 0..STEPS {
            found.weights = weights(found.value);
            found.information = found.weights.iter().sum();
            if found.information == 0.0 {
                return Self { value: 0.0, ..found };
            }
            let each = parts.iter().zip(&mut found.weights).filter(|(_, weight)| **weight > 0.0);
            let mean: f64 = each
                .map(|(part, weight)| {
                    *weight /= found.information;
                    *weight * (part.effect() - 1.0) / part.reach
                })
                .sum();
            found.value = mean.max(least);
        }
        found
    }

    /// The design effect to be expected of a part.
    fn expected(&self, part: &Part) -> f64 {
        1.0 + part.reach * self.value
    }

    /// Degrees of freedom of that: twice its square over its variance.
    fn certain(&self, part: &Part) -> f64 {
        if part.reach > 0.0 { self.information * (self.expected(part) / part.reach).powi(2) } else { f64::INFINITY }
    }

    /// Floor of the degrees of freedom of an expectation.
    fn least_certain(&self) -> f64 {
        if self.information > 0.0 { LEAST_CERTAIN } else { 0.0 }
    }
}

/// The standard error of the sum of the parts and of others, (variance, degrees of freedom), that have nothing to do
/// with them.
///
/// The degrees of freedom are Satterthwaite's of V as a sum of the corpora's own variances, each with what the others
/// borrow of it, so that nothing borrowed counts twice.
pub fn together(parts: &[Part], others: &[(f64, f64)]) -> StandardError {
    let unlike: Vec<Unlike> = (0..parts.len()).map(|at| Unlike::but(parts, at)).collect();
    let topped: Vec<Topped> = parts.iter().zip(&unlike).map(|(part, unlike)| topped(part, unlike)).collect();
    let mut variance: f64 = others.iter().map(|(variance, _)| variance).sum();
    // Half the variance of V.
    let mut doubt: f64 = others.iter().map(|(variance, degrees)| variance * variance / floored(*degrees)).sum();
    let mut of_own = vec![0.0; parts.len()];
    for (at, (part, found)) in parts.iter().zip(&topped).enumerate() {
        variance += part.apart * found.effect;
        let borrowed = if found.degrees > 0.0 { found.borrowed / found.degrees } else { 1.0 };
        of_own[at] += part.apart * (1.0 - borrowed);
        let (unlike, lent) = (&unlike[at], part.apart * borrowed);
        if unlike.information == 0.0 {
            doubt += if part.reach > 0.0 { lent * lent / floored(0.0) } else { 0.0 };
            continue;
        }
        let certain = unlike.certain(part);
        let share = if part.reach > 0.0 { (certain / certain.max(LEAST_CERTAIN)).sqrt() } else { 0.0 };
        for (other, weight) in unlike.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            of_own[other] += lent * share * part.reach * weight / parts[other].reach;
        }
        // Corpora are not alike in how unlike their speakers are.
        doubt += (lent * part.reach * unlike.value).powi(2) / ENOUGH;
    }
    for ((part, found), own) in parts.iter().zip(&topped).zip(of_own) {
        if own > 0.0 {
            doubt += (own * found.effect).powi(2) / floored(part.degrees);
        }
    }
    StandardError { value: variance.sqrt(), degrees: if doubt > 0.0 { variance * variance / doubt } else { 0.0 } }
}

fn floored(degrees: f64) -> f64 {
    degrees.max(MIN_EFFECTIVE - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn part(variance: f64, degrees: f64, apart: f64, reach: f64) -> Part {
        Part { variance, degrees, apart, reach }
    }

    /// By hand: 4 and 1 with 10 and 20 degrees of freedom: 25 / (16 / 10 + 1 / 20).
    #[test]
    fn corpora_with_speakers_enough_add_up() {
        let found = together(&[part(4.0, 10.0, 1.0, 9.0), part(1.0, 20.0, 0.5, 9.0)], &[]);
        assert!((found.value - 5.0_f64.sqrt()).abs() < 1e-12, "{found:?}");
        assert!((found.degrees - 25.0 / 1.65).abs() < 1e-9, "{found:?}");
    }

    /// By hand: the others say D = 5 at x = 8, so u = 1/2; at x = 2 that is D = 2, of a part of 3.
    #[test]
    fn one_speaker_takes_what_the_others_say() {
        let parts = [part(10.0, 30.0, 2.0, 8.0), part(0.0, 0.0, 3.0, 2.0)];
        let found = top_up(&parts)[1];
        assert!((found.effect - 2.0).abs() < 1e-9, "{found:?}");
        // Half the inverse variance of u is 30 (8 / 5)^2, of D at x = 2 a fourth of that times D^2 = 4: 76.8 degrees.
        assert!((found.borrowed - 1.0 / (1.0 / 6.0 + 1.0 / 76.8)).abs() < 1e-6, "{found:?}");
        let found = together(&parts, &[]);
        assert!((found.value - 16.0_f64.sqrt()).abs() < 1e-9, "{found:?}");
    }

    /// Nobody says how unlike speakers are: nothing is borrowed, and the interval knows that it knows nothing.
    #[test]
    fn nothing_is_borrowed_where_nobody_tells() {
        let parts = [part(0.0, 0.0, 1.0, 5.0), part(0.0, 0.0, 1.0, 5.0)];
        assert_eq!(top_up(&parts)[0], Topped { effect: 1.0, degrees: 0.0, borrowed: 0.0 });
        assert!(together(&parts, &[]).degrees < 1.0);
    }

    proptest! {
        #[test]
        fn standard_errors_are_numbers(
            rows in prop::collection::vec((0.0_f64..5.0, 0.0_f64..30.0, 0.0_f64..2.0, 0.0_f64..400.0), 1..9),
        ) {
            let parts: Vec<Part> = rows.into_iter().map(|(v, d, a, x)| part(v, d.floor(), a, x)).collect();
            let found = together(&parts, &[(0.1, 50.0)]);
            prop_assert!(found.value.is_finite() && found.value > 0.0, "{found:?}");
            prop_assert!(found.degrees.is_finite() && found.degrees > 0.0, "{found:?}");
            for one in top_up(&parts) {
                prop_assert!(one.effect.is_finite() && one.effect >= 0.0 && one.borrowed <= ENOUGH, "{one:?}");
            }
        }
    }
}
