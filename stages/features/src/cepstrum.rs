//! Mel-frequency cepstral coefficients: the orthonormal DCT-II of log-mel bands, as `librosa.feature.mfcc`.

use std::f64::consts::PI;

use crate::vector::dot;

/// The first rows of the transform's matrix.
pub(crate) struct Cepstrum {
    /// Row after row, `bands` values each.
    matrix: Vec<f32>,
    bands: usize,
}

impl Cepstrum {
    pub(crate) fn new(coefficients: usize, bands: usize) -> Self {
        let n = bands as f64;
        let matrix = (0..coefficients)
            .flat_map(|k| {
                let scale = if k == 0 { (1.0 / n).sqrt() } else { (2.0 / n).sqrt() };
                (0..bands).map(move |band| (scale * (PI * k as f64 * (band as f64 + 0.5) / n).cos()) as f32)
            })
            .collect();
        Self { matrix, bands }
    }

    /// The coefficients of one frame.
    pub(crate) fn apply(&self, log_mel: &[f32], out: &mut [f32]) {
        for (out, row) in out.iter_mut().zip(self.matrix.chunks_exact(self.bands)) {
            *out = dot(row, log_mel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_has_only_the_first_coefficient() {
        let mut out = vec![0.0; 20];
        Cepstrum::new(20, 64).apply(&[-30.0; 64], &mut out);
        assert!((out[0] + 30.0 * 8.0).abs() < 1e-3);
        assert!(out[1..].iter().all(|value| value.abs() < 1e-3), "{out:?}");
    }

    #[test]
    fn the_transform_is_orthonormal() {
        let bands = 16;
        let transform = Cepstrum::new(bands, bands);
        let input: Vec<f32> = (0..bands).map(|band| (band as f32 * 1.7).sin()).collect();
        let mut out = vec![0.0; bands];
        transform.apply(&input, &mut out);
        let (before, after) = (dot(&input, &input), dot(&out, &out));
        assert!((before - after).abs() < 1e-5 * before);
    }
}
