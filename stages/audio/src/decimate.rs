//! Fewer samples for analyses that look at low frequencies only.

use std::f64::consts::PI;

use crate::wide::wide;

/// Taps of the filter on either side of its centre, per sample left out.
const HALF_TAPS: usize = 4;
/// Cut-off as a share of the new Nyquist frequency.
const CUT_OFF: f64 = 0.9;
/// Products summed side by side, so that they can be one instruction.
const LANES: usize = 8;

/// Every `factor`-th sample of `samples`, after a low-pass (windowed sinc, -6 dB at 90 % of the new Nyquist frequency). The
/// first sample stays the first: there is no delay. For analysis, not for listening: what lies just above the new Nyquist
/// frequency is damped by some 10 dB only.
pub(crate) fn decimate(samples: &[f32], factor: usize) -> Vec<f32> {
    if factor <= 1 {
        return samples.to_vec();
    }
    let half = HALF_TAPS * factor;
    let taps = low_pass(factor, half);
    let mut padded = vec![0.0_f32; half];
    padded.extend_from_slice(samples);
    padded.resize(samples.len() + 2 * half, 0.0);
    let mut kept = vec![0.0_f32; samples.len().div_ceil(factor)];
    wide(
        #[inline(always)]
        || {
            for (value, near) in kept.iter_mut().zip(padded.windows(2 * half + 1).step_by(factor)) {
                *value = dot(&taps, near);
            }
        },
    );
    kept
}

/// Taps with a sum of 1.
fn low_pass(factor: usize, half: usize) -> Vec<f32> {
    let taps: Vec<f64> = (0..=2 * half)
        .map(|tap| {
            let n = tap as f64 - half as f64;
            let x = PI * CUT_OFF * n / factor as f64;
            let sinc = if n == 0.0 { 1.0 } else { x.sin() / x };
            sinc * (0.5 + 0.5 * (PI * n / (half + 1) as f64).cos())
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| (tap / sum) as f32).collect()
}

/// Sum of the products of two slices of one length.
#[expect(clippy::inline_always, reason = "must be compiled for the vector instructions of its caller")]
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: f64) -> Vec<f32> {
        (0..4_800).map(|n| (2.0 * PI * hz * f64::from(n) / rate).cos() as f32).collect()
    }

    #[test]
    fn low_tones_stay_in_place_and_high_ones_go() {
        let kept = decimate(&tone(1_000.0, 48_000.0), 6);
        assert_eq!(kept.len(), 800);
        let expected = tone(1_000.0, 8_000.0);
        assert!(kept[10..790].iter().zip(&expected[10..790]).all(|(a, b)| (a - b).abs() < 0.01));
        let gone = decimate(&tone(9_000.0, 48_000.0), 6);
        assert!(gone[10..790].iter().all(|sample| sample.abs() < 0.01));
    }

    #[test]
    fn a_factor_of_one_changes_nothing_and_short_input_is_no_trouble() {
        assert_eq!(decimate(&[0.5, 0.25], 1), [0.5, 0.25]);
        assert_eq!(decimate(&[1.0], 24).len(), 1);
        assert!(decimate(&[], 3).is_empty());
    }
}
