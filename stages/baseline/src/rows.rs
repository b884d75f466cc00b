//! Rows that a model is fitted to, all at once or some at a time, so that they need not be in memory.

use ndarray::{Array2, ArrayView2};
use ser_schemas::functionals::Functionals;

use crate::scaling::Scaling;

/// Rows scaled at a time where not all are kept: a megabyte of each hundred functionals.
const BLOCK: usize = 1024;
/// Bytes of scaled rows that are kept; beyond them they are scaled anew whenever they are wanted.
const KEPT_BYTES: usize = 256 << 20;

/// Rows of equal width.
pub trait Rows {
    /// Number of rows, and of columns.
    fn dim(&self) -> (usize, usize);

    /// Hands over all rows in their order, some at a time, with the number of the first.
    fn each_block(&self, take: &mut dyn FnMut(usize, ArrayView2<'_, f64>));
}

impl Rows for Array2<f64> {
    fn dim(&self) -> (usize, usize) {
        self.dim()
    }

    fn each_block(&self, take: &mut dyn FnMut(usize, ArrayView2<'_, f64>)) {
        take(0, self.view());
    }
}

/// Functionals of clips, scaled.
pub(crate) struct Scaled<'a> {
    table: &'a Functionals,
    /// Rows of the table, each with its scaling.
    clips: Vec<(usize, &'a Scaling)>,
    kept: Option<Array2<f64>>,
}

impl<'a> Scaled<'a> {
    pub(crate) fn new(table: &'a Functionals, clips: Vec<(usize, &'a Scaling)>) -> Self {
        let mut rows = Self { table, clips, kept: None };
        let (count, width) = rows.dim();
        if count * width * size_of::<f64>() <= KEPT_BYTES {
            let mut kept = Array2::zeros((count, width));
            rows.fill(0, &mut kept);
            rows.kept = Some(kept);
        }
        rows
    }

    /// Fills `block` with the rows from `first` on.
    fn fill(&self, first: usize, block: &mut Array2<f64>) {
        for (mut row, (at, scaling)) in block.rows_mut().into_iter().zip(&self.clips[first..]) {
            row.iter_mut().zip(scaling.apply(self.table.row(*at))).for_each(|(cell, value)| *cell = value);
        }
    }
}

impl Rows for Scaled<'_> {
    fn dim(&self) -> (usize, usize) {
        (self.clips.len(), self.table.names.len())
    }

    fn each_block(&self, take: &mut dyn FnMut(usize, ArrayView2<'_, f64>)) {
        if let Some(kept) = &self.kept {
            return take(0, kept.view());
        }
        let (count, width) = self.dim();
        let mut block = Array2::zeros((BLOCK.min(count), width));
        for first in (0..count).step_by(BLOCK) {
            if count - first < block.nrows() {
                block = Array2::zeros((count - first, width));
            }
            self.fill(first, &mut block);
            take(first, block.view());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_kept_or_not() {
        let clips = 2 * BLOCK + 7;
        let table = Functionals {
            names: vec!["a".into(), "b".into()],
            clip_ids: (0..clips).map(|clip| clip.to_string()).collect(),
            values: (0..2 * clips).map(|value| (value % 37) as f32).collect(),
            variants: Vec::new(),
        };
        let scaling = Scaling { mean: vec![17.0, 18.0], sd: vec![9.0, 3.0] };
        let mut rows = Scaled::new(&table, (0..clips).rev().map(|at| (at, &scaling)).collect());
        let kept = rows.kept.take().expect("few rows are kept");
        assert_eq!(kept.dim(), rows.dim());
        let mut blocks = 0;
        rows.each_block(&mut |first, block| {
            blocks += 1;
            assert_eq!(block, kept.slice(ndarray::s![first..first + block.nrows(), ..]));
        });
        assert_eq!(blocks, 3);
    }
}
