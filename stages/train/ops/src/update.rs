//! From gradients to steps, and averages over steps, in place. All tensors are flat and without gradients of their own.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use burn::backend::Flex;
use burn::tensor::Tensor;
use ser_kernels::simd::wide;

use crate::Kernels;
use crate::operation::plain;
use crate::tensor::{change, contiguous, slice};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const MOMENTUM: f32 = 0.9;

/// How gradients become steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Adam with decoupled weight decay (betas 0.9 and 0.999).
    Adamw,
    /// Adam, weight decay as part of the gradient.
    Adam,
    /// Stochastic gradient descent with momentum 0.9.
    Sgd,
}

/// Numbers of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Learning rate.
    pub rate: f32,
    /// Weight decay.
    pub decay: f32,
    /// What the gradient is multiplied by first.
    pub scale: f32,
    /// What the running means are multiplied by, as they began at zero.
    correct_1: f32,
    correct_2: f32,
}

impl Rates {
    /// Of step `step`, counted from 0.
    pub fn new(rate: f32, decay: f32, scale: f32, step: usize) -> Self {
        let t = (step + 1).min(1_000_000) as i32;
        let (correct_1, correct_2) = (1.0 / (1.0 - BETA_1.powi(t)), 1.0 / (1.0 - BETA_2.powi(t)));
        Self { rate, decay, scale, correct_1, correct_2 }
    }
}

/// One step down `gradient`. `means` are running means of gradients (momentum for SGD) and of their squares (unused by
/// SGD), as the last step left them, zeros at first. Weights and means come back renewed.
pub fn update(
    kernels: Kernels,
    rule: Rule,
    rates: Rates,
    weights: Tensor<1>,
    gradient: Tensor<1>,
    means: [Tensor<1>; 2],
) -> (Tensor<1>, [Tensor<1>; 2]) {
    match kernels {
        Kernels::Own => own(rule, rates, weights, gradient, means),
        Kernels::Burn => portable(rule, rates, weights, gradient, means),
    }
}

/// `share * average + (1 - share) * values`.
pub fn follow(kernels: Kernels, average: Tensor<1>, values: Tensor<1>, share: f32) -> Tensor<1> {
    if kernels == Kernels::Burn {
        return average * share + values * (1.0 - share);
    }
    let values = contiguous(plain(values.into_dispatch()));
    let (average, ()) = change(plain(average.into_dispatch()), |average| {
        wide(
            #[inline(always)]
            || {
                for (average, value) in average.iter_mut().zip(slice(&values)) {
                    *average = share * *average + (1.0 - share) * value;
                }
            },
        );
    });
    Tensor::from_primitive::<Flex>(average)
}

/// Sum of the squares of `values`, in double precision where the kernels are own.
pub fn square_sum(kernels: Kernels, values: &Tensor<1>) -> f64 {
    /// Sums that run side by side, so that they can be computed in vectors.
    const LANES: usize = 16;
    if kernels == Kernels::Burn {
        return (values.clone() * values.clone()).sum().into_data().iter::<f32>().next().map_or(0.0, f64::from);
    }
    let values = contiguous(plain(values.clone().into_dispatch()));
    let mut sums = [0.0_f64; LANES];
    wide(
        #[inline(always)]
        || {
            for values in slice(&values).chunks(LANES) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += f64::from(*value) * f64::from(*value);
                }
            }
        },
    );
    sums.iter().sum()
}

fn own(
    rule: Rule,
    rates: Rates,
    weights: Tensor<1>,
    gradient: Tensor<1>,
    [first, second]: [Tensor<1>; 2],
) -> (Tensor<1>, [Tensor<1>; 2]) {
    let gradient = contiguous(plain(gradient.into_dispatch()));
    let gradient = slice(&gradient);
    let (weights, (first, second)) = change(plain(weights.into_dispatch()), |weights| {
        let (first, second) = change(plain(first.into_dispatch()), |first| {
            let (second, ()) = change(plain(second.into_dispatch()), |second| {
                wide(
                    #[inline(always)]
                    || match rule {
                        Rule::Sgd => momentum(rates, weights, gradient, first),
                        Rule::Adam => adam::<false>(rates, weights, gradient, first, second),
                        Rule::Adamw => adam::<true>(rates, weights, gradient, first, second),
                    },
                );
            });
            second
        });
        (first, second)
    });
    (Tensor::from_primitive::<Flex>(weights), [first, second].map(Tensor::from_primitive::<Flex>))
}

#[inline(always)]
fn momentum(rates: Rates, weights: &mut [f32], gradient: &[f32], first: &mut [f32]) {
    for ((weight, gradient), first) in weights.iter_mut().zip(gradient).zip(first) {
        *first = MOMENTUM * *first + (rates.scale * gradient + rates.decay * *weight);
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
        let gradient = rates.scale * gradient;
        let gradient = if DECOUPLED { gradient } else { gradient + rates.decay * *weight };
        *first = BETA_1 * *first + (1.0 - BETA_1) * gradient;
        *second = BETA_2 * *second + (1.0 - BETA_2) * gradient * gradient;
        if DECOUPLED {
            *weight -= rates.rate * rates.decay * *weight;
        }
        *weight -= rates.rate * (*first * rates.correct_1) / ((*second * rates.correct_2).sqrt() + EPSILON);
    }
}

fn portable(
    rule: Rule,
    rates: Rates,
    weights: Tensor<1>,
    gradient: Tensor<1>,
    [first, second]: [Tensor<1>; 2],
) -> (Tensor<1>, [Tensor<1>; 2]) {
    let gradient = gradient * rates.scale;
    let gradient = if rule == Rule::Adamw { gradient } else { gradient + weights.clone() * rates.decay };
    if rule == Rule::Sgd {
        let first = first * MOMENTUM + gradient;
        return (weights - first.clone() * rates.rate, [first, second]);
    }
    let first = first * BETA_1 + gradient.clone() * (1.0 - BETA_1);
    let second = second * BETA_2 + gradient.clone() * gradient * (1.0 - BETA_2);
    let weights = if rule == Rule::Adamw { weights.clone() - weights * (rates.rate * rates.decay) } else { weights };
    let root = (second.clone() * rates.correct_2).sqrt() + EPSILON;
    (weights - first.clone() * rates.correct_1 / root * rates.rate, [first, second])
}
