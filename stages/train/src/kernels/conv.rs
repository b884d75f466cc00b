//! Convolution over time as one product on overlapping rows.
//!
//! Every clip is copied once into a buffer where (kernel - 1) rows of zeros separate it from the next. There, the values
//! under the kernel at one position are `kernel * channels` neighbours in memory, so the whole batch is one matrix product
//! whose left rows overlap: no copy per kernel position, forward or backward. Rows that fall between clips are computed
//! and never read.

use super::matmul::{Matrix, Target, multiply};

/// Sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConvSize {
    /// Channels in.
    pub(crate) inputs: usize,
    /// Channels out.
    pub(crate) outputs: usize,
    /// Frames under the kernel, odd.
    pub(crate) kernel: usize,
    /// Frames between positions of the kernel.
    pub(crate) stride: usize,
}

impl ConvSize {
    /// Frames out of a clip of `frames` frames: position i is centred on frame i * stride.
    pub(crate) fn out_len(&self, frames: usize) -> usize {
        frames.div_ceil(self.stride)
    }
}

/// The padded input of a convolution and where its clips are.
#[derive(Debug)]
pub(crate) struct ConvInput {
    size: ConvSize,
    /// Padded rows of all clips, and zeros under the kernel at the last position.
    rows: Vec<f32>,
    /// First output row of each clip.
    out_starts: Vec<usize>,
    /// Output frames of each clip.
    out_lens: Vec<usize>,
    /// All output rows, those between clips included.
    out_rows: usize,
}

impl ConvInput {
    /// Lays out clips of `lens` frames that stand one after another in `frames`.
    pub(crate) fn new(size: ConvSize, frames: &[f32], lens: &[usize]) -> Self {
        let (width, pad) = (size.inputs, size.kernel / 2);
        let blocks: Vec<usize> = lens.iter().map(|len| (len + size.kernel - 1).div_ceil(size.stride)).collect();
        let out_rows: usize = blocks.iter().sum();
        let mut rows = vec![0.0; (out_rows * size.stride + size.kernel) * width];
        let (mut out_start, mut read) = (0, 0);
        let mut out_starts = Vec::with_capacity(lens.len());
        for (len, block) in lens.iter().zip(&blocks) {
            let write = (out_start * size.stride + pad) * width;
            rows[write..write + len * width].copy_from_slice(&frames[read..read + len * width]);
            read += len * width;
            out_starts.push(out_start);
            out_start += block;
        }
        Self { size, rows, out_starts, out_lens: lens.iter().map(|len| size.out_len(*len)).collect(), out_rows }
    }

    /// First row and number of rows of each clip in what [`forward`](Self::forward) returns.
    pub(crate) fn clips(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.out_starts.iter().copied().zip(self.out_lens.iter().copied())
    }

    /// Frames that each clip has after the convolution.
    pub(crate) fn out_lens(&self) -> &[usize] {
        &self.out_lens
    }

    /// The convolution with `weight` (kernel, inputs, outputs): `out_rows` rows, those between clips meaningless.
    pub(crate) fn forward(&self, weight: &[f32], threads: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.out_rows * self.size.outputs];
        let b = Matrix::new(weight, self.size.kernel * self.size.inputs, self.size.outputs);
        multiply(Target::new(&mut out, self.size.outputs), self.overlapping(), b, false, threads);
        out
    }

    /// Gradient of the weight, from the gradient of the output (zero between clips).
    pub(crate) fn weight_gradient(&self, gradient: &[f32], threads: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.size.kernel * self.size.inputs * self.size.outputs];
        let d = Matrix::new(gradient, self.out_rows, self.size.outputs);
        multiply(Target::new(&mut out, self.size.outputs), self.overlapping().transposed(), d, false, threads);
        out
    }

    /// Gradient of the input, clips one after another as they came in.
    pub(crate) fn input_gradient(&self, gradient: &[f32], weight: &[f32], lens: &[usize], threads: usize) -> Vec<f32> {
        let ConvSize { inputs, outputs, kernel, stride } = self.size;
        let mut padded = vec![0.0; self.rows.len()];
        let d = Matrix::new(gradient, self.out_rows, outputs);
        for tap in 0..kernel {
            let w = Matrix::new(&weight[tap * inputs * outputs..(tap + 1) * inputs * outputs], inputs, outputs);
            let target = Target::strided(&mut padded[tap * inputs..], stride * inputs);
            multiply(target, d, w.transposed(), true, threads);
        }
        let mut out = Vec::with_capacity(lens.iter().sum::<usize>() * inputs);
        for (start, len) in self.out_starts.iter().zip(lens) {
            let first = (start * stride + kernel / 2) * inputs;
            out.extend_from_slice(&padded[first..first + len * inputs]);
        }
        out
    }

    fn overlapping(&self) -> Matrix<'_> {
        let ConvSize { inputs, kernel, stride, .. } = self.size;
        Matrix::strided(&self.rows, 0, self.out_rows, kernel * inputs, stride * inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|index| (index as f32 * step).sin()).collect()
    }

    #[test]
    fn forward_and_gradients_follow_the_definition_clip_by_clip() {
        for (kernel, stride) in [(1, 1), (3, 1), (5, 1), (5, 2), (3, 3), (7, 4)] {
            let size = ConvSize { inputs: 3, outputs: 4, kernel, stride };
            let lens = [9, 4, 1];
            let frames = wave(14 * 3, 0.7);
            let weight = wave(kernel * 12, 1.3);
            let input = ConvInput::new(size, &frames, &lens);
            let out = input.forward(&weight, 1);
            // A random direction of the output's gradient; its inner product with the output is the function derived.
            let mut gradient = vec![0.0; out.len()];
            let mut expected_w = vec![0.0; weight.len()];
            let mut expected_x = vec![0.0; frames.len()];
            let (mut clip_start, mut count) = (0, 0);
            for ((row, out_len), len) in input.clips().zip(lens) {
                assert_eq!(out_len, size.out_len(len));
                for position in 0..out_len {
                    for o in 0..4 {
                        let g = (count as f32 * 0.9).cos();
                        count += 1;
                        gradient[(row + position) * 4 + o] = g;
                        let mut sum = 0.0;
                        for tap in 0..kernel {
                            let Some(t) = (position * stride + tap).checked_sub(kernel / 2).filter(|t| *t < len) else {
                                continue;
                            };
                            for i in 0..3 {
                                let (x, w) = ((clip_start + t) * 3 + i, (tap * 3 + i) * 4 + o);
                                sum += frames[x] * weight[w];
                                expected_w[w] += frames[x] * g;
                                expected_x[x] += weight[w] * g;
                            }
                        }
                        assert!((out[(row + position) * 4 + o] - sum).abs() < 1e-5);
                    }
                }
                clip_start += len;
            }
            let close = |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(close(&input.weight_gradient(&gradient, 1), &expected_w), "kernel {kernel}, stride {stride}");
            assert!(close(&input.input_gradient(&gradient, &weight, &lens, 1), &expected_x));
        }
    }
}
