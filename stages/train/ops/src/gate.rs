//! Values weighed by the sigmoid of others.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use ser_kernels::buffer::Buffer;
use ser_kernels::vector::{gate_gradients, gated};

use crate::Kernels;
use crate::lens::each;
use crate::operation::{Operation, Output, apply};

/// Values that a thread takes at a time.
const BLOCK: usize = 1 << 16;

/// `x` times the sigmoid of `by`, both (rows, width).
pub fn gate(kernels: Kernels, x: Tensor<2>, by: Tensor<2>) -> Tensor<2> {
    match kernels {
        Kernels::Own => {
            let [_, width] = x.dims();
            apply(Own { width }, [x.into_dispatch(), by.into_dispatch()]).0
        }
        Kernels::Burn => x * sigmoid(by),
    }
}

#[derive(Debug, Clone)]
struct Own {
    width: usize,
}

impl Operation<2> for Own {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x, by]: [&[f32]; 2]) -> Output<(), ()> {
        let mut values = Buffer::any(x.len());
        let blocks = x.chunks(BLOCK).zip(by.chunks(BLOCK)).zip(values.chunks_mut(BLOCK)).collect();
        each(blocks, |((x, by), out): ((&[f32], &[f32]), &mut [f32])| gated(x, by, out));
        Output { values, columns: self.width, tape: (), aside: () }
    }

    fn backward(&self, [x, by]: [&[f32]; 2], (): (), gradient: &[f32], _: [bool; 2]) -> [Option<Buffer>; 2] {
        let (mut d_x, mut d_by) = (Buffer::any(x.len()), Buffer::any(x.len()));
        let given = gradient.chunks(BLOCK).zip(x.chunks(BLOCK).zip(by.chunks(BLOCK)));
        let made = d_x.chunks_mut(BLOCK).zip(d_by.chunks_mut(BLOCK));
        let blocks =
            given.zip(made).map(|((gradient, (x, by)), (d_x, d_by))| (gradient, [x, by], [d_x, d_by])).collect();
        each(blocks, |(gradient, inputs, gradients): (&[f32], [&[f32]; 2], [&mut [f32]; 2])| {
            gate_gradients(gradient, inputs, gradients);
        });
        [Some(d_x), Some(d_by)]
    }
}
