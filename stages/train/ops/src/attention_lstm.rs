//! An LSTM layer with attention on its memory, over a ragged batch; see [`ser_kernels::attention_lstm`] for its equations.

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};
use ser_kernels::attention_lstm::{self as cell, Cell, PackedCell};
use ser_kernels::buffer::Buffer;
use ser_kernels::lstm::Packing;

use crate::Kernels;
use crate::lens::{Lens, each, pieces};
use crate::operation::{Operation, Output, apply, sum};
use crate::padded::{mask, pad, unpad};

/// Weights of the layer. Columns of the candidate come first, then those of the output gate.
#[derive(Debug, Clone)]
pub struct AttentionLstm {
    /// (inputs, 2 * hidden).
    pub input: Tensor<2>,
    /// (hidden, 2 * hidden).
    pub state: Tensor<2>,
    /// (2 * hidden).
    pub bias: Tensor<1>,
    /// From the memory to the hidden layer of the attention: (hidden, attention).
    pub memory: Tensor<2>,
    /// (attention).
    pub memory_bias: Tensor<1>,
    /// From there to the share of the memory that stays: (attention, hidden).
    pub gate: Tensor<2>,
}

/// States of the layer over `x` (frames, inputs), in the order of time: (frames, hidden).
pub fn attention_lstm(kernels: Kernels, x: Tensor<2>, weights: AttentionLstm, lens: &Lens) -> Tensor<2> {
    if kernels == Kernels::Burn {
        return portable(x, weights, lens);
    }
    let AttentionLstm { input, state, bias, memory, memory_bias, gate } = weights;
    let [inputs, gates] = input.dims();
    let own = Own { lens: lens.clone(), inputs, hidden: gates / 2 };
    let tensors = [
        x.into_dispatch(),
        input.into_dispatch(),
        state.into_dispatch(),
        bias.into_dispatch(),
        memory.into_dispatch(),
        memory_bias.into_dispatch(),
        gate.into_dispatch(),
    ];
    apply(own, tensors).0
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
    cell: cell::Tape,
}

impl Own {
    fn cell<'a>(&self, [_, input, state, bias, memory, memory_bias, gate]: [&'a [f32]; 7]) -> Cell<'a> {
        Cell { input, state, bias, memory, memory_bias, gate, hidden: self.hidden }
    }
}

impl Operation<7> for Own {
    type Tape = Vec<PartTape>;
    type Aside = ();

    fn forward(&self, inputs: [&[f32]; 7]) -> Output<Vec<PartTape>, ()> {
        let Self { lens, inputs: width, hidden } = self;
        let cell = self.cell(inputs);
        let packed = PackedCell::forward(cell);
        let mut values = Buffer::any(lens.frames() * hidden);
        let parts = lens.parts();
        let outs = pieces(&mut values, *hidden, parts.iter().map(|part| part.rows.len()));
        let tape = each(parts.into_iter().zip(outs).collect(), |(part, out)| {
            let lens = &lens[part.clips];
            let packing = Packing::new(lens);
            let x = packing.pack(&inputs[0][part.rows.start * width..part.rows.end * width], lens, *width, 0..*width);
            let (states, tape) = cell::forward(cell, &packed, &x, &packing);
            packing.unpack(&states, lens, out, *hidden, 0..*hidden);
            PartTape { packing, x, cell: tape }
        });
        Output { values, columns: *hidden, tape, aside: () }
    }

    fn backward(
        &self,
        inputs: [&[f32]; 7],
        tape: Vec<PartTape>,
        gradient: &[f32],
        _: [bool; 7],
    ) -> [Option<Buffer>; 7] {
        let Self { lens, inputs: width, hidden } = self;
        let cell = self.cell(inputs);
        let packed = PackedCell::backward(cell);
        let mut d_x = Buffer::any(inputs[0].len());
        let parts = lens.parts();
        let outs = pieces(&mut d_x, *width, parts.iter().map(|part| part.rows.len()));
        let work: Vec<_> = parts.into_iter().zip(tape).zip(outs).collect();
        let shares = each(work, |((part, PartTape { packing, x, cell: tape }), out)| {
            let lens = &lens[part.clips];
            let gradient = &gradient[part.rows.start * hidden..part.rows.end * hidden];
            let gradient = packing.pack(gradient, lens, *hidden, 0..*hidden);
            let found = cell::backward(cell, &packed, &x, &packing, tape, &gradient);
            let cell::Gradients { input, state, bias, memory, memory_bias, gate, x } = found;
            packing.unpack(&x, lens, out, *width, 0..*width);
            [input, state, bias, memory, memory_bias, gate].into_iter()
        });
        let (mut shares, mut d_x) = (shares, Some(d_x));
        std::array::from_fn(|at| if at == 0 { d_x.take() } else { sum(shares.iter_mut().filter_map(Iterator::next)) })
    }
}

fn portable(x: Tensor<2>, weights: AttentionLstm, lens: &Lens) -> Tensor<2> {
    let x = pad(x, lens);
    let mask = mask(lens, &x.device());
    let [clips, frames, width] = x.dims();
    let [h, gates] = weights.state.dims();
    let input = x.reshape([clips * frames, width]).matmul(weights.input) + weights.bias.unsqueeze::<2>();
    let input = input.reshape([clips, frames, gates]);
    let memory_bias = weights.memory_bias.unsqueeze::<2>();
    let mut state = Tensor::<2>::zeros([clips, h], &mask.device());
    let mut memory = state.clone();
    let mut out = Vec::with_capacity(frames);
    for frame in 0..frames {
        let both = input.clone().narrow(1, frame, 1).reshape([clips, gates]);
        let both = both + state.clone().matmul(weights.state.clone());
        let attended = tanh(memory.clone().matmul(weights.memory.clone()) + memory_bias.clone());
        let kept = sigmoid(attended.matmul(weights.gate.clone()));
        let candidate = tanh(both.clone().narrow(1, 0, h));
        let next_memory = candidate.clone() + kept * (memory.clone() - candidate);
        let next = sigmoid(both.narrow(1, h, h)) * tanh(next_memory.clone());
        let running = mask.clone().narrow(1, frame, 1).reshape([clips, 1]);
        memory = memory.clone() + (next_memory - memory) * running.clone();
        state = state.clone() + (next - state) * running.clone();
        out.push((state.clone() * running).unsqueeze_dim::<3>(1));
    }
    unpad(Tensor::cat(out, 1), lens)
}
