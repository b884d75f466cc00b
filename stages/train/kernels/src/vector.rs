//! Element-wise work in the widest instructions of the machine: exponentials, gates, masks of dropout.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::simd::{rows_together, wide};

/// e^x with a relative error below 2e-7 in [-87, 88]; saturates outside.
///
/// Cody-Waite reduction to |r| <= ln(2)/2, then the Taylor polynomial of degree 7 (its remainder is below 1e-8 there).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    // The low bits of the shifted value are n as an integer; the others fall out at the top.
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent, absolute error below 5e-7.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// Adds `more` to `sum`, value by value.
pub fn add(sum: &mut [f32], more: &[f32]) {
    wide(
        #[inline(always)]
        || {
            for (sum, more) in sum.iter_mut().zip(more) {
                *sum += more;
            }
        },
    );
}

/// `x` times the sigmoid of `by`, value by value.
pub fn gated(x: &[f32], by: &[f32], out: &mut [f32]) {
    wide(
        #[inline(always)]
        || {
            for ((x, by), out) in x.iter().zip(by).zip(out) {
                *out = x * sigmoid(*by);
            }
        },
    );
}

/// Gradients of `x` and `by` of [`gated`], from that of what it makes.
pub fn gate_gradients(gradient: &[f32], [x, by]: [&[f32]; 2], [d_x, d_by]: [&mut [f32]; 2]) {
    wide(
        #[inline(always)]
        || {
            for ((((gradient, x), by), d_x), d_by) in gradient.iter().zip(x).zip(by).zip(d_x).zip(d_by) {
                let gate = sigmoid(*by);
                *d_x = gradient * gate;
                *d_by = gradient * x * gate * (1.0 - gate);
            }
        },
    );
}

/// A stream of dropout decisions that depends on nothing but a seed and the position of a value.
///
/// Every implementation of the network draws the same mask, in whatever order it computes.
#[derive(Debug, Clone, Copy)]
pub struct Dropout {
    seed: u32,
    threshold: u32,
    scale: f32,
}

impl Dropout {
    /// Drops values with `probability` in [0, 1); `layer` tells the network's dropouts apart.
    pub fn new(seed: u64, layer: u32, probability: f64) -> Self {
        let seed = mix((seed as u32) ^ mix((seed >> 32) as u32 ^ layer.wrapping_mul(0x9e37_79b9)));
        Self { seed, threshold: (probability * f64::from(u32::MAX)) as u32, scale: (1.0 / (1.0 - probability)) as f32 }
    }

    /// What the value of column `column` in row `row` is multiplied by: 0, or 1 / (1 - probability).
    #[inline(always)]
    pub fn factor(&self, row: u32, column: u32) -> f32 {
        let word = mix(self.seed ^ row.wrapping_mul(0x85eb_ca6b).wrapping_add(column.wrapping_mul(0xc2b2_ae35)));
        if word < self.threshold { 0.0 } else { self.scale }
    }

    /// Whether nothing is ever dropped.
    pub fn is_identity(&self) -> bool {
        self.threshold == 0
    }

    /// Multiplies rows of `width` values by their factors; the first of them is row `first_row` of the batch.
    pub fn apply(&self, values: &mut [f32], width: usize, first_row: usize) {
        if self.is_identity() || width == 0 {
            return;
        }
        wide(
            #[inline(always)]
            || {
                for (row, values) in values.chunks_exact_mut(width).enumerate() {
                    for (column, value) in values.iter_mut().enumerate() {
                        *value *= self.factor((first_row + row) as u32, column as u32);
                    }
                }
            },
        );
    }

    /// The same, all rows of a clip alike, by the factors of the row that has the clip's number.
    pub fn apply_by_clip(&self, mut values: &mut [f32], width: usize, clip_of_row: &[u32]) {
        if self.is_identity() || width == 0 {
            return;
        }
        for rows in clip_of_row.chunk_by(|a, b| a == b) {
            let factors: Vec<f32> = (0..width as u32).map(|column| self.factor(rows[0], column)).collect();
            let factors = factors.repeat(rows_together(width));
            let values = values.split_off_mut(..rows.len() * width).unwrap_or_default();
            wide(
                #[inline(always)]
                || {
                    for values in values.chunks_mut(factors.len()) {
                        values.iter_mut().zip(&factors).for_each(|(value, factor)| *value *= factor);
                    }
                },
            );
        }
    }
}

/// The finaliser of MurmurHash3: every bit of the word reaches every other.
#[inline(always)]
fn mix(word: u32) -> u32 {
    let word = (word ^ (word >> 16)).wrapping_mul(0x85eb_ca6b);
    let word = (word ^ (word >> 13)).wrapping_mul(0xc2b2_ae35);
    word ^ (word >> 16)
}

#[cfg(test)]
mod tests {
    use super::super::simd::{Isa, wide_on};
    use super::*;

    #[test]
    fn exponential_and_gates_are_accurate() {
        for step in -8700..8800 {
            let x = step as f32 * 0.01;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) - expected).abs() <= 3e-7 * expected, "exp({x})");
            assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-f64::from(x)).exp())).abs() < 3e-7, "sigmoid({x})");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 5e-7, "tanh({x})");
        }
        assert!(exp(1e9).is_finite() && exp(-1e9) < 1e-37);
    }

    /// No instruction set fuses or reorders what is written down.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let x: Vec<f32> = (0..1000).map(|step| (step as f32 - 500.0) * 0.037).collect();
        let results: Vec<Vec<u32>> = Isa::all()
            .map(|isa| {
                let mut out = vec![0; x.len()];
                wide_on(
                    isa,
                    #[inline(always)]
                    || {
                        for (out, x) in out.iter_mut().zip(&x) {
                            *out = (exp(*x) + sigmoid(*x) * tanh(*x)).to_bits();
                        }
                    },
                );
                out
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    fn dropout_keeps_the_mean_and_depends_on_the_seed() {
        let dropped = |seed| {
            let mut values = vec![1.0_f32; 200 * 50];
            Dropout::new(seed, 3, 0.3).apply(&mut values, 50, 0);
            values
        };
        let values = dropped(7);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        // Standard error of the mean: sqrt(0.3 / 0.7 / 10000) = 0.0065.
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        assert_eq!(values, dropped(7));
        assert_ne!(values, dropped(8));
        // The second half of the batch by itself.
        let mut half = vec![1.0_f32; 100 * 50];
        Dropout::new(7, 3, 0.3).apply(&mut half, 50, 100);
        assert_eq!(values[100 * 50..], half);
        assert!(Dropout::new(1, 1, 0.0).is_identity());
    }
}
