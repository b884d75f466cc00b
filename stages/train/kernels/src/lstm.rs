//! One direction of an LSTM over a whole ragged batch.
//!
//! Clips come sorted by falling length and packed by time: all first frames, then all second frames of the clips that
//! have one, and so on. At each step the clips still running are the first rows, so no step is computed for a clip that
//! has ended. The products with the input are one for all steps, and so are those of the weight gradients; only the
//! product with the state is left in the loop. Gates in the order input, forget, cell, output (Hochreiter and
//! Schmidhuber 1997, with the forget gate of Gers et al. 2000).

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use std::ops::Range;

use super::buffer::Buffer;
use super::dense;
use super::matmul::{Matrix, Packed, Target, multiply_packed};
use super::simd::wide;
use super::vector::{sigmoid, tanh};

/// Where each time step stands in packed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// First row of each step, and the number of rows at the end.
    starts: Vec<usize>,
}

impl Packing {
    /// For clips of `lens` frames, sorted from the longest to the shortest.
    pub fn new(lens: &[usize]) -> Self {
        debug_assert!(lens.is_sorted_by(|a, b| a >= b), "clips are packed by falling length");
        let steps = lens.first().copied().unwrap_or(0);
        let mut starts = Vec::with_capacity(steps + 1);
        let (mut start, mut running) = (0, lens.len());
        for step in 0..steps {
            while running > 0 && lens[running - 1] <= step {
                running -= 1;
            }
            starts.push(start);
            start += running;
        }
        starts.push(start);
        Self { starts }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Number of steps of the longest clip.
    pub(crate) fn steps(&self) -> usize {
        self.starts.len() - 1
    }

    /// First row of `step`, and how many clips are running then.
    pub(crate) fn step(&self, step: usize) -> (usize, usize) {
        (self.starts[step], self.starts[step + 1] - self.starts[step])
    }

    /// Row of frame `step` of clip `clip`.
    pub fn row(&self, clip: usize, step: usize) -> usize {
        self.starts[step] + clip
    }

    /// Clips one after another, `columns` of their rows of `stride` values -> packed by time.
    pub fn pack(&self, values: &[f32], lens: &[usize], stride: usize, columns: Range<usize>) -> Buffer {
        let width = columns.len();
        let mut out = Buffer::any(self.rows() * width);
        self.each_row(lens, |clip_row, packed_row| {
            let from = &values[clip_row * stride..][columns.clone()];
            out[packed_row * width..(packed_row + 1) * width].copy_from_slice(from);
        });
        out
    }

    /// Packed by time -> `columns` of rows of `stride` values, clips one after another.
    pub fn unpack(&self, values: &[f32], lens: &[usize], out: &mut [f32], stride: usize, columns: Range<usize>) {
        let width = columns.len();
        self.each_row(lens, |clip_row, packed_row| {
            let to = &mut out[clip_row * stride..][columns.clone()];
            to.copy_from_slice(&values[packed_row * width..(packed_row + 1) * width]);
        });
    }

    fn each_row(&self, lens: &[usize], mut visit: impl FnMut(usize, usize)) {
        let mut row = 0;
        for (clip, len) in lens.iter().enumerate() {
            for step in 0..*len {
                visit(row, self.row(clip, step));
                row += 1;
            }
        }
    }
}

/// Weights of one direction of one layer.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// (inputs, 4 * hidden).
    pub input: &'a [f32],
    /// (hidden, 4 * hidden).
    pub state: &'a [f32],
    /// (4 * hidden).
    pub bias: &'a [f32],
    /// Size of the state.
    pub hidden: usize,
    /// Whether time runs from the last frame to the first.
    pub reverse: bool,
}

/// The weights of [`Cell`] as products of one pass need them, made ready once for all parts of a batch.
#[derive(Debug)]
pub struct PackedCell<'a> {
    input: Packed<'a>,
    state: Packed<'a>,
}

impl<'a> PackedCell<'a> {
    /// For [`forward`].
    pub fn forward(cell: Cell<'a>) -> Self {
        let (input, state) = cell.matrices();
        Self { input: Packed::new(input), state: Packed::new(state) }
    }

    /// For [`backward`].
    pub fn backward(cell: Cell<'a>) -> Self {
        let (input, state) = cell.matrices();
        Self { input: Packed::new(input.transposed()), state: Packed::new(state.transposed()) }
    }
}

impl<'a> Cell<'a> {
    fn matrices(self) -> (Matrix<'a>, Matrix<'a>) {
        let gates = 4 * self.hidden;
        (Matrix::new(self.input, self.input.len() / gates, gates), Matrix::new(self.state, self.hidden, gates))
    }
}

/// What the backward pass needs.
#[derive(Debug)]
pub struct Tape {
    /// State that each row started from (rows, hidden).
    before: Buffer,
    /// Cell that each row started from (rows, hidden).
    cell_before: Buffer,
    /// Gates after their non-linearity (rows, 4 * hidden).
    gates: Buffer,
    /// Hyperbolic tangent of the cell (rows, hidden).
    cell_tanh: Buffer,
}

/// Gradients of one direction.
#[derive(Debug)]
pub struct Gradients {
    /// Of the input weights.
    pub input: Buffer,
    /// Of the state weights.
    pub state: Buffer,
    /// Of the bias.
    pub bias: Buffer,
    /// Of the packed input (rows, inputs).
    pub x: Buffer,
}

/// Runs the direction over packed input `x` (rows, inputs); the output of each row (rows, hidden) comes first.
pub fn forward(cell: Cell<'_>, packed: &PackedCell<'_>, x: &[f32], packing: &Packing) -> (Buffer, Tape) {
    let (rows, h) = (packing.rows(), cell.hidden);
    let mut gates = dense::forward_packed(x, rows, &packed.input, cell.bias);
    let mut out = Buffer::any(rows * h);
    let mut before = Buffer::any(rows * h);
    let mut cell_before = Buffer::any(rows * h);
    let mut cell_tanh = Buffer::any(rows * h);
    let clips = if packing.steps() == 0 { 0 } else { packing.step(0).1 };
    let (mut state, mut memory) = (Buffer::zeros(clips * h), Buffer::zeros(clips * h));
    for index in 0..packing.steps() {
        let step = if cell.reverse { packing.steps() - 1 - index } else { index };
        let (start, running) = packing.step(step);
        let span = start * h..(start + running) * h;
        before[span.clone()].copy_from_slice(&state[..running * h]);
        cell_before[span.clone()].copy_from_slice(&memory[..running * h]);
        let gates = &mut gates[start * 4 * h..(start + running) * 4 * h];
        if index > 0 {
            multiply_packed(Target::new(gates, 4 * h), Matrix::new(&state, running, h), &packed.state, true);
        }
        activate(gates, &mut memory, &mut state, &mut cell_tanh[span.clone()], h);
        out[span].copy_from_slice(&state[..running * h]);
    }
    (out, Tape { before, cell_before, gates, cell_tanh })
}

/// One step: gates through their non-linearities, cell and state renewed.
fn activate(gates: &mut [f32], memory: &mut [f32], state: &mut [f32], cell_tanh: &mut [f32], h: usize) {
    wide(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact_mut(4 * h).zip(memory.chunks_exact_mut(h));
            for (((gates, memory), state), cell_tanh) in
                rows.zip(state.chunks_exact_mut(h)).zip(cell_tanh.chunks_exact_mut(h))
            {
                activate_row(gates, memory, state, cell_tanh, h);
            }
        },
    );
}

/// A loop for each few of the slices: with all of them in one, the compiler gives up telling which overlap.
#[inline(always)]
fn activate_row(gates: &mut [f32], memory: &mut [f32], state: &mut [f32], cell_tanh: &mut [f32], h: usize) {
    let (input, rest) = gates.split_at_mut(h);
    let (forget, rest) = rest.split_at_mut(h);
    let (candidate, output) = rest.split_at_mut(h);
    for gate in [&mut *input, &mut *forget, &mut *output] {
        for value in gate {
            *value = sigmoid(*value);
        }
    }
    for value in &mut *candidate {
        *value = tanh(*value);
    }
    for (((memory, input), forget), candidate) in memory.iter_mut().zip(&*input).zip(&*forget).zip(&*candidate) {
        *memory = forget * *memory + input * candidate;
    }
    for (squashed, memory) in cell_tanh.iter_mut().zip(&*memory) {
        *squashed = tanh(*memory);
    }
    for ((state, output), squashed) in state.iter_mut().zip(&*output).zip(&*cell_tanh) {
        *state = output * squashed;
    }
}

/// Gradients, from that of the output; consumes the tape, whose gates become the gates' gradients.
pub fn backward(
    cell: Cell<'_>,
    packed: &PackedCell<'_>,
    x: &[f32],
    packing: &Packing,
    tape: Tape,
    gradient: &[f32],
) -> Gradients {
    let PackedCell { input: input_weight, state: state_weight } = packed;
    let (rows, h) = (packing.rows(), cell.hidden);
    let Tape { before, cell_before, mut gates, cell_tanh } = tape;
    let clips = if packing.steps() == 0 { 0 } else { packing.step(0).1 };
    // From the next step in the direction's time; zero for clips that are not running there.
    let (mut d_state, mut d_memory) = (Buffer::zeros(clips * h), Buffer::zeros(clips * h));
    for index in (0..packing.steps()).rev() {
        let step = if cell.reverse { packing.steps() - 1 - index } else { index };
        let (start, running) = packing.step(step);
        let span = start * h..(start + running) * h;
        let gates = &mut gates[start * 4 * h..(start + running) * 4 * h];
        let saved = Saved { cell_before: &cell_before[span.clone()], cell_tanh: &cell_tanh[span.clone()] };
        derive(gates, saved, &gradient[span], &d_state, &mut d_memory, h);
        if index > 0 {
            multiply_packed(Target::new(&mut d_state, h), Matrix::new(gates, running, 4 * h), state_weight, false);
        }
    }
    let ([input, state], bias) = dense::shared_weight_gradients([x, &before], &gates, rows, 4 * h);
    let mut d_x = Buffer::any(x.len());
    let inputs = x.len() / rows.max(1);
    multiply_packed(Target::new(&mut d_x, inputs), Matrix::new(&gates, rows, 4 * h), input_weight, false);
    Gradients { input, state, bias, x: d_x }
}

#[derive(Clone, Copy)]
struct Saved<'a> {
    cell_before: &'a [f32],
    cell_tanh: &'a [f32],
}

/// One step backward: gates become the gradients before their non-linearities, `d_memory` that of the cell before.
fn derive(gates: &mut [f32], saved: Saved<'_>, d_out: &[f32], d_state: &[f32], d_memory: &mut [f32], h: usize) {
    wide(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact_mut(4 * h).zip(saved.cell_before.chunks_exact(h));
            let rows = rows.zip(saved.cell_tanh.chunks_exact(h)).zip(d_out.chunks_exact(h));
            let rows = rows.zip(d_state.chunks_exact(h)).zip(d_memory.chunks_exact_mut(h));
            for (((((gates, cell_before), cell_tanh), d_out), d_state), d_memory) in rows {
                derive_row(gates, Saved { cell_before, cell_tanh }, d_out, d_state, d_memory, h);
            }
        },
    );
}

/// See [`activate_row`]. On the way `d_memory` is the gradient of the cell itself, and at the end that of the cell before.
#[inline(always)]
fn derive_row(gates: &mut [f32], saved: Saved<'_>, d_out: &[f32], d_state: &[f32], d_memory: &mut [f32], h: usize) {
    let (input, rest) = gates.split_at_mut(h);
    let (forget, rest) = rest.split_at_mut(h);
    let (candidate, output) = rest.split_at_mut(h);
    let outside = || d_out.iter().zip(d_state).zip(saved.cell_tanh);
    for ((d_memory, output), ((d_out, d_state), squashed)) in d_memory.iter_mut().zip(&*output).zip(outside()) {
        *d_memory += (d_out + d_state) * output * (1.0 - squashed * squashed);
    }
    for (output, ((d_out, d_state), squashed)) in output.iter_mut().zip(outside()) {
        *output = (d_out + d_state) * squashed * *output * (1.0 - *output);
    }
    for ((input, candidate), d_memory) in input.iter_mut().zip(candidate).zip(&*d_memory) {
        let (i, g) = (*input, *candidate);
        *input = d_memory * g * i * (1.0 - i);
        *candidate = d_memory * i * (1.0 - g * g);
    }
    for ((forget, d_memory), cell_before) in forget.iter_mut().zip(d_memory).zip(saved.cell_before) {
        let (f, d_c) = (*forget, *d_memory);
        *forget = d_c * cell_before * f * (1.0 - f);
        *d_memory = d_c * f;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_undone_by_unpacking() {
        let lens = [4, 2, 2, 1];
        let packing = Packing::new(&lens);
        assert_eq!(packing.rows(), 9);
        let values: Vec<f32> = (0..18).map(|value| value as f32).collect();
        let packed = packing.pack(&values, &lens, 2, 0..2);
        // First frames of the four clips: rows 0, 4, 6 and 8.
        assert_eq!(packed[..8], [0.0, 1.0, 8.0, 9.0, 12.0, 13.0, 16.0, 17.0]);
        let mut unpacked = vec![0.0; 18];
        packing.unpack(&packed, &lens, &mut unpacked, 2, 0..2);
        assert_eq!(unpacked, values);
        // One column of two, there and back.
        let column = packing.pack(&values, &lens, 2, 1..2);
        assert_eq!(column[..3], [1.0, 9.0, 13.0]);
        let mut unpacked = vec![0.0; 18];
        packing.unpack(&column, &lens, &mut unpacked, 2, 1..2);
        assert!(unpacked.chunks(2).zip(values.chunks(2)).all(|(a, b)| a == [0.0, b[1]]));
        assert_eq!(Packing::new(&[]).rows(), 0);
    }

    /// One unit, all weights zero but the biases: i = f = o = 1/2 and g = tanh(1), so the cell after n steps is
    /// tanh(1) * (1 - 2^-n) and the output half its hyperbolic tangent.
    #[test]
    fn a_cell_driven_by_its_bias_follows_the_closed_form() {
        for reverse in [false, true] {
            let bias = [0.0, 0.0, 1.0, 0.0];
            let cell = Cell { input: &[0.0; 4], state: &[0.0; 4], bias: &bias, hidden: 1, reverse };
            let lens = [3, 1];
            let packing = Packing::new(&lens);
            let (states, _) = forward(cell, &PackedCell::forward(cell), &[0.0; 4], &packing);
            let mut out = [0.0; 4];
            packing.unpack(&states, &lens, &mut out, 1, 0..1);
            let expected = |steps: i32| 0.5 * (1.0_f32.tanh() * (1.0 - 0.5_f32.powi(steps))).tanh();
            let steps = if reverse { [3, 2, 1, 1] } else { [1, 2, 3, 1] };
            for (out, steps) in out.iter().zip(steps) {
                assert!((out - expected(steps)).abs() < 1e-6, "reverse {reverse}: {out} after {steps} steps");
            }
        }
    }
}
