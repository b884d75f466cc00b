//! Mel-frequency cepstral coefficients: the orthonormal DCT-II of log-mel bands, as `librosa.feature.mfcc`.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delta::Deltas;
use crate::feature_set::{Block, Column, Columns, Compute, FeatureSet, FromLogMel};
use crate::framing::Framing;
use crate::mel::{floor_db, raise};
use crate::params::{Params, Problems};
use crate::vector::{LANES, Row};

/// Coefficients that are summed at the same time.
const TOGETHER: usize = 4;

/// Mel-frequency cepstral coefficients: orthonormal DCT-II of the log-mel bands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mfcc {
    /// Whether MFCC are frame features.
    pub on: bool,
    /// Number of coefficients, at most `log_mel.n_mels`.
    #[schemars(range(min = 1, max = 256))]
    pub n_mfcc: u32,
    /// Highest order of derivatives over time beside the coefficients: 0, 1 (delta) or 2 (delta and delta-delta).
    #[schemars(range(min = 0, max = 2))]
    pub deltas: u32,
    /// Floor of the log-mel bands below the clip's loudest, in decibels (librosa: 80); 0 for none.
    #[schemars(range(min = 0.0, max = 200.0))]
    pub top_db: f64,
}

impl Default for Mfcc {
    fn default() -> Self {
        Self { on: true, n_mfcc: 20, deltas: 0, top_db: 80.0 }
    }
}

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "mfcc"
    }

    fn about(&self) -> &'static str {
        "Orthonormal DCT-II of the log-mel bands, and its derivatives over nine frames, as `librosa.feature.mfcc` and \
         `librosa.feature.delta`."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        let Mfcc { on, n_mfcc, deltas, .. } = params.mfcc;
        let stems = [("mfcc", "dB"), ("mfcc_delta", "dB per frame"), ("mfcc_delta2", "dB per frame^2")];
        let stems = stems.into_iter().take(if on { 1 + deltas as usize } else { 0 });
        stems.flat_map(|(stem, unit)| Column::numbered(stem, n_mfcc as usize, unit)).collect()
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        let (Mfcc { on, n_mfcc, .. }, n_mels) = (&params.mfcc, params.log_mel.n_mels);
        if *on && *n_mfcc > n_mels {
            problems.add(
                "mfcc.n_mfcc",
                format!("{n_mfcc} coefficients cannot be computed from {n_mels} mel bands"),
                Some("lower `mfcc.n_mfcc` or raise `log_mel.n_mels`"),
            );
        }
    }

    fn compute(&self, params: &Params, _: &Framing) -> Compute {
        let (coefficients, bands) = (params.mfcc.n_mfcc as usize, params.log_mel.n_mels as usize);
        Compute::log_mel(Coefficients {
            count: coefficients,
            orders: params.mfcc.deltas as usize,
            top_db: params.mfcc.top_db,
            cepstrum: Cepstrum::new(coefficients, bands),
            deltas: Deltas::new(),
            floored: vec![[0.0; LANES]; bands],
            series: Vec::new(),
            derivative: Vec::new(),
        })
    }
}

struct Coefficients {
    count: usize,
    /// Highest order of derivatives.
    orders: usize,
    top_db: f64,
    cepstrum: Cepstrum,
    deltas: Deltas,
    floored: Vec<Row>,
    series: Vec<f32>,
    derivative: Vec<f32>,
}

impl FromLogMel for Coefficients {
    #[inline(always)]
    fn block(&mut self, bands: Block<'_>, loudest_db: f32, out: &mut [Row]) {
        raise(bands.rows, floor_db(loudest_db, self.top_db), &mut self.floored);
        self.cepstrum.apply_rows(&self.floored, &mut out[..self.count]);
    }

    #[inline(always)]
    fn finish(&mut self, columns: &mut Columns<'_>) {
        for order in 1..=self.orders {
            for coefficient in 0..self.count {
                self.series.clear();
                self.series.extend(columns.values(coefficient));
                self.derivative.resize(self.series.len(), 0.0);
                self.deltas.apply(&self.series, order, &mut self.derivative);
                columns.fill(order * self.count + coefficient, self.derivative.iter().copied());
            }
        }
    }
}

/// The first rows of the transform's matrix.
struct Cepstrum {
    /// For every [`TOGETHER`] coefficients their weights, band after band; those beyond the last coefficient are 0.
    matrix: Vec<Vec<[f32; TOGETHER]>>,
}

impl Cepstrum {
    fn new(coefficients: usize, bands: usize) -> Self {
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
    #[inline(always)]
    fn apply_rows(&self, log_mel: &[Row], out: &mut [Row]) {
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
