//! Matrix products over slices: the only `unsafe` of the crate, behind checks of every index that is touched.
//!
//! The product comes from the `gemm` crate, which takes raw pointers and strides and chooses the instruction set at run
//! time. Strides are what makes a convolution a product: rows of the left matrix may overlap.

use gemm::Parallelism;

/// A matrix that lies in a slice: element (i, j) at `offset + i * row_stride + j * column_stride`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    offset: usize,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` x `columns` values, row after row.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { data, offset: 0, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Rows that begin `row_stride` values apart; they may overlap.
    pub(crate) fn strided(data: &'a [f32], offset: usize, rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { data, offset, rows, columns, row_stride, column_stride: 1 }
    }

    /// Rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
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
        self.offset + (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// Where a product goes: rows of `row_stride` values in a slice.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    data: &'a mut [f32],
    row_stride: usize,
}

impl<'a> Target<'a> {
    /// Rows that follow each other without gap.
    pub(crate) fn new(data: &'a mut [f32], columns: usize) -> Self {
        Self { data, row_stride: columns }
    }

    /// Rows that begin `row_stride` values apart, at least as far as they are wide.
    pub(crate) fn strided(data: &'a mut [f32], row_stride: usize) -> Self {
        Self { data, row_stride }
    }
}

/// `target = a * b`, or `target += a * b` where `accumulate`, on at most `threads` threads.
///
/// # Panics
///
/// Where the matrices do not fit each other or their slices: shapes are fixed by the model, so that is a defect of this
/// crate and never a matter of input.
pub(crate) fn multiply(
    Target { data: target, row_stride }: Target<'_>,
    a: Matrix<'_>,
    b: Matrix<'_>,
    accumulate: bool,
    threads: usize,
) {
    assert_eq!(a.columns, b.rows, "inner sizes of a matrix product");
    if a.rows == 0 || b.columns == 0 {
        return;
    }
    assert!(row_stride >= b.columns, "rows of the target overlap");
    let work = a.rows * a.columns * b.columns;
    if threads < 2 || work < 1 << 21 || a.rows < 2 * threads {
        multiply_here(target, row_stride, a, b, accumulate);
        return;
    }
    let per_thread = a.rows.div_ceil(threads);
    std::thread::scope(|scope| {
        for (index, data) in target.chunks_mut(per_thread * row_stride).take(threads).enumerate() {
            let first = index * per_thread;
            if first >= a.rows {
                break;
            }
            let part = Matrix { offset: a.offset + first * a.row_stride, rows: per_thread.min(a.rows - first), ..a };
            scope.spawn(move || multiply_here(data, row_stride, part, b, accumulate));
        }
    });
}

#[expect(unsafe_code, reason = "gemm takes raw pointers; every index it touches is checked right before")]
fn multiply_here(target: &mut [f32], row_stride: usize, a: Matrix<'_>, b: Matrix<'_>, accumulate: bool) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert!(a.end() <= a.data.len(), "left matrix ends at {} of {}", a.end(), a.data.len());
    assert!(b.end() <= b.data.len(), "right matrix ends at {} of {}", b.end(), b.data.len());
    let target_end = (m - 1) * row_stride + n;
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
    use super::*;

    fn naive(a: &Matrix<'_>, b: &Matrix<'_>) -> Vec<f32> {
        let at = |m: &Matrix<'_>, i: usize, j: usize| m.data[m.offset + i * m.row_stride + j * m.column_stride];
        (0..a.rows * b.columns)
            .map(|index| {
                let (i, j) = (index / b.columns, index % b.columns);
                (0..a.columns).map(|l| at(a, i, l) * at(b, l, j)).sum()
            })
            .collect()
    }

    #[test]
    fn overlapping_rows_and_transposes_agree_with_the_definition() {
        let x: Vec<f32> = (0..60).map(|value| ((value * 7) % 11) as f32 - 5.0).collect();
        let w: Vec<f32> = (0..40).map(|value| ((value * 5) % 13) as f32 - 6.0).collect();
        let a = Matrix::strided(&x, 2, 9, 8, 4);
        let b = Matrix::new(&w, 8, 5);
        for threads in [1, 2] {
            let mut out = vec![1.0; 45];
            multiply(Target::new(&mut out, 5), a, b, false, threads);
            assert_eq!(out, naive(&a, &b));
        }
        let d = Matrix::new(&x, 9, 5);
        let mut out = vec![0.0; 40];
        multiply(Target::new(&mut out, 5), a.transposed(), d, false, 1);
        assert_eq!(out, naive(&a.transposed(), &d));
        multiply(Target::new(&mut out, 5), a.transposed(), d, true, 1);
        assert_eq!(out, naive(&a.transposed(), &d).iter().map(|value| value * 2.0).collect::<Vec<_>>());
    }

    #[test]
    fn splitting_rows_over_threads_changes_nothing() {
        let a: Vec<f32> = (0..301 * 128).map(|value| (value as f32 * 0.37).sin()).collect();
        let b: Vec<f32> = (0..128 * 96).map(|value| (value as f32 * 0.11).cos()).collect();
        let product = |threads| {
            let mut out = vec![0.0; 301 * 96];
            multiply(Target::new(&mut out, 96), Matrix::new(&a, 301, 128), Matrix::new(&b, 128, 96), false, threads);
            out
        };
        let (one, three) = (product(1), product(3));
        assert!(one.iter().zip(&three).all(|(x, y)| (x - y).abs() < 1e-4));
    }

    #[test]
    #[should_panic(expected = "left matrix ends at")]
    fn reading_past_the_end_is_refused() {
        let mut out = vec![0.0; 4];
        multiply(Target::new(&mut out, 2), Matrix::new(&[1.0; 3], 2, 2), Matrix::new(&[1.0; 4], 2, 2), false, 1);
    }
}
