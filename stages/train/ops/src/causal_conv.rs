//! A convolution over two frames of a clip, this one and an earlier one.

use burn::tensor::Tensor;
use ser_kernels::buffer::Buffer;
use ser_kernels::dense::{forward_packed, input_gradient, weight_gradients};
use ser_kernels::matmul::{Matrix, Packed};
use ser_kernels::vector::add;

use crate::Kernels;
use crate::dense::dense;
use crate::lens::{Lens, Part, each, pieces};
use crate::operation::{Operation, Output, apply, sum};
use crate::rows::shifted;

/// [x `reach` frames earlier | x] weight + bias: (frames, inputs), (2 * inputs, outputs), (outputs) -> (frames, outputs), with
/// zeros before a clip's first frame.
pub fn causal_conv(
    kernels: Kernels,
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    lens: &Lens,
    reach: usize,
) -> Tensor<2> {
    match kernels {
        Kernels::Own => {
            let own = Own { lens: lens.clone(), reach };
            apply(own, [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()]).0
        }
        Kernels::Burn => {
            let earlier = shifted(x.clone(), lens, reach);
            dense(kernels, Tensor::cat(vec![earlier, x], 1), weight, bias)
        }
    }
}

#[derive(Debug, Clone)]
struct Own {
    lens: Lens,
    reach: usize,
}

impl Own {
    /// Each frame of a part beside the one that it is joined with.
    fn pairs(&self, x: &[f32], part: &Part, inputs: usize) -> Buffer {
        let mut pairs = Buffer::any(2 * part.rows.len() * inputs);
        let mut out = pairs.chunks_exact_mut(2 * inputs);
        let mut row = part.rows.start;
        for len in &self.lens[part.clips.clone()] {
            for (frame, out) in out.by_ref().take(*len).enumerate() {
                let (earlier, this) = out.split_at_mut(inputs);
                if frame < self.reach {
                    earlier.fill(0.0);
                } else {
                    earlier.copy_from_slice(&x[(row - self.reach) * inputs..][..inputs]);
                }
                this.copy_from_slice(&x[row * inputs..][..inputs]);
                row += 1;
            }
        }
        pairs
    }

    /// The gradient of a part's frames, from that of its pairs.
    fn unpaired(&self, pairs: &[f32], part: &Part, inputs: usize, out: &mut [f32]) {
        let mut out = out.chunks_exact_mut(inputs);
        let mut row = 0;
        for len in &self.lens[part.clips.clone()] {
            for (frame, out) in out.by_ref().take(*len).enumerate() {
                out.copy_from_slice(&pairs[(2 * row + 1) * inputs..][..inputs]);
                if frame + self.reach < *len {
                    add(out, &pairs[2 * (row + self.reach) * inputs..][..inputs]);
                }
                row += 1;
            }
        }
    }
}

impl Operation<3> for Own {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Output<(), ()> {
        let outputs = bias.len();
        let inputs = weight.len() / (2 * outputs);
        let packed = Packed::new(Matrix::new(weight, 2 * inputs, outputs));
        let parts = self.lens.parts();
        let mut values = Buffer::any(self.lens.frames() * outputs);
        let outs = pieces(&mut values, outputs, parts.iter().map(|part| part.rows.len()));
        each(parts.into_iter().zip(outs).collect(), |(part, out): (Part, &mut [f32])| {
            let pairs = self.pairs(x, &part, inputs);
            out.copy_from_slice(&forward_packed(&pairs, part.rows.len(), &packed, bias));
        });
        Output { values, columns: outputs, tape: (), aside: () }
    }

    fn backward(
        &self,
        [x, weight, bias]: [&[f32]; 3],
        (): (),
        gradient: &[f32],
        [x_wanted, ..]: [bool; 3],
    ) -> [Option<Buffer>; 3] {
        let outputs = bias.len();
        let inputs = weight.len() / (2 * outputs);
        let parts = self.lens.parts();
        let mut d_x = x_wanted.then(|| Buffer::any(x.len()));
        let rows = parts.iter().map(|part| if x_wanted { part.rows.len() } else { 0 });
        let outs = pieces(d_x.as_deref_mut().unwrap_or_default(), inputs, rows);
        let shares = each(parts.into_iter().zip(outs).collect(), |(part, out): (Part, &mut [f32])| {
            let rows = part.rows.len();
            let gradient = &gradient[part.rows.start * outputs..part.rows.end * outputs];
            if x_wanted {
                self.unpaired(&input_gradient(gradient, rows, weight, outputs), &part, inputs, out);
            }
            weight_gradients(&self.pairs(x, &part, inputs), gradient, rows, outputs)
        });
        let (weights, biases): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        [d_x, sum(weights), sum(biases)]
    }
}
