//! Small sums over slices, written so that the compiler can use vector instructions.

const LANES: usize = 8;

/// Sum of products of the common part of both slices.
///
/// Eight running sums: the order of additions is fixed, so the result does not depend on the machine.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let mut sums = [0.0_f32; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    let quarters = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
    (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]) + rest
}

/// Sum of squares.
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
