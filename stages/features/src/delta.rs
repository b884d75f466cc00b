//! Derivatives over time: the slope (or curvature) of a polynomial fitted to the nine frames around each frame.
//!
//! A Savitzky-Golay filter of the derivative's own order, as `librosa.feature.delta` with `mode="interp"`: near the ends
//! the nearest complete fit is used, whose highest derivative is the same everywhere.

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
        let half = (values.len().saturating_sub(1) / 2).min(WIDTH / 2);
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
    fn clips_too_short_for_a_slope_have_none() {
        let deltas = Deltas::new();
        for length in 0..3 {
            let mut out = vec![f32::NAN; length];
            deltas.apply(&vec![5.0; length], 1, &mut out);
            assert_eq!(out, vec![0.0; length]);
        }
    }
}
