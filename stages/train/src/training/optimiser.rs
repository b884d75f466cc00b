//! From gradients to steps. The state is plain vectors beside the weights, so that a checkpoint holds all of it.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use crate::net::Weights;
use crate::params::Optimizer;
use ser_kernels::simd::wide;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const MOMENTUM: f32 = 0.9;

/// A rule with its state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Optimiser {
    rule: Optimizer,
    weight_decay: f32,
    /// Running mean of the gradients (momentum for SGD), tensor by tensor.
    pub(crate) first: Vec<Vec<f32>>,
    /// Running mean of their squares; unused by SGD.
    pub(crate) second: Vec<Vec<f32>>,
}

impl Optimiser {
    /// A fresh state for `weights`.
    pub(crate) fn new(rule: Optimizer, weight_decay: f64, weights: &Weights) -> Self {
        let zeros: Vec<Vec<f32>> = weights.values.iter().map(|values| vec![0.0; values.len()]).collect();
        Self { rule, weight_decay: weight_decay as f32, first: zeros.clone(), second: zeros }
    }

    /// One step down `gradients`; `step` counts from 0. Tensors without gradient stay as they are.
    pub(crate) fn step(&mut self, weights: &mut Weights, gradients: &[Vec<f32>], learning_rate: f64, step: usize) {
        let t = (step + 1).min(1_000_000) as i32;
        let rates = Rates {
            rate: learning_rate as f32,
            correct_1: 1.0 / (1.0 - BETA_1.powi(t)),
            correct_2: 1.0 / (1.0 - BETA_2.powi(t)),
            decay: 0.0,
        };
        for (at, gradient) in gradients.iter().enumerate().filter(|(_, gradient)| !gradient.is_empty()) {
            let decay = if weights.specs[at].decays() { self.weight_decay } else { 0.0 };
            let rates = Rates { decay, ..rates };
            let (values, first, second) = (&mut weights.values[at], &mut self.first[at], &mut self.second[at]);
            wide(
                #[inline(always)]
                || match self.rule {
                    Optimizer::Sgd => momentum(rates, values, gradient, first),
                    Optimizer::Adam => adam::<false>(rates, values, gradient, first, second),
                    Optimizer::Adamw => adam::<true>(rates, values, gradient, first, second),
                },
            );
        }
    }
}

#[derive(Clone, Copy)]
struct Rates {
    rate: f32,
    /// What the running means are multiplied by, as they began at zero.
    correct_1: f32,
    correct_2: f32,
    decay: f32,
}

#[inline(always)]
fn momentum(rates: Rates, weights: &mut [f32], gradient: &[f32], first: &mut [f32]) {
    for ((weight, gradient), first) in weights.iter_mut().zip(gradient).zip(first) {
        *first = MOMENTUM * *first + (gradient + rates.decay * *weight);
        *weight -= rates.rate * *first;
    }
}

#[inline(always)]
fn adam<const DECOUPLED: bool>(
    rates: Rates,
    weights: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    for (((weight, gradient), first), second) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
        let gradient = if DECOUPLED { *gradient } else { gradient + rates.decay * *weight };
        *first = BETA_1 * *first + (1.0 - BETA_1) * gradient;
        *second = BETA_2 * *second + (1.0 - BETA_2) * gradient * gradient;
        if DECOUPLED {
            *weight -= rates.rate * rates.decay * *weight;
        }
        *weight -= rates.rate * (*first * rates.correct_1) / ((*second * rates.correct_2).sqrt() + EPSILON);
    }
}

/// Scales `gradients` down to a Euclidean norm of `limit` (0: leaves them); returns the norm before.
pub(crate) fn clip_norm(gradients: &mut [Vec<f32>], limit: f64) -> f64 {
    let square: f64 = gradients.iter().map(|values| sum_of_squares(values)).sum();
    let norm = square.sqrt();
    if limit > 0.0 && norm > limit {
        let scale = (limit / norm) as f32;
        gradients.iter_mut().flatten().for_each(|value| *value *= scale);
    }
    norm
}

fn sum_of_squares(values: &[f32]) -> f64 {
    /// Sums that run side by side, so that they can be computed in vectors.
    const LANES: usize = 16;
    let mut sums = [0.0_f64; LANES];
    wide(
        #[inline(always)]
        || {
            for values in values.chunks(LANES) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += f64::from(*value) * f64::from(*value);
                }
            }
        },
    );
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::net::Plan;
    use crate::params::Params;

    fn weights() -> Weights {
        Weights::init(&Plan::new(&Params::default(), 2, 0, 2), &mut ChaCha8Rng::seed_from_u64(0))
    }

    /// In the first step of Adam both corrections cancel: every weight moves by the learning rate against the sign of its
    /// gradient. AdamW takes `rate * decay * weight` off matrices first.
    #[test]
    fn the_first_step_has_a_closed_form() {
        for (rule, decay) in [(Optimizer::Adam, 0.0), (Optimizer::Adamw, 0.5)] {
            let before = weights();
            let mut after = before.clone();
            let gradients: Vec<Vec<f32>> =
                before.values.iter().map(|values| (0..values.len()).map(|at| at as f32 - 1.5).collect()).collect();
            Optimiser::new(rule, decay, &before).step(&mut after, &gradients, 0.01, 0);
            for ((spec, before), after) in before.specs.iter().zip(&before.values).zip(&after.values) {
                let decay = if spec.decays() { decay as f32 } else { 0.0 };
                for (at, (before, after)) in before.iter().zip(after).enumerate() {
                    let expected = before - 0.01 * decay * before - 0.01 * (at as f32 - 1.5).signum();
                    assert!((after - expected).abs() < 1e-6, "{}: {after}, expected {expected}", spec.name);
                }
            }
        }
    }

    #[test]
    fn momentum_adds_up() {
        let before = weights();
        let mut after = before.clone();
        let ones: Vec<Vec<f32>> = before.values.iter().map(|values| vec![1.0; values.len()]).collect();
        let mut sgd = Optimiser::new(Optimizer::Sgd, 0.0, &before);
        sgd.step(&mut after, &ones, 0.1, 0);
        sgd.step(&mut after, &ones, 0.1, 1);
        // 0.1 * (1 + 1.9)
        assert!((before.values[0][0] - after.values[0][0] - 0.29).abs() < 1e-6);
    }

    #[test]
    fn long_gradients_are_shortened_and_short_ones_left() {
        let mut gradients = vec![vec![3.0], vec![], vec![4.0]];
        assert!((clip_norm(&mut gradients, 10.0) - 5.0).abs() < 1e-9);
        assert_eq!(gradients[2], [4.0]);
        clip_norm(&mut gradients, 1.0);
        assert!((gradients[0][0] - 0.6).abs() < 1e-6 && (gradients[2][0] - 0.8).abs() < 1e-6);
    }
}
