//! Mel-frequency cepstral coefficients: the orthonormal DCT-II of log-mel bands, as `librosa.feature.mfcc`.

use std::f64::consts::PI;

use crate::vector::{LANES, Row};

/// Coefficients that are summed at the same time.
const TOGETHER: usize = 4;

/// The first rows of the transform's matrix.
pub(crate) struct Cepstrum {
    /// For every [`TOGETHER`] coefficients their weights, band after band; those beyond the last coefficient are 0.
    matrix: Vec<Vec<[f32; TOGETHER]>>,
}

impl Cepstrum {
    pub(crate) fn new(coefficients: usize, bands: usize) -> Self {
        let n = bands as f64;
        let weight = |k: usize, band: usize| {
            let scale = if k == 0 { (1.0 / n).sqrt() } else { (2.0 / n).sqrt() };
            if k < coefficients { (scale * (PI * k as f64 * (band as f64 + 0.5) / n).cos()) as f32 } else { 0.0 }
        };
        let matrix = (0..coefficients)
            .step_by(TOGETHER)
            .map(|first| (0..bands).map(|band| std::array::from_fn(|index| weight(first + index, band))).collect())
            .collect();
        Self { matrix }
    }

    /// The coefficients of frames side by side: one row per band in, one per coefficient out.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub(crate) fn apply_rows(&self, log_mel: &[Row], out: &mut [Row]) {
        for (out, weights) in out.chunks_mut(TOGETHER).zip(&self.matrix) {
            let mut sums = [[0.0_f32; LANES]; TOGETHER];
            for (row, weights) in log_mel.iter().zip(weights) {
                for index in 0..TOGETHER {
                    for lane in 0..LANES {
                        sums[index][lane] += weights[index] * row[lane];
                    }
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_has_only_the_first_coefficient() {
        let mut out = vec![[0.0; LANES]; 19];
        Cepstrum::new(19, 64).apply_rows(&[[-30.0; LANES]; 64], &mut out);
        assert!((out[0][3] + 30.0 * 8.0).abs() < 1e-3);
        assert!(out[1..].iter().flatten().all(|value| value.abs() < 1e-3), "{out:?}");
    }

    #[test]
    fn the_transform_is_orthonormal() {
        let bands = 16;
        let input: Vec<Row> =
            (0..bands).map(|band| std::array::from_fn(|lane| ((band + lane) as f32 * 1.7).sin())).collect();
        let mut out = vec![[0.0; LANES]; bands];
        Cepstrum::new(bands, bands).apply_rows(&input, &mut out);
        for lane in 0..LANES {
            let energy = |rows: &[Row]| rows.iter().map(|row| row[lane] * row[lane]).sum::<f32>();
            assert!((energy(&input) - energy(&out)).abs() < 1e-5 * energy(&input));
        }
    }
}
