//! Derivatives over time: the slope (or curvature) of a polynomial fitted to the nine frames around each frame.
//!
//! A Savitzky-Golay filter of the derivative's own order, as `librosa.feature.delta` with `mode="interp"`: near the
//! ends the nearest complete fit is used, whose highest derivative is the same everywhere.

use crate::vector::{LANES, Row};

/// Frames that a polynomial is fitted to; fewer in shorter clips.
const WIDTH: usize = 9;

/// Filters for both orders, for clips of any length.
pub(crate) struct Deltas {
    /// By order (1, 2), then by half width (1 to 4): weights from the frame before to the frame after.
    kernels: [Vec<Vec<f32>>; 2],
}

impl Deltas {
    pub(crate) fn new() -> Self {
        let halves = 1..=WIDTH / 2;
        Self { kernels: [halves.clone().map(first_order).collect(), halves.map(second_order).collect()] }
    }

    /// Derivative of `order` (1 or 2) per frame of `values`, into `out` of the same length.
    ///
    /// Where there are fewer than nine frames, the largest odd number of them is used; with fewer than three, the
    /// derivative is 0.
    pub(crate) fn apply(&self, values: &[f32], order: usize, out: &mut [f32]) {
        let half = half_width(values.len());
        if half == 0 {
            out.fill(0.0);
            return;
        }
        let kernel = &self.kernels[order - 1][half - 1];
        let inner = values.len() - 2 * half;
        let targets = &mut out[half..half + inner];
        targets.fill(0.0);
        for (offset, weight) in kernel.iter().enumerate() {
            for (target, value) in targets.iter_mut().zip(&values[offset..]) {
                *target += weight * value;
            }
        }
        let (first, last) = (out[half], out[half + inner - 1]);
        out[..half].fill(first);
        out[half + inner..].fill(last);
    }

    /// First derivative per frame of many features side by side, as [`apply`](Self::apply) would compute each.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub(crate) fn apply_rows(&self, rows: &[Row], out: &mut [Row]) {
        let half = half_width(rows.len());
        if half == 0 {
            out.fill([0.0; LANES]);
            return;
        }
        let kernel = &self.kernels[0][half - 1];
        let inner = rows.len() - 2 * half;
        for (target, window) in out[half..half + inner].iter_mut().zip(rows.windows(kernel.len())) {
            let mut sums = [0.0; LANES];
            for (weight, row) in kernel.iter().zip(window) {
                for lane in 0..LANES {
                    sums[lane] += weight * row[lane];
                }
            }
            *target = sums;
        }
        let (first, last) = (out[half], out[half + inner - 1]);
        out[..half].fill(first);
        out[half + inner..].fill(last);
    }
}

/// The number of frames to either side that a fit over `count` frames uses at most.
fn half_width(count: usize) -> usize {
    (count.saturating_sub(1) / 2).min(WIDTH / 2)
}

/// Least-squares slope: `k / sum(k^2)`.
fn first_order(half: usize) -> Vec<f32> {
    let positions = positions(half);
    let squares: f64 = positions.iter().map(|k| k * k).sum();
    positions.iter().map(|k| (k / squares) as f32).collect()
}

/// Twice the quadratic term: `2 (k^2 - m) / sum((k^2 - m)^2)` with `m` the mean of `k^2`.
fn second_order(half: usize) -> Vec<f32> {
    let positions = positions(half);
    let mean = positions.iter().map(|k| k * k).sum::<f64>() / positions.len() as f64;
    let squares: f64 = positions.iter().map(|k| (k * k - mean).powi(2)).sum();
    positions.iter().map(|k| (2.0 * (k * k - mean) / squares) as f32).collect()
}

fn positions(half: usize) -> Vec<f64> {
    (0..=2 * half).map(|index| index as f64 - half as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_have_their_exact_derivatives_to_the_very_ends() {
        let deltas = Deltas::new();
        for length in 3..30 {
            let line: Vec<f32> = (0..length).map(|t| 3.0 * t as f32 - 7.0).collect();
            let parabola: Vec<f32> = (0..length).map(|t| 0.5 * (t * t) as f32).collect();
            let mut out = vec![f32::NAN; length];
            deltas.apply(&line, 1, &mut out);
            assert!(out.iter().all(|slope| (slope - 3.0).abs() < 1e-4), "{length}: {out:?}");
            deltas.apply(&parabola, 2, &mut out);
            assert!(out.iter().all(|curvature| (curvature - 1.0).abs() < 1e-3), "{length}: {out:?}");
        }
    }

    #[test]
    fn features_side_by_side_have_the_same_derivatives() {
        let deltas = Deltas::new();
        for length in 0..30 {
            let rows: Vec<Row> =
                (0..length).map(|t| std::array::from_fn(|lane| ((t * (lane + 3)) as f32).sin())).collect();
            let mut found = vec![[f32::NAN; LANES]; length];
            deltas.apply_rows(&rows, &mut found);
            for lane in 0..LANES {
                let column: Vec<f32> = rows.iter().map(|row| row[lane]).collect();
                let mut expected = vec![f32::NAN; length];
                deltas.apply(&column, 1, &mut expected);
                assert!(found.iter().map(|row| row[lane]).eq(expected), "{length} frames, feature {lane}");
            }
        }
    }

    #[test]
    fn clips_too_short_for_a_slope_have_none() {
        let deltas = Deltas::new();
        for length in 0..3 {
            let mut out = vec![f32::NAN; length];
            deltas.apply(&vec![5.0; length], 1, &mut out);
            assert_eq!(out, vec![0.0; length]);
        }
    }
}
