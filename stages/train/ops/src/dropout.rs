//! Dropout whose masks depend on nothing but a seed and the position of a value.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use ser_kernels::buffer::Buffer;
use ser_kernels::vector::Dropout;

use crate::Kernels;
use crate::lens::Lens;
use crate::operation::{Operation, Output, apply};

/// Rows that a thread takes at a time.
const ROWS_PER_BLOCK: usize = 1024;

/// `x` (rows, width), each value multiplied by its [`Dropout::factor`].
pub fn dropout(kernels: Kernels, x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    dropped(kernels, x, dropout, None)
}

/// `x` (frames, width), whole columns of a clip multiplied by the [`Dropout::factor`] of clip and column (spatial dropout,
/// Tompson et al. 2015).
pub fn column_dropout(kernels: Kernels, x: Tensor<2>, dropout: Dropout, lens: &Lens) -> Tensor<2> {
    let clips = lens.iter().enumerate().flat_map(|(clip, len)| std::iter::repeat_n(clip as u32, *len));
    dropped(kernels, x, dropout, Some(clips.collect()))
}

fn dropped(kernels: Kernels, x: Tensor<2>, dropout: Dropout, clips: Option<Arc<[u32]>>) -> Tensor<2> {
    if dropout.is_identity() {
        return x;
    }
    let [rows, width] = x.dims();
    let own = Own { dropout, width, clips };
    if kernels == Kernels::Own {
        return apply(own, [x.into_dispatch()]).0;
    }
    let mut factors = vec![1.0; rows * width];
    own.apply_to(&mut factors, 0);
    let factors = Tensor::from_data(TensorData::new(factors, [rows, width]), &x.device());
    x * factors
}

#[derive(Debug, Clone)]
struct Own {
    dropout: Dropout,
    width: usize,
    /// The clip of each row, where a clip's rows are dropped alike.
    clips: Option<Arc<[u32]>>,
}

impl Own {
    /// Multiplies rows of which the first is row `first` of all.
    fn apply_to(&self, values: &mut [f32], first: usize) {
        match &self.clips {
            None => self.dropout.apply(values, self.width, first),
            Some(clips) => {
                let rows = values.len() / self.width.max(1);
                self.dropout.apply_by_clip(values, self.width, &clips[first..first + rows]);
            }
        }
    }

    fn applied(&self, values: &[f32]) -> Buffer {
        let mut out = Buffer::any(values.len());
        let block = ROWS_PER_BLOCK * self.width.max(1);
        out.par_chunks_mut(block).zip(values.par_chunks(block)).enumerate().for_each(|(index, (out, values))| {
            out.copy_from_slice(values);
            self.apply_to(out, index * ROWS_PER_BLOCK);
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
