//! Small loops over slices, written so that the compiler can use vector instructions.
//!
//! Products and sums are never fused, and the order of additions is fixed: results do not depend on the machine.

/// Numbers worked on side by side where there are many: one 512-bit vector, or two or four smaller ones.
pub const LANES: usize = 16;

/// One number for each of [`LANES`] things.
pub type Row = [f32; LANES];

/// Numbers that [`transpose`] turns around.
pub(crate) const TILE: usize = 4;

/// Columns from rows. Small tiles at a time, large matrices change places in whole vectors.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn transpose(rows: [[f32; TILE]; TILE]) -> [[f32; TILE]; TILE] {
    let [a, b, c, d] = rows;
    [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]], [a[2], b[2], c[2], d[2]], [a[3], b[3], c[3], d[3]]]
}

/// Writes frames side by side, one row per feature, to rows of `width` values, as many as `frames` begins.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn spread(features: &[Row], frames: &mut [f32], width: usize) {
    let (tiles, rest) = features.as_chunks::<TILE>();
    for (part, frames) in frames.chunks_mut(TILE * width).enumerate() {
        for (tile, rows) in tiles.iter().enumerate() {
            let columns = rows.each_ref().map(|row| row.as_chunks::<TILE>().0[part]);
            for (frame, values) in frames.chunks_mut(width).zip(transpose(columns)) {
                frame[tile * TILE..][..TILE].copy_from_slice(&values);
            }
        }
        for (lane, frame) in frames.chunks_mut(width).enumerate() {
            for (value, row) in frame[tiles.len() * TILE..].iter_mut().zip(rest) {
                *value = row[part * TILE + lane];
            }
        }
    }
}

/// Running sums of a [`dot`] product.
const SUMS: usize = 8;

/// Sum of products of the common part of both slices.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let mut sums = [0.0_f32; SUMS];
    let (a_chunks, a_rest) = a.as_chunks::<SUMS>();
    let (b_chunks, b_rest) = b.as_chunks::<SUMS>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..SUMS {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    let quarters = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
    (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]) + rest
}

/// Sum of squares.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn energy(values: &[f32]) -> f32 {
    dot(values, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_summed_whole() {
        for length in 0..40 {
            let values: Vec<f32> = (1..=length).map(|value| value as f32).collect();
            let ones = vec![1.0; length];
            assert_eq!(dot(&values, &ones), (length * (length + 1) / 2) as f32);
        }
        assert_eq!(energy(&[3.0, 4.0]), 25.0);
    }
}
