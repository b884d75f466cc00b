//! Weights of the least cross-entropy on validation clips.
//!
//! For both means the cross-entropy is a convex function of the weights, which are at least 0 and add up to 1. It is
//! minimised by Frank-Wolfe steps in pairs (Lacoste-Julien and Jaggi, "On the Global Linear Convergence of Frank-Wolfe
//! Optimization Variants", NIPS 2015): weight moves from the member that most increases the loss to the one that most
//! decreases it, as far as the loss falls, until the gap of Frank and Wolfe, which bounds how far the loss is above its
//! minimum, is small. It starts at equal weights, and nothing is random.

use crate::params::Mean;
use crate::pool::{LEAST, logarithm, softmax};

/// Largest gap, in nats per clip, at which weights are done.
const GAP: f64 = 1e-9;
/// Steps after which they are done in any case.
const MOST_STEPS: usize = 2_000;
/// Halvings of the line search.
const HALVINGS: usize = 48;

/// Answers of all members for one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers<'a> {
    /// Probabilities of each class, of each member.
    pub members: Vec<&'a [f32]>,
    /// Position of the clip's emotion among the classes.
    pub truth: usize,
}

/// The weights of `members` members that minimise the cross-entropy of their `mean` over `clips`; equal without clips.
pub fn fit(mean: Mean, members: usize, clips: &[Answers<'_>]) -> Vec<f64> {
    let mut weights = vec![1.0 / members.max(1) as f64; members];
    let data = Data::of(mean, clips);
    for _ in 0..MOST_STEPS {
        let slope = data.slope(&weights);
        // Members that least and most increase the loss, the first of equals.
        let Some(to) = (0..members).min_by(|a, b| slope[*a].total_cmp(&slope[*b])) else { break };
        let counted = (0..members).rev().filter(|at| weights[*at] > 0.0);
        let Some(from) = counted.max_by(|a, b| slope[*a].total_cmp(&slope[*b])) else { break };
        let mean: f64 = weights.iter().zip(&slope).map(|(weight, slope)| weight * slope).sum();
        let gap = mean - slope[to];
        if gap <= GAP || to == from {
            break;
        }
        let moved = data.line_search(&weights, from, to);
        weights[to] += moved;
        weights[from] = if moved < weights[from] { weights[from] - moved } else { 0.0 };
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// What the slope of the loss needs of each clip.
struct Data {
    mean: Mean,
    clips: Vec<Clip>,
}

/// Of each member: the probability of the truth (arithmetic), or the logarithms of all (geometric).
struct Clip {
    truth: usize,
    members: Vec<Vec<f64>>,
}

impl Data {
    fn of(mean: Mean, clips: &[Answers<'_>]) -> Self {
        let member = |row: &&[f32], truth: usize| match mean {
            Mean::Arithmetic => vec![row.get(truth).map_or(LEAST, |value| f64::from(*value).max(LEAST))],
            Mean::Geometric => row.iter().map(|value| logarithm(f64::from(*value))).collect(),
        };
        let clip = |clip: &Answers<'_>| Clip {
            truth: clip.truth,
            members: clip.members.iter().map(|row| member(row, clip.truth)).collect(),
        };
        Self { mean, clips: clips.iter().map(clip).collect() }
    }

    /// Slope of the mean cross-entropy along the weight of each member.
    fn slope(&self, weights: &[f64]) -> Vec<f64> {
        let mut slope = vec![0.0; weights.len()];
        let count = self.clips.len().max(1) as f64;
        for clip in &self.clips {
            match self.mean {
                Mean::Arithmetic => {
                    let together: f64 =
                        weights.iter().zip(&clip.members).map(|(weight, truth)| weight * truth[0]).sum();
                    let each = slope.iter_mut().zip(&clip.members);
                    each.for_each(|(slope, truth)| *slope -= truth[0] / together / count);
                }
                Mean::Geometric => {
                    let classes = clip.members.first().map_or(0, Vec::len);
                    let logit = |class: usize| weights.iter().zip(&clip.members).map(|(w, logs)| w * logs[class]).sum();
                    let together = softmax((0..classes).map(logit).collect());
                    for (slope, logs) in slope.iter_mut().zip(&clip.members) {
                        let expected: f64 = together.iter().zip(logs).map(|(share, log)| share * log).sum();
                        *slope += (expected - logs.get(clip.truth).copied().unwrap_or(0.0)) / count;
                    }
                }
            }
        }
        slope
    }

    /// How much weight to move between two members: the loss is convex along the way, so the sign of its slope tells
    /// the side of its minimum.
    fn line_search(&self, weights: &[f64], from: usize, to: usize) -> f64 {
        let falls = |moved: f64| {
            let mut there = weights.to_vec();
            there[to] += moved;
            there[from] = (there[from] - moved).max(0.0);
            let slope = self.slope(&there);
            slope[to] < slope[from]
        };
        let (mut low, mut high) = (0.0, weights[from]);
        if falls(high) {
            return high;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if falls(middle) { low = middle } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pool::pool;

    const MEANS: [Mean; 2] = [Mean::Arithmetic, Mean::Geometric];

    fn loss(mean: Mean, weights: &[f64], clips: &[Answers<'_>]) -> f64 {
        let of = |clip: &Answers<'_>| -pool(mean, weights, &clip.members)[clip.truth].max(LEAST).ln();
        clips.iter().map(of).sum::<f64>() / clips.len() as f64
    }

    /// Members of the rows of one clip after another; its truth is the first class in every other clip.
    fn answers(rows: &[Vec<[f32; 3]>]) -> Vec<Answers<'_>> {
        let clips = rows.iter().enumerate();
        clips.map(|(at, rows)| Answers { members: rows.iter().map(|row| &row[..]).collect(), truth: at % 2 }).collect()
    }

    /// Of n clips the first member knows k, the second the others, and each rules nothing out: the best weight of the
    /// first is where the slopes of k ln(0.1 + 0.8 w) and (n - k) ln(0.9 - 0.8 w) meet.
    #[test]
    fn two_members_by_hand() {
        let (known, other) = (&[0.9_f32, 0.1][..], &[0.1_f32, 0.9][..]);
        let clip =
            |first: bool| Answers { members: if first { vec![known, other] } else { vec![other, known] }, truth: 0 };
        let clips = [clip(true), clip(true), clip(true), clip(false), clip(false)];
        let weights = fit(Mean::Arithmetic, 2, &clips);
        let expected = (0.9 * 3.0 - 0.1 * 2.0) / (0.8 * 5.0);
        assert!((weights[0] - expected).abs() < 1e-6, "{weights:?}, {expected}");
        // Geometrically the odds are 9 to the power of 2 w - 1, and best where they are 3 to 2.
        let weights = fit(Mean::Geometric, 2, &clips);
        let expected = f64::midpoint(1.0, 1.5_f64.ln() / 9.0_f64.ln());
        assert!((weights[0] - expected).abs() < 1e-6, "{weights:?}, {expected}");
    }

    #[test]
    fn a_member_that_is_always_worse_gets_nothing() {
        let (good, bad) = (&[0.8_f32, 0.2][..], &[0.3_f32, 0.7][..]);
        let clips = [Answers { members: vec![bad, good], truth: 0 }, Answers { members: vec![bad, good], truth: 0 }];
        for mean in MEANS {
            assert_eq!(fit(mean, 2, &clips), [0.0, 1.0]);
        }
    }

    #[test]
    fn without_anything_to_tell_them_apart_members_count_alike() {
        let row = &[0.6_f32, 0.4][..];
        for mean in MEANS {
            assert_eq!(fit(mean, 3, &[]), [1.0 / 3.0; 3]);
            let found = fit(mean, 3, &[Answers { members: vec![row; 3], truth: 1 }]);
            assert!(found.iter().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-12), "{found:?}");
        }
    }

    fn row() -> impl Strategy<Value = [f32; 3]> {
        [1_u16..1000, 0_u16..1000, 0_u16..1000].prop_map(|parts| {
            let sum = f32::from(parts[0]) + f32::from(parts[1]) + f32::from(parts[2]);
            parts.map(|part| f32::from(part) / sum)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_weights_on_a_grid_do_better(rows in prop::collection::vec(prop::collection::vec(row(), 3), 1..30)) {
            let clips = answers(&rows);
            for mean in MEANS {
                let weights = fit(mean, 3, &clips);
                prop_assert!(weights.iter().all(|weight| (0.0..=1.0).contains(weight)), "{weights:?}");
                prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{weights:?}");
                let found = loss(mean, &weights, &clips);
                for first in 0..=20 {
                    for second in 0..=20 - first {
                        let tried = [first, second, 20 - first - second].map(|part| f64::from(part) / 20.0);
                        let other = loss(mean, &tried, &clips);
                        prop_assert!(found <= other + 1e-7, "{mean:?}: {weights:?} {found}, {tried:?} {other}");
                    }
                }
            }
        }

        #[test]
        fn members_in_another_order_have_the_same_loss(
            rows in prop::collection::vec(prop::collection::vec(row(), 4), 1..20)
        ) {
            let clips = answers(&rows);
            let turned: Vec<Answers<'_>> = clips
                .iter()
                .map(|clip| Answers { members: clip.members.iter().rev().copied().collect(), truth: clip.truth })
                .collect();
            for mean in MEANS {
                let (one, other) = (fit(mean, 4, &clips), fit(mean, 4, &turned));
                prop_assert!((loss(mean, &one, &clips) - loss(mean, &other, &turned)).abs() < 1e-7);
            }
        }
    }
}
