//! Convolution over time as products on overlapping rows.
//!
//! Every clip is copied once into a buffer where (kernel - 1) rows of zeros separate it from the next. There, the values
//! under the kernel at one position are `kernel * channels` neighbours in memory, so that a convolution is a matrix
//! product whose left rows overlap: no copy per kernel position, forward or backward. The gradient of the input is a
//! convolution of the gradient of the output with the kernel turned round, and so the same kind of product.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::matmul::{Matrix, Packed, Target, multiply, multiply_packed};

/// Sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvSize {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Frames under the kernel, odd.
    pub kernel: usize,
    /// Frames between positions of the kernel.
    pub stride: usize,
}

impl ConvSize {
    /// Frames out of a clip of `frames` frames: position i is centred on frame i * stride.
    pub fn out_len(&self, frames: usize) -> usize {
        frames.div_ceil(self.stride)
    }

    /// The weight (kernel, inputs, outputs) as the right matrix of the convolution.
    pub fn matrix<'a>(&self, weight: &'a [f32]) -> Matrix<'a> {
        Matrix::new(weight, self.kernel * self.inputs, self.outputs)
    }

    /// The weight as the convolution of the gradient needs it: (kernel turned round, outputs, inputs).
    pub fn turned(&self, weight: &[f32]) -> Buffer {
        let Self { inputs, outputs, kernel, .. } = *self;
        let mut turned = Buffer::any(weight.len());
        for (tap, block) in turned.chunks_exact_mut(inputs * outputs).enumerate() {
            let from = &weight[(kernel - 1 - tap) * inputs * outputs..][..inputs * outputs];
            for (output, row) in block.chunks_exact_mut(inputs).enumerate() {
                for (input, value) in row.iter_mut().enumerate() {
                    *value = from[input * outputs + output];
                }
            }
        }
        turned
    }

    /// [`turned`](Self::turned) as a right matrix.
    pub fn turned_matrix<'a>(&self, turned: &'a [f32]) -> Matrix<'a> {
        Matrix::new(turned, self.kernel * self.outputs, self.inputs)
    }
}

/// The padded input of a convolution and where its clips are.
#[derive(Debug)]
pub struct ConvInput {
    size: ConvSize,
    /// Padded rows of all clips, and zeros under the kernel at the last position.
    rows: Buffer,
    /// Frames of each clip before the convolution.
    in_lens: Vec<usize>,
    /// Frames of each clip after it.
    out_lens: Vec<usize>,
    /// First position of each clip, counted over all positions, those between clips included.
    starts: Vec<usize>,
    positions: usize,
}

impl ConvInput {
    /// Lays out clips of `lens` frames that stand one after another in `frames`.
    pub fn new(size: ConvSize, frames: &[f32], lens: &[usize]) -> Self {
        let (width, pad) = (size.inputs, size.kernel / 2);
        let blocks: Vec<usize> = lens.iter().map(|len| (len + size.kernel - 1).div_ceil(size.stride)).collect();
        let positions: usize = blocks.iter().sum();
        let mut rows = Buffer::any((positions * size.stride + size.kernel) * width);
        let (mut start, mut read, mut written) = (0, 0, 0);
        let mut starts = Vec::with_capacity(lens.len());
        for (len, block) in lens.iter().zip(&blocks) {
            let write = (start * size.stride + pad) * width;
            rows[written..write].fill(0.0);
            written = write + len * width;
            rows[write..written].copy_from_slice(&frames[read..read + len * width]);
            read += len * width;
            starts.push(start);
            start += block;
        }
        rows[written..].fill(0.0);
        let out_lens = lens.iter().map(|len| size.out_len(*len)).collect();
        Self { size, rows, in_lens: lens.to_vec(), out_lens, starts, positions }
    }

    /// Frames that each clip has after the convolution.
    pub fn out_lens(&self) -> &[usize] {
        &self.out_lens
    }

    /// The convolution with a packed [`ConvSize::matrix`]: the output frames of all clips, one after another.
    pub fn forward(&self, weight: &Packed<'_>) -> Buffer {
        let outputs = self.size.outputs;
        let mut out = Buffer::any(self.out_lens.iter().sum::<usize>() * outputs);
        each_clip(&mut out, &self.out_lens, outputs, |index, clip| {
            let rows = self.overlapping(self.starts[index], self.out_lens[index]);
            multiply_packed(Target::new(clip, outputs), rows, weight, false);
        });
        out
    }

    /// Values of a gradient of the output as the methods below want it: rows of zeros around every clip, the clips at
    /// [`gradient_clips`](Self::gradient_clips).
    pub fn gradient_len(&self) -> usize {
        (self.lead() + self.positions) * self.size.outputs
    }

    /// First row and number of rows of each clip in a gradient of the output.
    pub fn gradient_clips(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.starts.iter().map(|start| start + self.lead()).zip(self.out_lens.iter().copied())
    }

    /// Gradient of the weight.
    pub fn weight_gradient(&self, gradient: &[f32]) -> Buffer {
        let outputs = self.size.outputs;
        let mut out = Buffer::any(self.size.kernel * self.size.inputs * outputs);
        let d = Matrix::strided(gradient, self.lead() * outputs, self.positions, outputs, outputs);
        multiply(Target::new(&mut out, outputs), self.overlapping(0, self.positions).transposed(), d, false);
        out
    }

    /// Writes the gradient of the input to `out`, clips one after another as they came in; `turned` is a packed
    /// [`ConvSize::turned_matrix`], `weight` what it was made of.
    pub fn input_gradient(&self, gradient: &[f32], weight: &[f32], turned: &Packed<'_>, out: &mut [f32]) {
        let ConvSize { inputs, outputs, kernel, stride } = self.size;
        if stride == 1 {
            each_clip(out, &self.in_lens, inputs, |index, clip| {
                let first = self.starts[index] + kernel / 2;
                let a = Matrix::strided(gradient, first * outputs, self.in_lens[index], kernel * outputs, outputs);
                multiply_packed(Target::new(clip, inputs), a, turned, false);
            });
            return;
        }
        // With a stride, each frame is under another subset of the kernel: tap by tap.
        let mut padded = Buffer::zeros(self.rows.len());
        let d = Matrix::strided(gradient, self.lead() * outputs, self.positions, outputs, outputs);
        for tap in 0..kernel {
            let w = Matrix::new(&weight[tap * inputs * outputs..(tap + 1) * inputs * outputs], inputs, outputs);
            multiply(Target::strided(&mut padded[tap * inputs..], stride * inputs), d, w.transposed(), true);
        }
        each_clip(out, &self.in_lens, inputs, |index, clip| {
            let first = (self.starts[index] * stride + kernel / 2) * inputs;
            clip.copy_from_slice(&padded[first..first + clip.len()]);
        });
    }

    /// Rows of zeros before the first clip of a gradient.
    fn lead(&self) -> usize {
        self.size.kernel - 1
    }

    fn overlapping(&self, start: usize, positions: usize) -> Matrix<'_> {
        let ConvSize { inputs, kernel, stride, .. } = self.size;
        Matrix::strided(&self.rows, start * stride * inputs, positions, kernel * inputs, stride * inputs)
    }
}

/// Does `work` to the rows of every clip, with its index; threads that have nothing else to do take some of the clips.
fn each_clip(rows: &mut [f32], lens: &[usize], width: usize, work: impl Fn(usize, &mut [f32]) + Send + Sync) {
    let mut rest = rows;
    let clips = lens.iter().map(|len| rest.split_off_mut(..len * width).unwrap_or_default()).enumerate();
    if rayon::current_num_threads() < 2 {
        clips.for_each(|(index, clip)| work(index, clip));
    } else {
        clips.collect::<Vec<_>>().into_par_iter().for_each(|(index, clip)| work(index, clip));
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
            let out = input.forward(&Packed::new(size.matrix(&weight)));
            // A random direction of the output's gradient; its inner product with the output is the function derived.
            let mut gradient = vec![0.0; input.gradient_len()];
            let mut expected_w = vec![0.0; weight.len()];
            let mut expected_x = vec![0.0; frames.len()];
            let (mut clip_start, mut count) = (0, 0);
            for ((row, out_len), len) in input.gradient_clips().zip(lens) {
                assert_eq!(out_len, size.out_len(len));
                for position in 0..out_len {
                    for o in 0..4 {
                        let g = (count as f32 * 0.9).cos();
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
                        assert!((out[count] - sum).abs() < 1e-5, "kernel {kernel}, stride {stride}");
                        count += 1;
                    }
                }
                clip_start += len;
            }
            assert_eq!(count, out.len());
            let close = |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(close(&input.weight_gradient(&gradient), &expected_w), "kernel {kernel}, stride {stride}");
            let turned = size.turned(&weight);
            let turned = Packed::new(size.turned_matrix(&turned));
            let mut found = vec![0.0; frames.len()];
            input.input_gradient(&gradient, &weight, &turned, &mut found);
            assert!(close(&found, &expected_x), "kernel {kernel}");
        }
    }
}
