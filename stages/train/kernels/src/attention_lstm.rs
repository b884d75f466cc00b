//! An LSTM whose forget and input gates are one gate of attention on the memory, over a whole ragged batch (Xie et al. 2019,
//! TASLP 27:1675).
//!
//! With the memory c and the state h of the step before, and the frame x:
//!
//! ```text
//! g = tanh(x W_g + h U_g + b_g)           candidate
//! o = sigmoid(x W_o + h U_o + b_o)        output gate
//! f = sigmoid(tanh(c M + m) V)            share of the memory that stays
//! c' = f * c + (1 - f) * g
//! h' = o * tanh(c')
//! ```
//!
//! Clips are packed by time as in [`lstm`](super::lstm): the products with the frames are one for all steps, and so are those
//! of the weight gradients; the products with state, memory and attention are left in the loop.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::buffer::Buffer;
use super::dense;
use super::lstm::Packing;
use super::matmul::{Matrix, Packed, Target, multiply_packed};
use super::simd::wide;
use super::vector::{sigmoid, tanh};

/// Weights of a layer; columns of the candidate come first, then those of the output gate.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// W, (inputs, 2 * hidden).
    pub input: &'a [f32],
    /// U, (hidden, 2 * hidden).
    pub state: &'a [f32],
    /// b, (2 * hidden).
    pub bias: &'a [f32],
    /// M, (hidden, attention).
    pub memory: &'a [f32],
    /// m, (attention).
    pub memory_bias: &'a [f32],
    /// V, (attention, hidden).
    pub gate: &'a [f32],
    /// Size of state and memory.
    pub hidden: usize,
}

/// The weights of [`Cell`] as products of one pass need them, made ready once for all parts of a batch.
#[derive(Debug)]
pub struct PackedCell<'a> {
    input: Packed<'a>,
    state: Packed<'a>,
    memory: Packed<'a>,
    gate: Packed<'a>,
}

impl<'a> PackedCell<'a> {
    /// For [`forward`].
    pub fn forward(cell: Cell<'a>) -> Self {
        let [input, state, memory, gate] = cell.matrices().map(Packed::new);
        Self { input, state, memory, gate }
    }

    /// For [`backward`].
    pub fn backward(cell: Cell<'a>) -> Self {
        let [input, state, memory, gate] = cell.matrices().map(|matrix| Packed::new(matrix.transposed()));
        Self { input, state, memory, gate }
    }
}

impl<'a> Cell<'a> {
    fn matrices(self) -> [Matrix<'a>; 4] {
        let (h, attention) = (self.hidden, self.memory_bias.len());
        [
            Matrix::new(self.input, self.input.len() / (2 * h), 2 * h),
            Matrix::new(self.state, h, 2 * h),
            Matrix::new(self.memory, h, attention),
            Matrix::new(self.gate, attention, h),
        ]
    }
}

/// What the backward pass needs.
#[derive(Debug)]
pub struct Tape {
    /// State that each row started from (rows, hidden).
    before: Buffer,
    /// Memory that each row started from (rows, hidden).
    memory_before: Buffer,
    /// Candidate and output gate (rows, 2 * hidden).
    gates: Buffer,
    /// Attention's hidden layer (rows, attention).
    attended: Buffer,
    /// Share of the memory that stays (rows, hidden).
    kept: Buffer,
    /// Hyperbolic tangent of the memory (rows, hidden).
    memory_tanh: Buffer,
}

/// Gradients of a layer.
#[derive(Debug)]
pub struct Gradients {
    /// Of W.
    pub input: Buffer,
    /// Of U.
    pub state: Buffer,
    /// Of b.
    pub bias: Buffer,
    /// Of M.
    pub memory: Buffer,
    /// Of m.
    pub memory_bias: Buffer,
    /// Of V.
    pub gate: Buffer,
    /// Of the packed input (rows, inputs).
    pub x: Buffer,
}

/// Runs the layer over packed input `x` (rows, inputs); the output of each row (rows, hidden) comes first.
pub fn forward(cell: Cell<'_>, packed: &PackedCell<'_>, x: &[f32], packing: &Packing) -> (Buffer, Tape) {
    let (rows, h, attention) = (packing.rows(), cell.hidden, cell.memory_bias.len());
    let mut gates = dense::forward_packed(x, rows, &packed.input, cell.bias);
    let [mut out, mut before, mut memory_before, mut kept, mut memory_tanh] =
        std::array::from_fn(|_| Buffer::any(rows * h));
    let mut attended = Buffer::any(rows * attention);
    let clips = if packing.steps() == 0 { 0 } else { packing.step(0).1 };
    let (mut state, mut memory) = (Buffer::zeros(clips * h), Buffer::zeros(clips * h));
    for step in 0..packing.steps() {
        let (start, running) = packing.step(step);
        let span = start * h..(start + running) * h;
        before[span.clone()].copy_from_slice(&state[..running * h]);
        memory_before[span.clone()].copy_from_slice(&memory[..running * h]);
        let gates = &mut gates[start * 2 * h..(start + running) * 2 * h];
        let attended = &mut attended[start * attention..(start + running) * attention];
        attended.chunks_exact_mut(attention).for_each(|row| row.copy_from_slice(cell.memory_bias));
        if step > 0 {
            multiply_packed(Target::new(gates, 2 * h), Matrix::new(&state, running, h), &packed.state, true);
            multiply_packed(Target::new(attended, attention), Matrix::new(&memory, running, h), &packed.memory, true);
        }
        wide(
            #[inline(always)]
            || attended.iter_mut().for_each(|value| *value = tanh(*value)),
        );
        let kept = &mut kept[span.clone()];
        multiply_packed(Target::new(kept, h), Matrix::new(attended, running, attention), &packed.gate, false);
        activate(gates, kept, &mut memory, &mut state, &mut memory_tanh[span.clone()], h);
        out[span].copy_from_slice(&state[..running * h]);
    }
    (out, Tape { before, memory_before, gates, attended, kept, memory_tanh })
}

/// One step: gates through their non-linearities, memory and state renewed.
fn activate(
    gates: &mut [f32],
    kept: &mut [f32],
    memory: &mut [f32],
    state: &mut [f32],
    memory_tanh: &mut [f32],
    h: usize,
) {
    wide(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact_mut(2 * h).zip(kept.chunks_exact_mut(h)).zip(memory.chunks_exact_mut(h));
            for ((((gates, kept), memory), state), memory_tanh) in
                rows.zip(state.chunks_exact_mut(h)).zip(memory_tanh.chunks_exact_mut(h))
            {
                activate_row(gates, kept, memory, state, memory_tanh);
            }
        },
    );
}

/// A loop for each few of the slices: with all of them in one, the compiler gives up telling which overlap.
#[inline(always)]
fn activate_row(gates: &mut [f32], kept: &mut [f32], memory: &mut [f32], state: &mut [f32], memory_tanh: &mut [f32]) {
    let (candidate, output) = gates.split_at_mut(kept.len());
    for value in &mut *candidate {
        *value = tanh(*value);
    }
    for value in kept.iter_mut().chain(&mut *output) {
        *value = sigmoid(*value);
    }
    for ((memory, kept), candidate) in memory.iter_mut().zip(&*kept).zip(&*candidate) {
        *memory = kept * *memory + (1.0 - kept) * candidate;
    }
    for (squashed, memory) in memory_tanh.iter_mut().zip(&*memory) {
        *squashed = tanh(*memory);
    }
    for ((state, output), squashed) in state.iter_mut().zip(&*output).zip(&*memory_tanh) {
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
    let (rows, h, attention) = (packing.rows(), cell.hidden, cell.memory_bias.len());
    let Tape { before, memory_before, mut gates, attended, mut kept, memory_tanh } = tape;
    let mut d_attended = Buffer::any(attended.len());
    let clips = if packing.steps() == 0 { 0 } else { packing.step(0).1 };
    // From the next step; zero for clips that are not running there.
    let (mut d_state, mut d_memory) = (Buffer::zeros(clips * h), Buffer::zeros(clips * h));
    for step in (0..packing.steps()).rev() {
        let (start, running) = packing.step(step);
        let span = start * h..(start + running) * h;
        let gates = &mut gates[start * 2 * h..(start + running) * 2 * h];
        let kept = &mut kept[span.clone()];
        let saved = Saved { memory_before: &memory_before[span.clone()], memory_tanh: &memory_tanh[span.clone()] };
        derive(gates, kept, saved, &gradient[span], &d_state, &mut d_memory, h);
        let attended_span = start * attention..(start + running) * attention;
        let d_attended = &mut d_attended[attended_span.clone()];
        multiply_packed(Target::new(d_attended, attention), Matrix::new(kept, running, h), &packed.gate, false);
        wide(
            #[inline(always)]
            || {
                for (d, value) in d_attended.iter_mut().zip(&attended[attended_span]) {
                    *d *= 1.0 - value * value;
                }
            },
        );
        if step > 0 {
            let d_attended = Matrix::new(d_attended, running, attention);
            multiply_packed(Target::new(&mut d_memory, h), d_attended, &packed.memory, true);
            multiply_packed(Target::new(&mut d_state, h), Matrix::new(gates, running, 2 * h), &packed.state, false);
        }
    }
    let ([input, state], bias) = dense::shared_weight_gradients([x, &before], &gates, rows, 2 * h);
    let (memory, memory_bias) = dense::weight_gradients(&memory_before, &d_attended, rows, attention);
    let (gate, _) = dense::weight_gradients(&attended, &kept, rows, h);
    let mut d_x = Buffer::any(x.len());
    let inputs = x.len() / rows.max(1);
    multiply_packed(Target::new(&mut d_x, inputs), Matrix::new(&gates, rows, 2 * h), &packed.input, false);
    Gradients { input, state, bias, memory, memory_bias, gate, x: d_x }
}

#[derive(Clone, Copy)]
struct Saved<'a> {
    memory_before: &'a [f32],
    memory_tanh: &'a [f32],
}

/// One step backward: gates become the gradients before their non-linearities, `d_memory` that of the memory before, but for
/// what goes through the attention.
fn derive(
    gates: &mut [f32],
    kept: &mut [f32],
    saved: Saved<'_>,
    d_out: &[f32],
    d_state: &[f32],
    d_memory: &mut [f32],
    h: usize,
) {
    wide(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact_mut(2 * h).zip(kept.chunks_exact_mut(h));
            let rows = rows.zip(saved.memory_before.chunks_exact(h)).zip(saved.memory_tanh.chunks_exact(h));
            let rows = rows.zip(d_out.chunks_exact(h)).zip(d_state.chunks_exact(h)).zip(d_memory.chunks_exact_mut(h));
            for ((((((gates, kept), memory_before), memory_tanh), d_out), d_state), d_memory) in rows {
                derive_row(gates, kept, Saved { memory_before, memory_tanh }, d_out, d_state, d_memory);
            }
        },
    );
}

/// See [`activate_row`]. On the way `d_memory` is the gradient of the memory itself, and at the end that of the one before.
#[inline(always)]
fn derive_row(
    gates: &mut [f32],
    kept: &mut [f32],
    saved: Saved<'_>,
    d_out: &[f32],
    d_state: &[f32],
    d_memory: &mut [f32],
) {
    let (candidate, output) = gates.split_at_mut(kept.len());
    let outside = || d_out.iter().zip(d_state).zip(saved.memory_tanh);
    for ((d_memory, output), ((d_out, d_state), squashed)) in d_memory.iter_mut().zip(&*output).zip(outside()) {
        *d_memory += (d_out + d_state) * output * (1.0 - squashed * squashed);
    }
    for (output, ((d_out, d_state), squashed)) in output.iter_mut().zip(outside()) {
        *output = (d_out + d_state) * squashed * *output * (1.0 - *output);
    }
    for (((kept, candidate), d_memory), before) in kept.iter_mut().zip(candidate).zip(d_memory).zip(saved.memory_before)
    {
        let (f, g, d_c) = (*kept, *candidate, *d_memory);
        *kept = d_c * (before - g) * f * (1.0 - f);
        *candidate = d_c * (1.0 - f) * (1.0 - g * g);
        *d_memory = d_c * f;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit and no weights but biases and V: o = 1/2, g = tanh(1) and f = sigmoid(2 tanh(3)), so the memory after n steps
    /// is g (1 - f^n) and the output half its hyperbolic tangent.
    #[test]
    fn a_cell_driven_by_its_biases_follows_the_closed_form() {
        let cell = Cell {
            input: &[0.0; 2],
            state: &[0.0; 2],
            bias: &[1.0, 0.0],
            memory: &[0.0],
            memory_bias: &[3.0],
            gate: &[2.0],
            hidden: 1,
        };
        let lens = [3, 1];
        let packing = Packing::new(&lens);
        let (states, _) = forward(cell, &PackedCell::forward(cell), &[0.0; 4], &packing);
        let mut out = [0.0; 4];
        packing.unpack(&states, &lens, &mut out, 1, 0..1);
        let f = 1.0 / (1.0 + (-2.0 * 3.0_f32.tanh()).exp());
        for (out, steps) in out.iter().zip([1, 2, 3, 1]) {
            let expected = 0.5 * (1.0_f32.tanh() * (1.0 - f.powi(steps))).tanh();
            assert!((out - expected).abs() < 1e-6, "{out} after {steps} steps, expected {expected}");
        }
    }
}
