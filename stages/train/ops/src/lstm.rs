//! An LSTM layer over a ragged batch, in one or both directions.
//!
//! Gates in the order input, forget, cell, output (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};
use rayon::prelude::*;
use ser_kernels::buffer::Buffer;
use ser_kernels::lstm::{self, Cell, PackedCell, Packing};
use ser_kernels::vector::add;

use crate::Kernels;
use crate::lens::{Lens, each, pieces};
use crate::operation::{Operation, Output, apply, sum};
use crate::padded::{mask, pad, unpad};

/// Weights of one direction.
#[derive(Debug, Clone)]
pub struct Direction {
    /// (inputs, 4 * hidden).
    pub input: Tensor<2>,
    /// (hidden, 4 * hidden).
    pub state: Tensor<2>,
    /// (4 * hidden).
    pub bias: Tensor<1>,
}

/// States of the layer over `x` (frames, inputs): (frames, hidden), or (frames, 2 * hidden) with a `backward` direction, which
/// reads each clip from its last frame and whose columns come last.
pub fn lstm(kernels: Kernels, x: Tensor<2>, forward: Direction, backward: Option<Direction>, lens: &Lens) -> Tensor<2> {
    if kernels == Kernels::Burn {
        return portable(x, forward, backward, lens);
    }
    let [inputs, gates] = forward.input.dims();
    let own = Own { lens: lens.clone(), inputs, hidden: gates / 4 };
    let x = x.into_dispatch();
    let parts = |d: Direction| [d.input.into_dispatch(), d.state.into_dispatch(), d.bias.into_dispatch()];
    let [a, b, c] = parts(forward);
    match backward.map(parts) {
        None => apply::<4, _>(own, [x, a, b, c]).0,
        Some([d, e, f]) => apply::<7, _>(own, [x, a, b, c, d, e, f]).0,
    }
}

#[derive(Debug, Clone)]
struct Own {
    lens: Lens,
    inputs: usize,
    hidden: usize,
}

#[derive(Debug)]
struct PartTape {
    packing: Packing,
    /// Input in packed order.
    x: Buffer,
    directions: Vec<lstm::Tape>,
}

impl Own {
    fn cells<'a, const N: usize>(&self, inputs: &[&'a [f32]; N]) -> Vec<Cell<'a>> {
        let weights = inputs[1..].chunks_exact(3).enumerate();
        weights
            .map(|(direction, weights)| Cell {
                input: weights[0],
                state: weights[1],
                bias: weights[2],
                hidden: self.hidden,
                reverse: direction == 1,
            })
            .collect()
    }
}

/// `N` is 1 + 3 * directions.
impl<const N: usize> Operation<N> for Own {
    type Tape = Vec<PartTape>;
    type Aside = ();

    fn forward(&self, inputs: [&[f32]; N]) -> Output<Vec<PartTape>, ()> {
        let cells: Vec<_> = self.cells(&inputs).into_iter().map(|cell| (cell, PackedCell::forward(cell))).collect();
        let columns = cells.len() * self.hidden;
        let mut values = Buffer::any(self.lens.frames() * columns);
        let parts = self.lens.parts();
        let outs = pieces(&mut values, columns, parts.iter().map(|part| part.rows.len()));
        let tape = each(parts.into_iter().zip(outs).collect(), |(part, out)| {
            let lens = &self.lens[part.clips];
            let packing = Packing::new(lens);
            let x = &inputs[0][part.rows.start * self.inputs..part.rows.end * self.inputs];
            let x = packing.pack(x, lens, self.inputs, 0..self.inputs);
            let run = |(cell, packed): &(Cell<'_>, PackedCell<'_>)| lstm::forward(*cell, packed, &x, &packing);
            let done: Vec<(Buffer, lstm::Tape)> = cells.par_iter().map(run).collect();
            let mut directions = Vec::with_capacity(done.len());
            for (index, (states, tape)) in done.into_iter().enumerate() {
                packing.unpack(&states, lens, out, columns, index * self.hidden..(index + 1) * self.hidden);
                directions.push(tape);
            }
            PartTape { packing, x, directions }
        });
        Output { values, columns, tape, aside: () }
    }

    fn backward(
        &self,
        inputs: [&[f32]; N],
        tape: Vec<PartTape>,
        gradient: &[f32],
        _: [bool; N],
    ) -> [Option<Buffer>; N] {
        let cells: Vec<_> = self.cells(&inputs).into_iter().map(|cell| (cell, PackedCell::backward(cell))).collect();
        let columns = cells.len() * self.hidden;
        let mut d_x = Buffer::any(inputs[0].len());
        let parts = self.lens.parts();
        let outs = pieces(&mut d_x, self.inputs, parts.iter().map(|part| part.rows.len()));
        let work: Vec<_> = parts.into_iter().zip(tape).zip(outs).collect();
        let shares = each(work, |((part, PartTape { packing, x, directions }), out)| {
            let lens = &self.lens[part.clips];
            let gradient = &gradient[part.rows.start * columns..part.rows.end * columns];
            let found: Vec<lstm::Gradients> = directions
                .into_par_iter()
                .zip(&cells)
                .enumerate()
                .map(|(index, (tape, (cell, packed)))| {
                    let own = index * self.hidden..(index + 1) * self.hidden;
                    let gradient = packing.pack(gradient, lens, columns, own);
                    lstm::backward(*cell, packed, &x, &packing, tape, &gradient)
                })
                .collect();
            let mut d_packed: Option<Buffer> = None;
            let mut weights = Vec::with_capacity(N - 1);
            for lstm::Gradients { input, state, bias, x } in found {
                weights.extend([input, state, bias]);
                match &mut d_packed {
                    None => d_packed = Some(x),
                    Some(sum) => add(sum, &x),
                }
            }
            packing.unpack(&d_packed.unwrap_or_default(), lens, out, self.inputs, 0..self.inputs);
            weights
        });
        let mut shares: Vec<_> = shares.into_iter().map(Vec::into_iter).collect();
        let mut d_x = Some(d_x);
        std::array::from_fn(|at| if at == 0 { d_x.take() } else { sum(shares.iter_mut().filter_map(Iterator::next)) })
    }
}

fn portable(x: Tensor<2>, forward: Direction, backward: Option<Direction>, lens: &Lens) -> Tensor<2> {
    let x = pad(x, lens);
    let mask = mask(lens, &x.device());
    let mut directions = vec![direction(&x, forward, &mask, false)];
    directions.extend(backward.map(|backward| direction(&x, backward, &mask, true)));
    unpad(Tensor::cat(directions, 2), lens)
}

/// (clips, frames, hidden), zero beyond each clip's end.
fn direction(x: &Tensor<3>, weights: Direction, mask: &Tensor<3>, reverse: bool) -> Tensor<3> {
    let [clips, frames, width] = x.dims();
    let [h, gates] = weights.state.dims();
    let input = x.clone().reshape([clips * frames, width]).matmul(weights.input) + weights.bias.unsqueeze::<2>();
    let input = input.reshape([clips, frames, gates]);
    let mut state = Tensor::<2>::zeros([clips, h], &x.device());
    let mut memory = state.clone();
    let mut out = Vec::with_capacity(frames);
    for index in 0..frames {
        let frame = if reverse { frames - 1 - index } else { index };
        let all = input.clone().narrow(1, frame, 1).reshape([clips, gates]);
        let all = all + state.clone().matmul(weights.state.clone());
        let gate = |index: usize| all.clone().narrow(1, index * h, h);
        let kept = sigmoid(gate(1)) * memory.clone() + sigmoid(gate(0)) * tanh(gate(2));
        let next = sigmoid(gate(3)) * tanh(kept.clone());
        let running = mask.clone().narrow(1, frame, 1).reshape([clips, 1]);
        memory = memory.clone() + (kept - memory) * running.clone();
        state = state.clone() + (next - state) * running.clone();
        out.push((state.clone() * running).unsqueeze_dim::<3>(1));
    }
    if reverse {
        out.reverse();
    }
    Tensor::cat(out, 1)
}
