//! Frames of each clip in another order.

use std::sync::Arc;

use burn::tensor::Tensor;
use ser_kernels::buffer::Buffer;

use crate::Kernels;
use crate::lens::Lens;
use crate::operation::{Operation, Output, apply};
use crate::padded::indices;

/// `x` (frames, width), each clip's frames `by` later, or earlier where it is negative; the frame at the end of the clip that
/// is left behind stands again and again in the places that become free.
pub fn held(kernels: Kernels, x: Tensor<2>, lens: &Lens, by: isize) -> Tensor<2> {
    moved(kernels, x, lens, |start, frame, len| Some(start + frame.saturating_add_signed(-by).min(len - 1)))
}

/// `x` (frames, width), each clip from its end.
pub fn reversed(kernels: Kernels, x: Tensor<2>, lens: &Lens) -> Tensor<2> {
    moved(kernels, x, lens, |start, frame, len| Some(start + len - 1 - frame))
}

/// `x` (frames, width), each clip's frames `by` later, zeros before its first, with burn's operations.
pub(crate) fn shifted(x: Tensor<2>, lens: &Lens, by: usize) -> Tensor<2> {
    moved(Kernels::Burn, x, lens, |start, frame, _| frame.checked_sub(by).map(|frame| start + frame))
}

/// `from` tells a clip's start, a frame of it and its length where that frame comes from, if it is not zero.
fn moved(
    kernels: Kernels,
    x: Tensor<2>,
    lens: &Lens,
    from: impl Fn(usize, usize, usize) -> Option<usize>,
) -> Tensor<2> {
    let [frames, width] = x.dims();
    let places: Vec<Option<usize>> = lens
        .starts()
        .zip(lens.iter())
        .flat_map(|(start, len)| (0..*len).map(move |frame| (start, frame, *len)))
        .map(|(start, frame, len)| from(start, frame, len))
        .collect();
    if kernels == Kernels::Own {
        return apply(Own { places: places.into(), width }, [x.into_dispatch()]).0;
    }
    // One more row, of zeros.
    let device = x.device();
    let x = Tensor::cat(vec![x, Tensor::zeros([1, width], &device)], 0);
    let places = places.iter().map(|place| place.unwrap_or(frames) as i64);
    x.select(0, indices(places.collect(), &device))
}

#[derive(Debug, Clone)]
struct Own {
    /// Where each row comes from.
    places: Arc<[Option<usize>]>,
    width: usize,
}

impl Operation<1> for Own {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x]: [&[f32]; 1]) -> Output<(), ()> {
        let mut values = Buffer::any(x.len());
        for (row, place) in values.chunks_exact_mut(self.width).zip(self.places.iter()) {
            match place {
                Some(place) => row.copy_from_slice(&x[place * self.width..(place + 1) * self.width]),
                None => row.fill(0.0),
            }
        }
        Output { values, columns: self.width, tape: (), aside: () }
    }

    fn backward(&self, _: [&[f32]; 1], (): (), gradient: &[f32], _: [bool; 1]) -> [Option<Buffer>; 1] {
        let mut d_x = Buffer::zeros(gradient.len());
        for (row, place) in gradient.chunks_exact(self.width).zip(self.places.iter()) {
            if let Some(place) = place {
                ser_kernels::vector::add(&mut d_x[place * self.width..(place + 1) * self.width], row);
            }
        }
        [Some(d_x)]
    }
}
