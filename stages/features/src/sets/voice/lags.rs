//! Correlations at neighbouring lags, side by side.

/// Products that are summed in single precision.
const SINGLE: usize = 64;

/// Sums of products of `piece` and as many values of `ahead`, from each of the first `LAGS` of these on.
///
/// `ahead` has as many values as [`room`] says: all of them, and what fills the last block of `piece`.
#[inline(always)]
pub(super) fn correlations<const LAGS: usize>(piece: &[f32], ahead: &[f32]) -> [f64; LAGS] {
    let mut sums = [0.0_f64; LAGS];
    for (piece, ahead) in piece.chunks(SINGLE).zip(ahead.windows(SINGLE + LAGS - 1).step_by(SINGLE)) {
        let mut part = [0.0_f32; LAGS];
        for (value, ahead) in piece.iter().zip(ahead.array_windows::<LAGS>()) {
            for lag in 0..LAGS {
                part[lag] += value * ahead[lag];
            }
        }
        for lag in 0..LAGS {
            sums[lag] += f64::from(part[lag]);
        }
    }
    sums
}

/// Values that the correlations of a piece of this length at so many lags are made of.
pub(super) fn room(length: usize, lags: usize) -> usize {
    length.next_multiple_of(SINGLE) + lags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lag_is_the_sum_of_its_products() {
        let values: Vec<f32> = (0..400).map(|n| ((n * n) as f32 * 0.37).sin()).collect();
        for length in [0, 1, 63, 64, 65, 200] {
            let (piece, ahead) = (&values[..length], &values[50..50 + room(length, 16)]);
            for (lag, found) in correlations::<16>(piece, ahead).into_iter().enumerate() {
                let products = piece.iter().zip(&ahead[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b));
                assert!((found - products.sum::<f64>()).abs() < 1e-4, "{length} values, lag {lag}");
            }
        }
    }
}
