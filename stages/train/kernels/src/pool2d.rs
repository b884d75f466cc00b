//! What follows a convolution over time and frequency: scale and shift, max pooling and an activation, in one pass each way.
//!
//! Activations never fall, so the highest value stays the highest: it is chosen first, and the activation is computed of it
//! alone.

#![expect(
    clippy::inline_always,
    reason = "code is compiled for the wider instructions only where it is inlined into the function that has them"
)]

use super::buffer::Buffer;
use super::norm::choose;
use super::simd::wide;
use super::vector::exp;

/// Slope of a leaky ReLU below zero.
pub const LEAK: f32 = 0.01;

/// Mark of a chosen value that is not above zero.
const BELOW: u8 = 0x80;

/// A function of single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// None.
    Identity,
    /// max(0, x).
    Relu,
    /// x above zero, [`LEAK`] * x below.
    LeakyRelu,
    /// x above zero, e^x - 1 below.
    Elu,
}

/// Max pooling over time and frequency with an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2d {
    /// Bands of the image.
    pub bands: usize,
    /// Channels of the image.
    pub channels: usize,
    /// Frames and bands of which the highest value is kept, in all 1 to 127; last, shorter windows count too.
    pub pool: [usize; 2],
    /// What is computed of it.
    pub activation: Activation,
}

/// What the way back has to know of the way there.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// Which value of its window each one is, and whether it is not above zero.
    places: Vec<u8>,
    /// Slope of the activation, where the place does not tell it.
    slopes: Buffer,
}

impl Chosen {
    /// Of neighbouring parts of a clip, in their order.
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        let places = parts.iter().map(|part| part.places.as_slice()).collect::<Vec<_>>().concat();
        let mut slopes = Buffer::any(parts.iter().map(|part| part.slopes.len()).sum());
        let mut rest = &mut *slopes;
        for part in &parts {
            rest.split_off_mut(..part.slopes.len()).unwrap_or_default().copy_from_slice(&part.slopes);
        }
        Self { places, slopes }
    }
}

impl Pool2d {
    /// Frames that come of `frames`.
    pub fn out_len(&self, frames: usize) -> usize {
        frames.div_ceil(self.pool[0])
    }

    /// Bands that are left.
    pub fn out_bands(&self) -> usize {
        self.bands.div_ceil(self.pool[1])
    }

    /// Writes what comes of whole windows of frames `y`, each channel scaled and shifted before, to `out`.
    pub fn forward(&self, y: &[f32], scale: &[f32], shift: &[f32], out: &mut [f32]) -> Chosen {
        let (channels, [_, width]) = (self.channels, self.pool);
        let mut places = vec![0; out.len()];
        let mut slopes = Buffer::any(if self.activation == Activation::Elu { out.len() } else { 0 });
        wide(
            #[inline(always)]
            || {
                let rows = out.chunks_exact_mut(channels).zip(places.chunks_exact_mut(channels));
                for (window, (out, places)) in self.windows(y.len()).zip(rows) {
                    for (index, start) in window {
                        let y = &y[start..start + channels];
                        if index == 0 {
                            for (((out, y), scale), shift) in out.iter_mut().zip(y).zip(scale).zip(shift) {
                                *out = y * scale + shift;
                            }
                        } else {
                            choose(y, scale, shift, index, out, places);
                        }
                    }
                }
                for (value, place) in out.iter().zip(&mut places) {
                    *place |= if *value > 0.0 { 0 } else { BELOW };
                }
                match self.activation {
                    Activation::Identity => {}
                    Activation::Relu => out.iter_mut().for_each(|value| *value = value.max(0.0)),
                    Activation::LeakyRelu => out.iter_mut().for_each(|value| *value = value.max(LEAK * *value)),
                    Activation::Elu => {
                        for (value, slope) in out.iter_mut().zip(slopes.iter_mut()) {
                            *slope = exp(value.min(0.0));
                            *value = value.max(0.0) + (*slope - 1.0);
                        }
                    }
                }
            },
        );
        debug_assert!(width * self.pool[0] < usize::from(BELOW), "windows of at most 127 values");
        Chosen { places, slopes }
    }

    /// Gradient of the chosen values before the activation, from that of the output.
    pub fn before_activation(&self, gradient: &[f32], chosen: &Chosen) -> Buffer {
        let mut d = Buffer::copy_of(gradient);
        let leak = match self.activation {
            Activation::Identity => return d,
            Activation::Relu => 0.0,
            Activation::LeakyRelu => LEAK,
            Activation::Elu => {
                d.iter_mut().zip(chosen.slopes.iter()).for_each(|(d, slope)| *d *= slope);
                return d;
            }
        };
        wide(
            #[inline(always)]
            || {
                for (d, place) in d.iter_mut().zip(&chosen.places) {
                    *d *= if *place < BELOW { 1.0 } else { leak };
                }
            },
        );
        d
    }

    /// Leads the gradient of the chosen values to where they were: writes `d`, zero elsewhere.
    pub fn backward(&self, gradient: &[f32], chosen: &Chosen, d: &mut [f32]) {
        let channels = self.channels;
        wide(
            #[inline(always)]
            || {
                let rows = gradient.chunks_exact(channels).zip(chosen.places.chunks_exact(channels));
                for (window, (gradient, places)) in self.windows(d.len()).zip(rows) {
                    for (index, start) in window {
                        let d = &mut d[start..start + channels];
                        for ((d, gradient), place) in d.iter_mut().zip(gradient).zip(places) {
                            *d = if *place & !BELOW == index { *gradient } else { 0.0 };
                        }
                    }
                }
            },
        );
    }

    /// For each window of an image of `len` values: the index of each value of a channel in it, and where its channels begin.
    #[inline(always)]
    fn windows(&self, len: usize) -> impl Iterator<Item = impl Iterator<Item = (u8, usize)> + use<>> + use<> {
        let Self { bands, channels, pool: [height, width], .. } = *self;
        let frames = len / (bands * channels).max(1);
        (0..frames).step_by(height).flat_map(move |frame| {
            (0..bands).step_by(width).map(move |band| {
                (0..height.min(frames - frame)).flat_map(move |t| {
                    (0..width.min(bands - band))
                        .map(move |f| ((t * width + f) as u8, ((frame + t) * bands + band + f) * channels))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: [f32; 1] = [2.0];
    const SHIFT: [f32; 1] = [-1.0];

    fn pool(bands: usize, pool: [usize; 2], activation: Activation) -> Pool2d {
        Pool2d { bands, channels: 1, pool, activation }
    }

    /// Three frames of three bands, in windows of two by two: those at the end are shorter.
    #[test]
    fn the_first_highest_value_of_each_window_is_chosen() {
        let pool = pool(3, [2, 2], Activation::Identity);
        let y = [1.0, 2.0, 3.0, 4.0, 4.0, 9.0, -5.0, -6.0, -7.0];
        let mut out = [f32::NAN; 4];
        let chosen = pool.forward(&y, &SCALE, &SHIFT, &mut out);
        assert_eq!(out, [7.0, 17.0, -11.0, -15.0]);
        assert_eq!((pool.out_len(3), pool.out_bands()), (2, 2));
        let mut d = [f32::NAN; 9];
        pool.backward(&[1.0, 2.0, 3.0, 4.0], &chosen, &mut d);
        assert_eq!(d, [0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 3.0, 0.0, 4.0]);
    }

    #[test]
    fn activations_have_their_values_and_slopes() {
        let e = (-1.0_f32).exp();
        let cases = [
            (Activation::Identity, [-1.0, 3.0], [1.0, 1.0]),
            (Activation::Relu, [0.0, 3.0], [0.0, 1.0]),
            (Activation::LeakyRelu, [-LEAK, 3.0], [LEAK, 1.0]),
            (Activation::Elu, [e - 1.0, 3.0], [e, 1.0]),
        ];
        for (activation, values, slopes) in cases {
            let pool = pool(1, [1, 1], activation);
            let mut out = [f32::NAN; 2];
            let chosen = pool.forward(&[0.0, 2.0], &SCALE, &SHIFT, &mut out);
            let d = pool.before_activation(&[1.0, 1.0], &chosen);
            let close =
                |found: &[f32], expected: [f32; 2]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close(&out, values) && close(&d, slopes), "{activation:?}: {out:?} {d:?}");
        }
    }
}
