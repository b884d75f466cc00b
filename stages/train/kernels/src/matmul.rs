//! Matrix products over slices.
//!
//! Strides are what makes a convolution a product: rows of the left matrix may overlap. The right matrix is brought into
//! panels first ([`Packed`]), once for all products with it. Where [`simd`](super::simd) has no kernel for the processor,
//! the product comes from the `gemm` crate, which has one for every architecture.
//!
//! The parts of a batch are what is divided among threads first. A large product can be helped with by threads of the
//! current rayon pool that have nothing else to do: blocks of its rows go to them. No value depends on that.

use gemm::Parallelism;
use rayon::prelude::*;

use super::buffer::Buffer;
use super::simd::{self, Isa, Left, NARROW_PANEL, Right, WIDE_PANEL};

/// Depth of the right matrix that is packed at a time where it is used once: its panel and the part of the left matrix
/// under it fit the nearest cache.
const DEPTH_PER_BLOCK: usize = 256;

/// Rows of a product that threads take at a time: a multiple of the rows that all kernels compute together, and at least
/// as many as make about so many multiplications, far more than handing them over costs.
const ROWS_PER_BLOCK: usize = 48;
const PRODUCTS_PER_BLOCK: usize = 1 << 21;

/// A matrix that lies in a slice: element (i, j) at `offset + i * row_stride + j * column_stride`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    offset: usize,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` x `columns` values, row after row.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { data, offset: 0, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Rows that begin `row_stride` values apart; they may overlap.
    pub fn strided(data: &'a [f32], offset: usize, rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { data, offset, rows, columns, row_stride, column_stride: 1 }
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// One past the last index touched.
    fn end(&self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return self.offset;
        }
        simd::end(self.offset, [(self.rows, self.row_stride), (self.columns, self.column_stride)])
    }

    /// Rows `first` to `first + count`.
    fn some_rows(self, first: usize, count: usize) -> Self {
        Self { offset: self.offset + first * self.row_stride, rows: count, ..self }
    }

    /// Columns `first` to `first + count`.
    fn some_columns(self, first: usize, count: usize) -> Self {
        self.transposed().some_rows(first, count).transposed()
    }

    fn left(&self) -> Left<'a> {
        Left { data: self.data, offset: self.offset, row_stride: self.row_stride, column_stride: self.column_stride }
    }
}

/// Where a product goes: rows of `row_stride` values in a slice.
#[derive(Debug)]
pub struct Target<'a> {
    data: &'a mut [f32],
    row_stride: usize,
}

impl<'a> Target<'a> {
    /// Rows that follow each other without gap.
    pub fn new(data: &'a mut [f32], columns: usize) -> Self {
        Self { data, row_stride: columns }
    }

    /// Rows that begin `row_stride` values apart, at least as far as they are wide.
    pub fn strided(data: &'a mut [f32], row_stride: usize) -> Self {
        Self { data, row_stride }
    }
}

/// A right matrix made ready for many products.
#[derive(Debug)]
pub struct Packed<'a> {
    source: Matrix<'a>,
    isa: Isa,
    /// See [`Right`]; empty where the `gemm` crate multiplies.
    panels: Buffer,
}

impl<'a> Packed<'a> {
    /// Makes `source` ready.
    ///
    /// # Panics
    ///
    /// Where `source` is smaller than its sizes say.
    pub fn new(source: Matrix<'a>) -> Self {
        Self::on(Isa::best(), source)
    }

    fn on(isa: Isa, source: Matrix<'a>) -> Self {
        assert!(source.end() <= source.data.len(), "right matrix ends at {} of {}", source.end(), source.data.len());
        let panels = match isa.panel() {
            None => Buffer::any(0),
            Some(NARROW_PANEL) => panels_of::<NARROW_PANEL>(source),
            Some(_) => panels_of::<WIDE_PANEL>(source),
        };
        Self { source, isa, panels }
    }
}

/// Panels of `WIDTH` columns, one after another, zeros beyond the last column.
fn panels_of<const WIDTH: usize>(source: Matrix<'_>) -> Buffer {
    let Matrix { data, offset, rows, columns, row_stride, column_stride } = source;
    let mut panels = Buffer::any(columns.div_ceil(WIDTH) * rows * WIDTH);
    let (lines, _) = panels.as_chunks_mut::<WIDTH>();
    if column_stride == 1 {
        // Row after row, as it lies in memory.
        for row in 0..rows {
            let (whole, rest) = data[offset + row * row_stride..][..columns].as_chunks::<WIDTH>();
            let mut lines = lines[row..].iter_mut().step_by(rows);
            // In this order: a zip takes from its first part before it finds its second at an end.
            for (from, line) in whole.iter().zip(lines.by_ref()) {
                *line = *from;
            }
            if let Some(line) = lines.next() {
                line[..rest.len()].copy_from_slice(rest);
                line[rest.len()..].fill(0.0);
            }
        }
        return panels;
    }
    for (index, panel) in lines.chunks_exact_mut(rows.max(1)).enumerate() {
        let first = index * WIDTH;
        let wanted = WIDTH.min(columns - first);
        for (row, line) in panel.iter_mut().enumerate() {
            let from = offset + row * row_stride + first * column_stride;
            for (column, out) in line[..wanted].iter_mut().enumerate() {
                *out = data[from + column * column_stride];
            }
            line[wanted..].fill(0.0);
        }
    }
    panels
}

/// `target = a * b`, or `target += a * b` where `accumulate`.
///
/// # Panics
///
/// Where the matrices do not fit each other or their slices: shapes are fixed by the model, so that is a defect of this
/// crate and never a matter of input.
pub fn multiply(target: Target<'_>, a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
    multiply_each(&mut [(target, a)], b, accumulate);
}

/// [`multiply`] for each target and left matrix with the same right matrix, which is packed once for all of them.
///
/// # Panics
///
/// As [`multiply`] does.
pub fn multiply_each(pairs: &mut [(Target<'_>, Matrix<'_>)], b: Matrix<'_>, accumulate: bool) {
    multiply_each_on(Isa::best(), pairs, b, accumulate);
}

fn multiply_each_on(isa: Isa, pairs: &mut [(Target<'_>, Matrix<'_>)], b: Matrix<'_>, accumulate: bool) {
    for (_, a) in &*pairs {
        assert_eq!(a.columns, b.rows, "inner sizes of a matrix product");
    }
    // The gemm crate divides the depth by itself.
    let block = if isa.panel().is_some() { DEPTH_PER_BLOCK } else { b.rows.max(1) };
    for first in (0..b.rows.max(1)).step_by(block) {
        let depth = block.min(b.rows - first);
        let packed = Packed::on(isa, b.some_rows(first, depth));
        for (target, a) in &mut *pairs {
            let target = Target { data: &mut *target.data, row_stride: target.row_stride };
            multiply_packed(target, a.some_columns(first, depth), &packed, accumulate || first > 0);
        }
    }
}

/// The same with a right matrix that was packed before.
///
/// # Panics
///
/// As [`multiply`] does.
pub fn multiply_packed(target: Target<'_>, a: Matrix<'_>, b: &Packed<'_>, accumulate: bool) {
    assert_eq!(a.columns, b.source.rows, "inner sizes of a matrix product");
    let Target { data, row_stride } = target;
    let products_per_row = b.source.rows.saturating_mul(b.source.columns).max(1);
    let block = (PRODUCTS_PER_BLOCK / products_per_row).next_multiple_of(ROWS_PER_BLOCK).max(ROWS_PER_BLOCK);
    // What the gemm crate makes of a row may depend on how many others there are.
    let divisible = b.isa.panel().is_some() && a.rows > block && row_stride > 0;
    if !divisible || rayon::current_num_threads() < 2 {
        multiply_rows(Target { data, row_stride }, a, b, accumulate);
        return;
    }
    assert!(data.len() > (a.rows - 1) * row_stride, "target has {} values for {} rows", data.len(), a.rows);
    data.par_chunks_mut(block * row_stride).take(a.rows.div_ceil(block)).enumerate().for_each(|(index, data)| {
        let first = index * block;
        let a = a.some_rows(first, block.min(a.rows - first));
        multiply_rows(Target { data, row_stride }, a, b, accumulate);
    });
}

/// [`multiply_packed`] on the calling thread.
fn multiply_rows(target: Target<'_>, a: Matrix<'_>, b: &Packed<'_>, accumulate: bool) {
    let Target { data, row_stride } = target;
    if b.isa.panel().is_some() {
        let right = Right { panels: &b.panels, depth: b.source.rows, columns: b.source.columns };
        simd::product(b.isa, data, row_stride, a.rows, a.left(), right, accumulate);
    } else {
        multiply_portable(data, row_stride, a, b.source, accumulate);
    }
}

#[expect(unsafe_code, reason = "gemm takes raw pointers; every index it touches is checked right before")]
fn multiply_portable(target: &mut [f32], row_stride: usize, a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    if m == 0 || n == 0 {
        return;
    }
    assert!(row_stride >= n, "rows of the target overlap");
    assert!(a.end() <= a.data.len(), "left matrix ends at {} of {}", a.end(), a.data.len());
    assert!(b.end() <= b.data.len(), "right matrix ends at {} of {}", b.end(), b.data.len());
    let target_end = simd::end(0, [(m, row_stride), (n, 1)]);
    assert!(target_end <= target.len(), "target ends at {target_end} of {}", target.len());
    if k == 0 {
        if !accumulate {
            for row in target.chunks_mut(row_stride).take(m) {
                row[..n].fill(0.0);
            }
        }
        return;
    }
    // SAFETY: gemm reads lhs[i * lhs_rs + l * lhs_cs] and rhs[l * rhs_rs + j * rhs_cs] and reads or writes
    // dst[i * dst_rs + j] for i < m, j < n, l < k. The largest of these indices were compared with the lengths of the
    // slices above, all strides are non-negative, and `target` is borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.as_mut_ptr(),
            1,
            row_stride as isize,
            accumulate,
            a.data.as_ptr().add(a.offset),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr().add(b.offset),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn naive(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f64> {
        let at =
            |m: Matrix<'_>, i: usize, j: usize| f64::from(m.data[m.offset + i * m.row_stride + j * m.column_stride]);
        (0..a.rows * b.columns)
            .map(|index| {
                let (i, j) = (index / b.columns, index % b.columns);
                (0..a.columns).map(|l| at(a, i, l) * at(b, l, j)).sum()
            })
            .collect()
    }

    fn product(isa: Isa, target: Target<'_>, a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
        multiply_each_on(isa, &mut [(target, a)], b, accumulate);
    }

    fn random(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
        (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    /// Rounding of a sum of k products of values below 1 is below k^2 / 2^24 in any order.
    fn assert_close(found: &[f32], expected: &[f64], depth: usize, what: &str) {
        let tolerance = 1e-6 + (depth * depth) as f64 / f64::from(1 << 24);
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((f64::from(*found) - expected).abs() <= tolerance, "{what}[{index}]: {found}, {expected}");
        }
    }

    #[test]
    fn every_instruction_set_agrees_with_the_definition_on_random_shapes() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut shapes = vec![(1, 1, 1), (12, 32, 7), (13, 33, 600), (25, 64, 256), (6, 16, 257), (40, 8, 3)];
        shapes.extend((0..30).map(|_| (rng.random_range(1..40), rng.random_range(1..80), rng.random_range(1..300))));
        for (m, n, k) in shapes {
            let (a, b) = (random(&mut rng, (m + 3) * (k + 2)), random(&mut rng, (k + 2) * (n + 1)));
            let lefts = [
                Matrix::new(&a, m, k),
                Matrix::strided(&a, 2, m, k, k + 1),
                // Overlapping rows.
                Matrix::strided(&a, 1, m, k, 1),
                Matrix::new(&a, k, m).transposed(),
                Matrix::strided(&a, 0, k, m, 1).transposed(),
            ];
            let rights =
                [Matrix::new(&b, k, n), Matrix::new(&b, n, k).transposed(), Matrix::strided(&b, 1, k, n, n + 1)];
            for isa in Isa::all() {
                for (left, right) in lefts.iter().flat_map(|left| rights.iter().map(move |right| (left, right))) {
                    // In memory that ends where they end: a sanitizer sees the first value read beyond.
                    let (a, b) = (left.data[..left.end()].to_vec(), right.data[..right.end()].to_vec());
                    let (left, right) = (Matrix { data: &a, ..*left }, Matrix { data: &b, ..*right });
                    let what = format!("{isa:?} {m} x {k} x {n}");
                    let expected = naive(left, right);
                    let stride = n + 2;
                    let mut out = vec![0.5; (m - 1) * stride + n + 5];
                    let add = |out: &mut Vec<f32>, accumulate| {
                        product(isa, Target::strided(out, stride), left, right, accumulate);
                    };
                    add(&mut out, false);
                    let rows = |out: &[f32]| -> Vec<f32> {
                        out.chunks(stride).take(m).flat_map(|row| row[..n].to_vec()).collect()
                    };
                    assert_close(&rows(&out), &expected, k, &what);
                    add(&mut out, true);
                    let twice: Vec<f64> = expected.iter().map(|value| value * 2.0).collect();
                    assert_close(&rows(&out), &twice, 2 * k, &what);
                    // What lies between and behind the rows of the target is left alone.
                    assert!(
                        out.iter().enumerate().all(|(at, value)| at % stride < n && at / stride < m || *value == 0.5)
                    );
                }
            }
        }
    }

    #[test]
    fn how_rows_are_divided_among_calls_changes_no_bit() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let (a, b) = (random(&mut rng, 61 * 700), random(&mut rng, 700 * 70));
        let (left, right) = (Matrix::new(&a, 61, 700), Matrix::new(&b, 700, 70));
        for isa in Isa::all().filter(|isa| isa.panel().is_some()) {
            let mut whole = vec![0.0; 61 * 70];
            product(isa, Target::new(&mut whole, 70), left, right, false);
            for split in [1, 7, 24, 50] {
                let mut parts = vec![0.0; 61 * 70];
                let (upper, lower) = parts.split_at_mut(split * 70);
                product(isa, Target::new(upper, 70), left.some_rows(0, split), right, false);
                product(isa, Target::new(lower, 70), left.some_rows(split, 61 - split), right, false);
                assert!(whole == parts, "{isa:?}, split at {split}");
            }
        }
    }

    #[test]
    fn how_many_threads_there_are_changes_no_bit() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (m, n, k) = (431, 130, 300);
        let (a, b) = (random(&mut rng, m * k), random(&mut rng, k * n));
        for isa in Isa::all() {
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                let mut out = vec![0.0; (m - 1) * (n + 3) + n];
                let target = Target::strided(&mut out, n + 3);
                pool.install(|| product(isa, target, Matrix::new(&a, m, k), Matrix::new(&b, k, n), false));
                out
            };
            let alone = on(1);
            assert!(m * n * DEPTH_PER_BLOCK > 4 * PRODUCTS_PER_BLOCK, "the product is too small to be divided");
            assert!((2..5).all(|threads| on(threads) == alone), "{isa:?}");
        }
    }

    #[test]
    fn nothing_to_add_up_is_zero() {
        for isa in Isa::all() {
            let mut out = vec![3.0; 6];
            product(isa, Target::new(&mut out, 3), Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 3), true);
            assert_eq!(out, [3.0; 6]);
            product(isa, Target::new(&mut out, 3), Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 3), false);
            assert_eq!(out, [0.0; 6]);
            product(isa, Target::new(&mut [], 3), Matrix::new(&[], 0, 1), Matrix::new(&[1.0; 3], 1, 3), false);
        }
    }

    #[test]
    #[should_panic(expected = "left matrix ends at")]
    fn reading_past_the_end_is_refused() {
        let mut out = vec![0.0; 4];
        multiply(Target::new(&mut out, 2), Matrix::new(&[1.0; 3], 2, 2), Matrix::new(&[1.0; 4], 2, 2), false);
    }

    #[test]
    #[should_panic(expected = "right matrix ends at")]
    fn a_short_right_matrix_is_refused() {
        let mut out = vec![0.0; 4];
        multiply(Target::new(&mut out, 2), Matrix::new(&[1.0; 4], 2, 2), Matrix::new(&[1.0; 3], 2, 2), false);
    }

    #[test]
    #[should_panic(expected = "target ends at")]
    fn writing_past_the_end_is_refused() {
        let mut out = vec![0.0; 3];
        multiply(Target::new(&mut out, 2), Matrix::new(&[1.0; 4], 2, 2), Matrix::new(&[1.0; 4], 2, 2), false);
    }
}
