//! Statistics of frame features over a clip.
//!
//! Mean, standard deviation (of the clip as a population), minimum, maximum, percentiles (linear between neighbouring
//! ranks, as numpy's default), slope per second (least squares over the frames' times), and mean and standard deviation
//! of the derivative per frame.
//!
//! Sixteen features are worked on side by side, frame after frame: every sum and every comparison of a sorting network
//! is then one vector instruction or two for all of them.

use std::ops::Range;

use ser_audio::wide;

use crate::delta::Deltas;
use crate::feature_set::{Column, Summary, of_frames};
use crate::params::Functionals;
use crate::sorting;
use crate::vector::{LANES, Row};

const QUARTILES: [u32; 3] = [25, 50, 75];

/// Neighbouring columns that are summarised alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    columns: Range<usize>,
    summary: Summary,
    /// The column that says which frames count.
    only_where: Option<usize>,
}

/// The frame columns among `columns`, in as few runs as there can be.
pub(crate) fn runs(columns: &[Column]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, column) in of_frames(columns).enumerate() {
        match runs.last_mut() {
            Some(run) if run.summary == column.summary => run.columns.end = index + 1,
            _ => {
                let only_where = match column.summary {
                    Summary::StatisticsWhere(flag) => of_frames(columns).position(|other| other.name == flag),
                    Summary::Statistics | Summary::Mean | Summary::Nothing | Summary::Value => None,
                };
                runs.push(Run { columns: index..index + 1, summary: column.summary, only_where });
            }
        }
    }
    runs
}

/// Statistics asked for, and the buffers to compute them.
pub(crate) struct Statistics {
    percentiles: Vec<u32>,
    deltas: Option<Deltas>,
    hop_s: f64,
    rows: Vec<Row>,
    times: Vec<f64>,
    derivative: Vec<Row>,
    /// One row per statistic.
    values: Vec<Row>,
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
            rows: Vec::new(),
            times: Vec::new(),
            derivative: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The functionals of `frames` (row after row, `width` values each), run by run, appended to `out`.
    pub(crate) fn summarise(&mut self, frames: &[f32], width: usize, runs: &[Run], out: &mut Vec<f32>) {
        for Run { columns, summary, only_where } in runs {
            match summary {
                Summary::Nothing => {}
                Summary::Mean => {
                    let count = (frames.len() / width).max(1) as f32;
                    let mean = |column: usize| frames.iter().skip(column).step_by(width).sum::<f32>() / count;
                    out.extend(columns.clone().map(mean));
                }
                Summary::Statistics | Summary::StatisticsWhere(_) | Summary::Value => {
                    self.append(frames, width, columns.clone(), *only_where, out);
                }
            }
        }
    }

    /// Statistics of the columns `columns` of `frames` (row after row, `width` values each), appended to `out` column
    /// by column.
    ///
    /// With `only_where`, a further column, frames in which that one is 0 are left out; without any frame left, every
    /// statistic is 0.
    fn append(
        &mut self,
        frames: &[f32],
        width: usize,
        columns: Range<usize>,
        only_where: Option<usize>,
        out: &mut Vec<f32>,
    ) {
        for first in columns.clone().step_by(LANES) {
            let block = first..(first + LANES).min(columns.end);
            let lanes = block.len();
            self.gather(frames, width, block, only_where);
            wide(
                #[inline(always)]
                || self.evaluate(),
            );
            for lane in 0..lanes {
                out.extend(self.values.iter().map(|row| row[lane]));
            }
        }
    }

    /// The values of `columns` side by side, with their times.
    fn gather(&mut self, frames: &[f32], width: usize, columns: Range<usize>, only_where: Option<usize>) {
        self.rows.clear();
        self.times.clear();
        for (index, frame) in frames.chunks_exact(width).enumerate() {
            if only_where.is_none_or(|flag| frame[flag] != 0.0) {
                let mut row = [0.0; LANES];
                row[..columns.len()].copy_from_slice(&frame[columns.clone()]);
                self.rows.push(row);
                self.times.push(index as f64 * self.hop_s);
            }
        }
    }

    /// All statistics of what was gathered.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn evaluate(&mut self) {
        self.values.clear();
        let moments = Moments::of(&self.rows);
        self.values.extend([moments.mean.map(|mean| mean as f32), moments.sd()]);
        let slope = slope(&self.times, &self.rows, &moments.mean);
        let delta = self.deltas.as_ref().map(|deltas| {
            self.derivative.resize(self.rows.len(), [0.0; LANES]);
            deltas.apply_rows(&self.rows, &mut self.derivative);
            Moments::of(&self.derivative)
        });
        sorting::sort_columns(&mut self.rows);
        self.values.extend([0.0, 1.0].map(|share| quantile(&self.rows, share)));
        let shares = self.percentiles.iter().map(|percentile| f64::from(*percentile) / 100.0);
        self.values.extend(shares.map(|share| quantile(&self.rows, share)));
        self.values.push(slope);
        if let Some(moments) = delta {
            self.values.extend([moments.mean.map(|mean| mean as f32), moments.sd()]);
        }
    }
}

struct Moments {
    mean: [f64; LANES],
    variance: [f64; LANES],
}

impl Moments {
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn of(rows: &[Row]) -> Self {
        let count = rows.len().max(1) as f64;
        let mut sums = [0.0_f64; LANES];
        for row in rows {
            for lane in 0..LANES {
                sums[lane] += f64::from(row[lane]);
            }
        }
        let mean = sums.map(|sum| sum / count);
        let mut squares = [0.0_f64; LANES];
        for row in rows {
            for lane in 0..LANES {
                let difference = f64::from(row[lane]) - mean[lane];
                squares[lane] += difference * difference;
            }
        }
        Self { mean, variance: squares.map(|sum| sum / count) }
    }

    fn sd(&self) -> Row {
        self.variance.map(|variance| variance.sqrt() as f32)
    }
}

/// Values below which `share` of the sorted values lie, between ranks by proportion; 0 without values.
fn quantile(sorted: &[Row], share: f64) -> Row {
    let Some(last) = sorted.len().checked_sub(1) else { return [0.0; LANES] };
    let position = share * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = position - below as f64;
    std::array::from_fn(|lane| {
        let (low, high) = (f64::from(sorted[below][lane]), f64::from(sorted[above][lane]));
        (low + (high - low) * part) as f32
    })
}

/// Least-squares slopes of values over times; 0 for fewer than two.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
fn slope(times: &[f64], rows: &[Row], means: &[f64; LANES]) -> Row {
    let count = times.len().max(1) as f64;
    let middle = times.iter().sum::<f64>() / count;
    let spread: f64 = times.iter().map(|time| (time - middle).powi(2)).sum();
    if spread <= 0.0 {
        return [0.0; LANES];
    }
    let mut joint = [0.0_f64; LANES];
    for (time, row) in times.iter().zip(rows) {
        for lane in 0..LANES {
            joint[lane] += (time - middle) * (f64::from(row[lane]) - means[lane]);
        }
    }
    joint.map(|joint| (joint / spread) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        Statistics::new(&Functionals::default(), 0.01).append(values, 1, 0..1, None, &mut out);
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
        Statistics::new(&Functionals::default(), 0.01).append(&frames, 2, 0..1, Some(1), &mut out);
        assert_eq!(out[..4], [200.0, 100.0, 100.0, 300.0]);
        out.clear();
        Statistics::new(&Functionals::default(), 0.01).append(&[5.0, 0.0], 2, 0..1, Some(1), &mut out);
        assert!(out.iter().all(|value| *value == 0.0), "{out:?}");
    }

    proptest! {
        #[test]
        fn features_side_by_side_do_not_touch_each_other(
            values in prop::collection::vec(-1e4f32..1e4, 37..37 * 9), voiced in any::<u64>(),
        ) {
            let values: Vec<f32> = values.chunks_exact(37).flatten().copied().collect();
            let frames: Vec<f32> = values
                .chunks_exact(37)
                .enumerate()
                .flat_map(|(index, row)| row.iter().copied().chain([f32::from(u8::from(voiced >> index & 1 == 1))]))
                .collect();
            for only_where in [None, Some(37)] {
                let mut statistics = Statistics::new(&Functionals::default(), 0.01);
                let (mut together, mut apart) = (Vec::new(), Vec::new());
                statistics.append(&frames, 38, 0..37, only_where, &mut together);
                for column in 0..37 {
                    statistics.append(&frames, 38, column..column + 1, only_where, &mut apart);
                }
                prop_assert_eq!(together, apart);
            }
        }

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
