//! Dropout whose masks depend on nothing but a seed and the position of a value.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use ser_kernels::buffer::Buffer;
use ser_kernels::vector::Dropout;

use crate::Kernels;
use crate::operation::{Operation, Output, apply};

/// Rows that a thread takes at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// `x` (rows, width), each value multiplied by its [`Dropout::factor`].
pub fn dropout(kernels: Kernels, x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.is_identity() {
        return x;
    }
    let [rows, width] = x.dims();
    if kernels == Kernels::Own {
        return apply(Own { dropout, width }, [x.into_dispatch()]).0;
    }
    let mut factors = vec![1.0; rows * width];
    dropout.apply(&mut factors, width, 0);
    let factors = Tensor::from_data(TensorData::new(factors, [rows, width]), &x.device());
    x * factors
}

#[derive(Debug, Clone)]
struct Own {
    dropout: Dropout,
    width: usize,
}

impl Own {
    fn applied(&self, values: &[f32]) -> Buffer {
        let mut out = Buffer::any(values.len());
        let block = ROWS_PER_BLOCK * self.width.max(1);
        out.par_chunks_mut(block).zip(values.par_chunks(block)).enumerate().for_each(|(index, (out, values))| {
            out.copy_from_slice(values);
            self.dropout.apply(out, self.width, index * ROWS_PER_BLOCK);
        });
        out
    }
}

impl Operation<1> for Own {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x]: [&[f32]; 1]) -> Output<(), ()> {
        Output { values: self.applied(x), columns: self.width, tape: (), aside: () }
    }

    fn backward(&self, _: [&[f32]; 1], (): (), gradient: &[f32], _: [bool; 1]) -> [Option<Buffer>; 1] {
        [Some(self.applied(gradient))]
    }
}
