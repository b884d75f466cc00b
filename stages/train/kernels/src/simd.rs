//! The widest instructions of the machine, chosen at run time: with the call of `gemm` in `matmul`, all `unsafe` of the
//! workspace.
//!
//! Two things cannot be written without it. Code compiled for instructions that not every processor has may only be
//! called where they were detected: [`wide`] and [`product`] look first. And the inner loop of a matrix product reads
//! through pointers, because overlapping rows and bounds checks in registers do not go together: [`product`] compares
//! the largest index of each operand with its slice before the first pointer is made.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "instruction sets found at run time, and the inner loop of matrix products")
)]
#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

/// Columns of a panel of a packed matrix, see [`Isa::panel`]: two vectors of eight values, and of sixteen.
pub(crate) const NARROW_PANEL: usize = 16;
pub(crate) const WIDE_PANEL: usize = 32;

/// Instructions to compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Isa {
    /// What every processor of the target has.
    Portable,
    /// 256-bit vectors and fused multiply-add (x86-64-v3).
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors (x86-64-v4).
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best that this processor has.
    pub(crate) fn best() -> Self {
        Self::all().last().unwrap_or(Self::Portable)
    }

    /// All that this processor has, from the plainest to the widest.
    pub(crate) fn all() -> impl DoubleEndedIterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let found = {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            [Some(Self::Portable), avx2.then_some(Self::Avx2), avx512.then_some(Self::Avx512)]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let found = [Some(Self::Portable)];
        found.into_iter().flatten()
    }

    /// Columns of a panel of a packed matrix, two vectors of them; `None` where [`product`] does not compute on these
    /// instructions.
    pub(crate) fn panel(self) -> Option<usize> {
        match self {
            Self::Portable => None,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Some(NARROW_PANEL),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Some(WIDE_PANEL),
        }
    }
}

/// How many rows are best taken as one where each value is treated by its column: rows whose columns do not fill the widest
/// vectors leave no rest then.
pub(crate) fn rows_together(columns: usize) -> usize {
    const LANES: usize = 16;
    if columns.is_multiple_of(LANES) { 1 } else { LANES }
}

/// Runs `work` compiled for the widest instructions of the processor. `work` must be inlined into the closure to gain.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    wide_on(Isa::best(), work)
}

/// The same on `isa`, which must be one of [`Isa::all`] (others run as portable code).
#[inline(always)]
pub(crate) fn wide_on<R>(isa: Isa, work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if isa <= Isa::best() {
        match isa {
            Isa::Portable => {}
            // SAFETY: `Isa::best` has found the features that the function is compiled for.
            Isa::Avx2 => return unsafe { x86::avx2(work) },
            // SAFETY: the same.
            Isa::Avx512 => return unsafe { x86::avx512(work) },
        }
    }
    let _ = isa;
    work()
}

/// A left operand: element (i, l) at `offset + i * row_stride + l * column_stride`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) offset: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

/// A right operand in panels of [`Isa::panel`] columns, one after another: each holds `depth` rows of its columns, zeros
/// beyond the last column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right<'a> {
    pub(crate) panels: &'a [f32],
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

/// One past the last index of `offset + i * stride + j * stride` for counts and strides of i and j; counts from 1. Where it
/// is beyond all indices, the highest: no slice reaches there.
pub(crate) fn end(offset: usize, counts_and_strides: [(usize, usize); 2]) -> usize {
    let last = |(count, stride): (usize, usize)| (count - 1).saturating_mul(stride);
    counts_and_strides.into_iter().fold(offset.saturating_add(1), |end, part| end.saturating_add(last(part)))
}

/// `target[i * target_stride + j] (+)= sum over l of a(i, l) * b(l, j)` for `rows` rows, on the calling thread.
///
/// Every value is one chain of fused multiply-adds in the order of l, whatever the sizes: how rows and columns are
/// divided among calls changes no bit.
///
/// # Panics
///
/// Where an operand is smaller than the product, or `isa` has no product (see [`Isa::panel`]) or is not one of
/// [`Isa::all`].
pub(crate) fn product(
    isa: Isa,
    target: &mut [f32],
    target_stride: usize,
    rows: usize,
    a: Left<'_>,
    b: Right<'_>,
    accumulate: bool,
) {
    if rows == 0 || b.columns == 0 {
        return;
    }
    assert!(target_stride >= b.columns, "rows of the target overlap");
    let target_end = end(0, [(rows, target_stride), (b.columns, 1)]);
    assert!(target_end <= target.len(), "target ends at {target_end} of {}", target.len());
    if b.depth == 0 {
        if !accumulate {
            target.chunks_mut(target_stride).take(rows).for_each(|row| row[..b.columns].fill(0.0));
        }
        return;
    }
    let width = isa.panel().filter(|_| isa <= Isa::best());
    let width = width.unwrap_or_else(|| panic!("{isa:?} has no product here"));
    let panel = b.depth.saturating_mul(width);
    let panels_end = end(0, [(b.columns.div_ceil(width), panel), (panel, 1)]);
    assert!(panels_end <= b.panels.len(), "panels end at {panels_end} of {}", b.panels.len());
    let left_end = end(a.offset, [(rows, a.row_stride), (b.depth, a.column_stride)]);
    assert!(left_end <= a.data.len(), "left matrix ends at {left_end} of {}", a.data.len());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: `isa` was detected. All of `target`, `a` and `b` that a tile of the product touches lies below the ends
    // that were compared with the slices above: i < rows, l < depth, and columns in panels that exist.
    unsafe {
        match isa {
            Isa::Avx512 => x86::product_avx512(target, target_stride, rows, a, b, accumulate),
            _ => x86::product_avx2(target, target_stride, rows, a, b, accumulate),
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    use super::{Left, Right};

    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c")]
    pub(super) fn avx2<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
    pub(super) fn avx512<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Tiles of rows are computed panel by panel in blocks of so many tiles: a panel is read from the nearest cache by
    /// all but the first.
    const TILES_PER_BLOCK: usize = 4;

    /// `$product` divides the rows into tiles of at most `$rows` rows by two vectors; `$tile` computes one of exactly R.
    macro_rules! kernel {
        ($product:ident, $tile:ident, $features:literal, $vector:ty, $lanes:literal, $rows:literal, [$($count:literal)+],
         $zero:ident, $load:ident, $store:ident, $broadcast:ident, $multiply_add:ident) => {
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $product(
                target: &mut [f32],
                target_stride: usize,
                rows: usize,
                a: Left<'_>,
                b: Right<'_>,
                accumulate: bool,
            ) {
                const WIDTH: usize = 2 * $lanes;
                // Tiles of even height: a low last one would wait for its own results.
                let tiles = rows.div_ceil($rows);
                let first_row = |tile: usize| tile * rows / tiles;
                for block in (0..tiles).step_by(TILES_PER_BLOCK) {
                    for column in (0..b.columns).step_by(WIDTH) {
                        let wanted = (b.columns - column).min(WIDTH);
                        let panel = column * b.depth;
                        for tile in block..(block + TILES_PER_BLOCK).min(tiles) {
                            let row = first_row(tile);
                            let count = first_row(tile + 1) - row;
                            // A last, narrow tile goes through a copy: whole vectors would run over its end.
                            let mut narrow = [0.0_f32; $rows * WIDTH];
                            let at = row * target_stride + column;
                            if wanted < WIDTH && accumulate {
                                for (row, copy) in narrow.chunks_exact_mut(WIDTH).take(count).enumerate() {
                                    let from = at + row * target_stride;
                                    copy[..wanted].copy_from_slice(&target[from..from + wanted]);
                                }
                            }
                            // SAFETY: the caller of `product` has compared all ends; a narrow tile writes to its copy.
                            unsafe {
                                let (out, stride) = if wanted < WIDTH {
                                    (narrow.as_mut_ptr(), WIDTH)
                                } else {
                                    (target.as_mut_ptr().add(at), target_stride)
                                };
                                let left = a.data.as_ptr().add(a.offset + row * a.row_stride);
                                let right = b.panels.as_ptr().add(panel);
                                match count {
                                    $($count => $tile::<$count>(
                                        out, stride, left, a.row_stride, a.column_stride, right, b.depth, accumulate,
                                    ),)+
                                    _ => {}
                                }
                            }
                            if wanted < WIDTH {
                                for (row, copy) in narrow.chunks_exact(WIDTH).take(count).enumerate() {
                                    let to = at + row * target_stride;
                                    target[to..to + wanted].copy_from_slice(&copy[..wanted]);
                                }
                            }
                        }
                    }
                }
            }

            #[target_feature(enable = $features)]
            #[expect(clippy::too_many_arguments, reason = "registers, not a structure")]
            unsafe fn $tile<const R: usize>(
                out: *mut f32,
                stride: usize,
                left: *const f32,
                row_stride: usize,
                column_stride: usize,
                right: *const f32,
                depth: usize,
                accumulate: bool,
            ) {
                // SAFETY: see `product`.
                unsafe {
                    let mut sums: [[$vector; 2]; R] = [[$zero(); 2]; R];
                    if accumulate {
                        for (row, sums) in sums.iter_mut().enumerate() {
                            sums[0] = $load(out.add(row * stride));
                            sums[1] = $load(out.add(row * stride + $lanes));
                        }
                    }
                    // Rows in threes: one pointer and two multiples of the stride, which an address takes in, reach each.
                    let mut tops = [left; $rows / 3];
                    for (three, top) in tops.iter_mut().enumerate() {
                        *top = left.wrapping_add(3 * three * row_stride);
                    }
                    let mut right = right;
                    for _ in 0..depth {
                        let (low, high) = ($load(right), $load(right.add($lanes)));
                        for (row, sums) in sums.iter_mut().enumerate() {
                            let value = $broadcast(*tops[row / 3].add(row % 3 * row_stride));
                            sums[0] = $multiply_add(value, low, sums[0]);
                            sums[1] = $multiply_add(value, high, sums[1]);
                        }
                        for top in &mut tops {
                            *top = top.wrapping_add(column_stride);
                        }
                        right = right.wrapping_add(2 * $lanes);
                    }
                    for (row, sums) in sums.iter().enumerate() {
                        $store(out.add(row * stride), sums[0]);
                        $store(out.add(row * stride + $lanes), sums[1]);
                    }
                }
            }
        };
    }

    kernel!(
        product_avx512, tile_avx512, "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma", __m512, 16, 12,
        [1 2 3 4 5 6 7 8 9 10 11 12],
        _mm512_setzero_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps
    );
    kernel!(
        product_avx2, tile_avx2, "avx2,fma", __m256, 8, 6, [1 2 3 4 5 6],
        _mm256_setzero_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps
    );
}
