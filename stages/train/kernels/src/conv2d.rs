//! Convolution over time and frequency as products on patches.
//!
//! An image stands frame after frame, its bands in a frame, its channels in a band. What lies under the kernel at each
//! position of a few frames is laid out row by row (`im2col`) in memory that stays in a near cache, multiplied, and
//! forgotten: a batch's patches are never in memory together. The gradient of the input is a convolution of the gradient of
//! the output with the kernel turned round.

use std::ops::Range;

use super::buffer::Buffer;
use super::matmul::{Matrix, Packed, Target, multiply_packed};
use super::simd::wide;

/// Values that are copied at a time. What is copied too far is overwritten by what comes next; there is room behind the last.
const LANES: usize = 16;
/// Depth up to which several rows of the kernel are in one product.
const DEPTH: usize = 512;
/// Values of a block's patches and of its output, about: they fit a near cache together.
const BLOCK: usize = 1 << 16;

/// Sizes of a convolution. Its output has as many frames and bands as its input: there are zeros all around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dSize {
    /// Bands of the image.
    pub bands: usize,
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Frames and bands under the kernel, odd.
    pub kernel: [usize; 2],
    /// Frames and bands from one value under the kernel to the next, at least 1.
    pub dilation: [usize; 2],
}

impl Conv2dSize {
    /// Values of the weight (kernel frames, kernel bands, inputs, outputs).
    pub fn weight_len(&self) -> usize {
        self.kernel[0] * self.row() * self.outputs
    }

    /// Sizes of the convolution that leads a gradient back.
    #[must_use]
    pub fn turned(&self) -> Self {
        Self { inputs: self.outputs, outputs: self.inputs, ..*self }
    }

    /// The weight as [`turned`](Self::turned) wants it: (kernel frames and bands from their ends, outputs, inputs).
    pub fn turned_weight(&self, weight: &[f32]) -> Buffer {
        let Self { inputs, outputs, .. } = *self;
        let mut turned = Buffer::any(weight.len());
        let taps = weight.chunks_exact(inputs * outputs).rev();
        for (block, tap) in turned.chunks_exact_mut(inputs * outputs).zip(taps) {
            for (output, row) in block.chunks_exact_mut(inputs).enumerate() {
                for (input, value) in row.iter_mut().enumerate() {
                    *value = tap[input * outputs + output];
                }
            }
        }
        turned
    }

    /// The frames of a clip in blocks, each but the last a multiple of `multiple`.
    pub fn blocks(&self, frames: usize, multiple: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let depth = self.kernel_rows().map(|rows| rows.len() * self.row()).max().unwrap_or(0);
        let positions = (BLOCK / (depth + self.outputs).max(1)).clamp(64, 512);
        let step = (positions / (self.bands * multiple).max(1)).max(1) * multiple;
        (0..frames).step_by(step).map(move |start| start..frames.min(start + step))
    }

    /// Adds what a clip says of the gradient of the weight to `out`; `x` is the clip, `d` the gradient of its output.
    pub fn weight_gradient(&self, x: &[f32], d: &[f32], out: &mut [f32]) {
        let frame = self.bands * self.outputs;
        for frames in self.blocks(d.len() / frame.max(1), 1) {
            let positions = frames.len() * self.bands;
            let d = Packed::new(Matrix::new(&d[frames.start * frame..frames.end * frame], positions, self.outputs));
            let padded = self.padded(x, frames.clone());
            for rows in self.kernel_rows() {
                let depth = rows.len() * self.row();
                let target = &mut out[rows.start * self.row() * self.outputs..][..depth * self.outputs];
                let patches = self.patches(&padded, frames.len(), rows);
                let patches = Matrix::new(&patches, positions, depth).transposed();
                multiply_packed(Target::new(target, self.outputs), patches, &d, true);
            }
        }
    }

    /// Values under a row of the kernel.
    fn row(&self) -> usize {
        self.kernel[1] * self.inputs
    }

    /// The rows of the kernel that are in each product.
    fn kernel_rows(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = self.kernel[0];
        let step = (DEPTH / self.row().max(1)).clamp(1, count.max(1));
        (0..count).step_by(step).map(move |start| start..count.min(start + step))
    }

    /// Frames of zeros before and after a clip, and bands of zeros at both edges.
    fn padding(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.kernel[axis] / 2 * self.dilation[axis])
    }

    /// `frames` of a clip with all that the kernel reaches from there.
    fn padded(&self, clip: &[f32], frames: Range<usize>) -> Buffer {
        let [before, edge] = self.padding();
        let frame = self.bands * self.inputs;
        let (width, edge) = (frame + 2 * edge * self.inputs, edge * self.inputs);
        let count = frames.len() + 2 * before;
        let mut out = Buffer::any(count * width + LANES);
        for (index, out) in out.chunks_exact_mut(width).take(count).enumerate() {
            let place = (frames.start + index).checked_sub(before).map(|at| at * frame);
            match place.and_then(|start| clip.get(start..start + frame)) {
                Some(values) => {
                    out[..edge].fill(0.0);
                    out[edge..edge + frame].copy_from_slice(values);
                    out[edge + frame..].fill(0.0);
                }
                None => out.fill(0.0),
            }
        }
        out
    }

    /// What lies under `rows` of the kernel at each position of `frames` frames, position by position.
    fn patches(&self, padded: &[f32], frames: usize, rows: Range<usize>) -> Buffer {
        let Self { bands, inputs, kernel, dilation, .. } = *self;
        let width = (bands + 2 * self.padding()[1]) * inputs;
        // Neighbours are copied in one go.
        let (runs, run) = if dilation[1] == 1 { (1, kernel[1] * inputs) } else { (kernel[1], inputs) };
        let mut out = Buffer::any(frames * bands * rows.len() * self.row() + LANES);
        wide(
            #[inline(always)]
            || {
                let mut to = 0;
                for (frame, band) in (0..frames).flat_map(|frame| (0..bands).map(move |band| (frame, band))) {
                    for row in rows.clone() {
                        let from = (frame + row * dilation[0]) * width + band * inputs;
                        for from in (0..runs).map(|run| from + run * dilation[1] * inputs) {
                            for at in (0..run).step_by(LANES) {
                                out[to + at..to + at + LANES].copy_from_slice(&padded[from + at..from + at + LANES]);
                            }
                            to += run;
                        }
                    }
                }
            },
        );
        out
    }
}

/// A convolution with its weight.
#[derive(Debug)]
pub struct Conv2d<'a> {
    size: Conv2dSize,
    /// Rows of the kernel, and their weights.
    weights: Vec<(Range<usize>, Packed<'a>)>,
}

impl<'a> Conv2d<'a> {
    /// `weight` is (kernel frames, kernel bands, inputs, outputs).
    pub fn new(size: Conv2dSize, weight: &'a [f32]) -> Self {
        let row = size.row() * size.outputs;
        let packed = |rows: Range<usize>| {
            let matrix = Matrix::new(&weight[rows.start * row..rows.end * row], rows.len() * size.row(), size.outputs);
            (rows, Packed::new(matrix))
        };
        Self { size, weights: size.kernel_rows().map(packed).collect() }
    }

    /// Writes the output of `frames` of `clip` to `out`.
    pub fn forward(&self, clip: &[f32], frames: Range<usize>, out: &mut [f32]) {
        let size = self.size;
        let padded = size.padded(clip, frames.clone());
        for (rows, weight) in &self.weights {
            let patches = size.patches(&padded, frames.len(), rows.clone());
            let patches = Matrix::new(&patches, frames.len() * size.bands, rows.len() * size.row());
            multiply_packed(Target::new(out, size.outputs), patches, weight, rows.start > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|index| (index as f32 * step).sin()).collect()
    }

    /// Calls `each` with places of input, weight and output of every product.
    fn products(size: Conv2dSize, frames: usize, mut each: impl FnMut(usize, usize, usize)) {
        let Conv2dSize { bands, inputs, outputs, kernel, dilation } = size;
        let under = |at: usize, tap: usize, axis: usize, count: usize| {
            (at + tap * dilation[axis]).checked_sub(kernel[axis] / 2 * dilation[axis]).filter(|place| *place < count)
        };
        for (frame, band) in (0..frames).flat_map(|frame| (0..bands).map(move |band| (frame, band))) {
            for tap in 0..kernel[0] * kernel[1] {
                let Some(t) = under(frame, tap / kernel[1], 0, frames) else { continue };
                let Some(f) = under(band, tap % kernel[1], 1, bands) else { continue };
                for (i, o) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                    let [x, w] = [(t * bands + f) * inputs + i, (tap * inputs + i) * outputs + o];
                    each(x, w, (frame * bands + band) * outputs + o);
                }
            }
        }
    }

    /// Sizes small and large enough for several blocks and several products, with and without dilation.
    #[test]
    fn forward_and_gradients_follow_the_definition() {
        let sizes = [
            (5, 1, 3, [1, 1], [1, 1], 4),
            (6, 3, 5, [5, 3], [1, 1], 150),
            (7, 2, 4, [3, 5], [2, 1], 9),
            (4, 5, 3, [3, 3], [2, 2], 1),
            (3, 180, 2, [3, 3], [1, 2], 70),
        ];
        for (bands, inputs, outputs, kernel, dilation, frames) in sizes {
            let size = Conv2dSize { bands, inputs, outputs, kernel, dilation };
            let (x, weight) = (wave(frames * bands * inputs, 0.7), wave(size.weight_len(), 1.3));
            let d = wave(frames * bands * outputs, 0.9);
            let mut expected = [vec![0.0; d.len()], vec![0.0; x.len()], vec![0.0; weight.len()]];
            products(size, frames, |i, w, o| {
                expected[0][o] += x[i] * weight[w];
                expected[1][i] += weight[w] * d[o];
                expected[2][w] += x[i] * d[o];
            });
            let convolved = |size: Conv2dSize, weight: &[f32], clip: &[f32], multiple: usize| {
                let conv = Conv2d::new(size, weight);
                let row = size.bands * size.outputs;
                let mut out = vec![f32::NAN; frames * row];
                for block in size.blocks(frames, multiple) {
                    assert!(block.end == frames || block.len().is_multiple_of(multiple));
                    conv.forward(clip, block.clone(), &mut out[block.start * row..block.end * row]);
                }
                out
            };
            let mut gradient = vec![0.0; weight.len()];
            size.weight_gradient(&x, &d, &mut gradient);
            let back = convolved(size.turned(), &size.turned_weight(&weight), &d, 1);
            let found = [convolved(size, &weight, &x, 3), back, gradient];
            for (which, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() < 2e-3, "{size:?}, {which}: {found}, expected {expected}");
                }
            }
        }
    }
}
