//! Frames of each clip in another order.

use std::sync::Arc;

use burn::tensor::Tensor;
use ser_kernels::buffer::Buffer;

use crate::Kernels;
use crate::lens::{Lens, Part, each, pieces};
use crate::operation::{Operation, Output, apply};
use crate::padded::indices;

/// `x` (frames, width) with the frame `by` earlier of the same clip before each: (frames, 2 * width), zeros where there is none.
pub fn beside_earlier(kernels: Kernels, x: Tensor<2>, lens: &Lens, by: usize) -> Tensor<2> {
    if kernels == Kernels::Own {
        let [_, width] = x.dims();
        return apply(BesideEarlier { lens: lens.clone(), by, width }, [x.into_dispatch()]).0;
    }
    let earlier = |start, frame: usize, _| frame.checked_sub(by).map(|frame| start + frame);
    Tensor::cat(vec![moved(kernels, x.clone(), lens, earlier), x], 1)
}

/// `x` (frames, width), each clip's frames `by` later, or earlier where it is negative; the frame at the end of the clip that
/// is left behind stands again and again in the places that become free.
pub fn held(kernels: Kernels, x: Tensor<2>, lens: &Lens, by: isize) -> Tensor<2> {
    moved(kernels, x, lens, |start, frame, len| Some(start + frame.saturating_add_signed(-by).min(len - 1)))
}

/// `x` (frames, width), each clip from its end.
pub fn reversed(kernels: Kernels, x: Tensor<2>, lens: &Lens) -> Tensor<2> {
    moved(kernels, x, lens, |start, frame, len| Some(start + len - 1 - frame))
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
struct BesideEarlier {
    lens: Lens,
    by: usize,
    width: usize,
}

impl Operation<1> for BesideEarlier {
    type Tape = ();
    type Aside = ();

    fn forward(&self, [x]: [&[f32]; 1]) -> Output<(), ()> {
        let Self { lens, by, width } = self;
        let mut values = Buffer::any(2 * x.len());
        let parts = lens.parts();
        let outs = pieces(&mut values, 2 * width, parts.iter().map(|part| part.rows.len()));
        each(parts.into_iter().zip(outs).collect(), |(part, out): (Part, &mut [f32])| {
            let (mut row, mut out) = (part.rows.start, out.chunks_exact_mut(2 * width));
            for len in &lens[part.clips] {
                for (frame, out) in out.by_ref().take(*len).enumerate() {
                    let (earlier, this) = out.split_at_mut(*width);
                    match frame.checked_sub(*by) {
                        Some(_) => earlier.copy_from_slice(&x[(row - by) * width..][..*width]),
                        None => earlier.fill(0.0),
                    }
                    this.copy_from_slice(&x[row * width..][..*width]);
                    row += 1;
                }
            }
        });
        Output { values, columns: 2 * width, tape: (), aside: () }
    }

    fn backward(&self, [x]: [&[f32]; 1], (): (), gradient: &[f32], _: [bool; 1]) -> [Option<Buffer>; 1] {
        let Self { lens, by, width } = self;
        let mut d_x = Buffer::any(x.len());
        let parts = lens.parts();
        let outs = pieces(&mut d_x, *width, parts.iter().map(|part| part.rows.len()));
        each(parts.into_iter().zip(outs).collect(), |(part, out): (Part, &mut [f32])| {
            let (mut row, mut out) = (part.rows.start, out.chunks_exact_mut(*width));
            for len in &lens[part.clips] {
                for (frame, out) in out.by_ref().take(*len).enumerate() {
                    out.copy_from_slice(&gradient[(2 * row + 1) * width..][..*width]);
                    if frame + by < *len {
                        ser_kernels::vector::add(out, &gradient[2 * (row + by) * width..][..*width]);
                    }
                    row += 1;
                }
            }
        });
        [Some(d_x)]
    }
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
