//! From each clip's frames to one vector, without weights.

use burn::tensor::{Tensor, TensorData};
use ser_kernels::buffer::Buffer;
use ser_kernels::pooling;

use crate::Kernels;
use crate::lens::Lens;
use crate::operation::{Operation, Output, apply};
use crate::padded::{indices, pad};

/// The mean of each clip's frames: (frames, width) -> (clips, width).
pub fn mean(kernels: Kernels, x: Tensor<2>, lens: &Lens) -> Tensor<2> {
    let [_, width] = x.dims();
    if kernels == Kernels::Own {
        return apply(Own { lens: lens.clone(), width, kind: Kind::Mean }, [x.into_dispatch()]).0;
    }
    let device = x.device();
    let counts: Vec<f32> = lens.iter().map(|len| *len as f32).collect();
    let counts = Tensor::from_data(TensorData::new(counts, [lens.len(), 1]), &device);
    pad(x, lens).sum_dim(1).reshape([lens.len(), width]) / counts
}

/// The last frame of each clip in the columns before `forward`, its first frame in the others, which are the states of a
/// reversed direction: (frames, width) -> (clips, width).
pub fn last(kernels: Kernels, x: Tensor<2>, lens: &Lens, forward: usize) -> Tensor<2> {
    let [_, width] = x.dims();
    if kernels == Kernels::Own {
        return apply(Own { lens: lens.clone(), width, kind: Kind::Last { forward } }, [x.into_dispatch()]).0;
    }
    let device = x.device();
    let places = |place: fn(usize, usize) -> usize| {
        let places = lens.starts().zip(lens.iter()).map(|(start, len)| place(start, *len) as i64);
        indices(places.collect(), &device)
    };
    let ends = x.clone().narrow(1, 0, forward).select(0, places(|start, len| start + len - 1));
    if forward == width {
        return ends;
    }
    let starts = x.narrow(1, forward, width - forward).select(0, places(|start, _| start));
    Tensor::cat(vec![ends, starts], 1)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Mean,
    Last { forward: usize },
}

#[derive(Debug, Clone)]
struct Own {
    lens: Lens,
    width: usize,
    kind: Kind,
}

impl Operation<1> for Own {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x]: [&[f32]; 1]) -> Output<(), ()> {
        let values = match self.kind {
            Kind::Mean => pooling::mean(x, &self.lens, self.width),
            Kind::Last { forward } => pooling::last(x, &self.lens, self.width, forward),
        };
        Output { values, columns: self.width, tape: (), aside: () }
    }

    fn backward(&self, _: [&[f32]; 1], (): (), gradient: &[f32], _: [bool; 1]) -> [Option<Buffer>; 1] {
        [Some(match self.kind {
            Kind::Mean => pooling::mean_backward(gradient, &self.lens, self.width),
            Kind::Last { forward } => pooling::last_backward(gradient, &self.lens, self.width, forward),
        })]
    }
}
