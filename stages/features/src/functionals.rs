//! Statistics of frame features over a clip.
//!
//! Mean, standard deviation (of the clip as a population), minimum, maximum, percentiles (linear between neighbouring
//! ranks, as numpy's default), slope per second (least squares over the frames' times), and mean and standard deviation
//! of the derivative per frame.

use crate::delta::Deltas;
use crate::params::Functionals;

const QUARTILES: [u32; 3] = [25, 50, 75];

/// What is computed of each feature, and the buffers for it.
pub(crate) struct Statistics {
    percentiles: Vec<u32>,
    deltas: Option<Deltas>,
    hop_s: f64,
    column: Vec<f32>,
    times: Vec<f64>,
    sorted: Vec<f32>,
    derivative: Vec<f32>,
}

/// Names of the statistics of one feature, in the order of their values.
pub(crate) fn names(params: &Functionals) -> Vec<String> {
    let mut names: Vec<String> = ["mean", "sd", "min", "max"].map(str::to_owned).into();
    names.extend(QUARTILES.iter().map(|percentile| format!("q{percentile}")));
    names.extend(params.percentiles.iter().map(|percentile| format!("q{percentile:02}")));
    names.push("slope".to_owned());
    if params.deltas {
        names.extend(["delta_mean", "delta_sd"].map(str::to_owned));
    }
    names
}

impl Statistics {
    pub(crate) fn new(params: &Functionals, hop_s: f64) -> Self {
        Self {
            percentiles: QUARTILES.iter().chain(&params.percentiles).copied().collect(),
            deltas: params.deltas.then(Deltas::new),
            hop_s,
            column: Vec::new(),
            times: Vec::new(),
            sorted: Vec::new(),
            derivative: Vec::new(),
        }
    }

    /// Statistics of column `column` of `frames` (row after row, `width` values each), appended to `out`.
    ///
    /// With `only_where`, a second column, frames in which that one is 0 are left out; without any frame left, every
    /// statistic is 0.
    pub(crate) fn append(
        &mut self,
        frames: &[f32],
        width: usize,
        column: usize,
        only_where: Option<usize>,
        out: &mut Vec<f32>,
    ) {
        self.column.clear();
        self.times.clear();
        for (index, row) in frames.chunks_exact(width).enumerate() {
            if only_where.is_none_or(|flag| row[flag] != 0.0) {
                self.column.push(row[column]);
                self.times.push(index as f64 * self.hop_s);
            }
        }
        let moments = Moments::of(&self.column);
        out.extend([moments.mean as f32, moments.sd as f32]);
        self.sorted.clear();
        self.sorted.extend_from_slice(&self.column);
        self.sorted.sort_unstable_by(f32::total_cmp);
        out.extend([0.0, 1.0].map(|share| quantile(&self.sorted, share)));
        out.extend(self.percentiles.iter().map(|percentile| quantile(&self.sorted, f64::from(*percentile) / 100.0)));
        out.push(slope(&self.times, &self.column, moments.mean) as f32);
        if let Some(deltas) = &self.deltas {
            self.derivative.resize(self.column.len(), 0.0);
            deltas.apply(&self.column, 1, &mut self.derivative);
            let moments = Moments::of(&self.derivative);
            out.extend([moments.mean as f32, moments.sd as f32]);
        }
    }
}

struct Moments {
    mean: f64,
    sd: f64,
}

impl Moments {
    fn of(values: &[f32]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
        Self { mean, sd: variance.sqrt() }
    }
}

/// Value below which `share` of the sorted values lie, between ranks by proportion; 0 without values.
fn quantile(sorted: &[f32], share: f64) -> f32 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let position = share * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above]));
    (low + (high - low) * (position - below as f64)) as f32
}

/// Least-squares slope of values over times; 0 for fewer than two.
fn slope(times: &[f64], values: &[f32], mean: f64) -> f64 {
    let count = times.len().max(1) as f64;
    let middle = times.iter().sum::<f64>() / count;
    let spread: f64 = times.iter().map(|time| (time - middle).powi(2)).sum();
    let joint: f64 = times.iter().zip(values).map(|(time, value)| (time - middle) * (f64::from(*value) - mean)).sum();
    if spread > 0.0 { joint / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        Statistics::new(&Functionals::default(), 0.01).append(values, 1, 0, None, &mut out);
        out
    }

    #[test]
    fn a_line_has_known_statistics() {
        let line: Vec<f32> = (0..101).map(|t| 0.5 * t as f32).collect();
        let names = names(&Functionals::default());
        let values = of(&line);
        let value = |name: &str| values[names.iter().position(|found| found == name).expect(name)];
        assert_eq!(names.len(), values.len());
        assert_eq!(value("mean"), 25.0);
        assert!((value("sd") - 0.5 * (10_200.0_f32 / 12.0).sqrt()).abs() < 1e-4);
        assert_eq!((value("min"), value("max")), (0.0, 50.0));
        assert_eq!(
            (value("q10"), value("q25"), value("q50"), value("q75"), value("q90")),
            (5.0, 12.5, 25.0, 37.5, 45.0)
        );
        assert!((value("slope") - 50.0).abs() < 1e-4);
        assert!((value("delta_mean") - 0.5).abs() < 1e-5);
        assert!(value("delta_sd").abs() < 1e-5);
    }

    #[test]
    fn frames_that_do_not_count_are_left_out() {
        let frames = [100.0, 1.0, 999.0, 0.0, 300.0, 1.0];
        let mut out = Vec::new();
        Statistics::new(&Functionals::default(), 0.01).append(&frames, 2, 0, Some(1), &mut out);
        assert_eq!(out[..4], [200.0, 100.0, 100.0, 300.0]);
        out.clear();
        Statistics::new(&Functionals::default(), 0.01).append(&[5.0, 0.0], 2, 0, Some(1), &mut out);
        assert!(out.iter().all(|value| *value == 0.0), "{out:?}");
    }

    proptest! {
        #[test]
        fn statistics_are_finite_and_ordered(values in prop::collection::vec(-1e4f32..1e4, 1..200)) {
            let out = of(&values);
            prop_assert!(out.iter().all(|value| value.is_finite()));
            // min <= q10 <= q25 <= q50 <= q75 <= q90 <= max
            let order = [out[2], out[7], out[4], out[5], out[6], out[8], out[3]];
            prop_assert!(order.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", order);
            prop_assert!(out[2] - 1e-2 <= out[0] && out[0] <= out[3] + 1e-2);
        }
    }
}
