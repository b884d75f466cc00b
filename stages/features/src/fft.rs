//! Power spectra of real frames side by side: one frame per lane, every operation on whole rows.
//!
//! A frame of `n` samples is transformed as `n / 2` complex points, even samples as real and odd ones as imaginary
//! parts, in place, by passes of radix 4 (and one of radix 2 where `n / 2` is no power of 4), decimated in frequency
//! (Cooley & Tukey 1965; Sorensen, Jones, Heideman & Burrus, IEEE Trans. ASSP 1987, for the split into two halves).
//! Points end up in an order of their own, which the last step, from points to bins, looks up.
//!
//! A transform of one frame has to shuffle values within vectors, and its last step was what took longest; frames side
//! by side need no shuffles. The order of operations is fixed: unlike a planned transform's, results are the same on
//! every machine.

use std::f64::consts::TAU;

use crate::vector::{LANES, Row};

/// Real and imaginary parts of one point of every frame.
pub(crate) type Point = [Row; 2];

/// The transform of frames of one length.
pub(crate) struct PowerFft {
    /// Passes of radix 4, the widest first.
    passes: Vec<Pass>,
    /// True if a pass of radix 2 follows.
    pairs: bool,
    /// Bins 1 to a quarter of the frame, each with its mirror image.
    mirrored: Vec<Mirrored>,
    /// Where the bin at a quarter of the sample rate lies; `None` for frames of 2 samples.
    middle: Option<usize>,
}

/// One pass: spans of points, each split into four quarters.
struct Pass {
    quarter: usize,
    /// Per point of a quarter, the factors of its second to fourth result: cosine and sine of each.
    twiddles: Vec<[[f32; 2]; 3]>,
}

/// Two bins as far from both ends, that the same two points make.
struct Mirrored {
    /// Positions of points `bin` and `n / 2 - bin`.
    points: [usize; 2],
    bins: [usize; 2],
    /// `exp(-2 pi i bin / n)`.
    twiddle: [f32; 2],
}

impl PowerFft {
    /// For frames of `length` samples, a power of two and at least 2.
    pub(crate) fn new(length: usize) -> Self {
        let points = length / 2;
        let mut passes = Vec::new();
        let mut span = points;
        while span >= 4 {
            let quarter = span / 4;
            let twiddles = (0..quarter).map(|j| [1, 2, 3].map(|k| twiddle(j * k, span))).collect();
            passes.push(Pass { quarter, twiddles });
            span = quarter;
        }
        let order = order(points);
        let mut position = vec![0; points];
        for (at, point) in order.into_iter().enumerate() {
            position[point] = at;
        }
        let mirrored = (1..points.div_ceil(2))
            .map(|bin| Mirrored {
                points: [position[bin], position[points - bin]],
                bins: [bin, points - bin],
                twiddle: twiddle(bin, length),
            })
            .collect();
        let middle = (points > 1).then(|| position[points / 2]);
        Self { passes, pairs: span == 2, mirrored, middle }
    }

    /// Power of the bins from 0 to half the sample rate of each frame, into `length / 2 + 1` rows of `power`. `points`
    /// has the frames, `length / 2` points, and is used up.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub(crate) fn power(&self, points: &mut [Point], power: &mut [Row]) {
        for pass in &self.passes {
            for span in points.chunks_exact_mut(4 * pass.quarter) {
                pass.apply(span);
            }
        }
        if self.pairs {
            for [a, b] in points.as_chunks_mut::<2>().0 {
                for (a, b) in a.as_flattened_mut().iter_mut().zip(b.as_flattened_mut()) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
        }
        let last = points.len();
        let [re, im] = points[0];
        for lane in 0..LANES {
            power[0][lane] = (re[lane] + im[lane]) * (re[lane] + im[lane]);
            power[last][lane] = (re[lane] - im[lane]) * (re[lane] - im[lane]);
        }
        if let Some(middle) = self.middle {
            let [re, im] = &points[middle];
            for lane in 0..LANES {
                power[last / 2][lane] = re[lane] * re[lane] + im[lane] * im[lane];
            }
        }
        for Mirrored { points: [a, b], bins: [low, high], twiddle: [cos, sin] } in &self.mirrored {
            let ([a_re, a_im], [b_re, b_im]) = (&points[*a], &points[*b]);
            let (mut below, mut above) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                // Spectra of the even and, turned by the twiddle, of the odd samples, both times two.
                let (even_re, even_im) = (a_re[lane] + b_re[lane], a_im[lane] - b_im[lane]);
                let (odd_re, odd_im) = (a_im[lane] + b_im[lane], b_re[lane] - a_re[lane]);
                let turned_re = odd_re * cos - odd_im * sin;
                let turned_im = odd_re * sin + odd_im * cos;
                let (sum_re, sum_im) = (even_re + turned_re, even_im + turned_im);
                let (rest_re, rest_im) = (even_re - turned_re, even_im - turned_im);
                below[lane] = 0.25 * (sum_re * sum_re + sum_im * sum_im);
                above[lane] = 0.25 * (rest_re * rest_re + rest_im * rest_im);
            }
            power[*low] = below;
            power[*high] = above;
        }
    }
}

impl Pass {
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    fn apply(&self, span: &mut [Point]) {
        let (first, rest) = span.split_at_mut(self.quarter);
        let (second, rest) = rest.split_at_mut(self.quarter);
        let (third, fourth) = rest.split_at_mut(self.quarter);
        let quarters = first.iter_mut().zip(second).zip(third).zip(fourth);
        for ((((a, b), c), d), [second, third, fourth]) in quarters.zip(&self.twiddles) {
            // Copies in one loop over the lanes: anything else is not recognised as vector instructions.
            let ([a_re, a_im], [b_re, b_im], [c_re, c_im], [d_re, d_im]) = (*a, *b, *c, *d);
            let mut out: [Point; 4] = Default::default();
            for lane in 0..LANES {
                let (evens_re, evens_im) = (a_re[lane] + c_re[lane], a_im[lane] + c_im[lane]);
                let (apart_re, apart_im) = (a_re[lane] - c_re[lane], a_im[lane] - c_im[lane]);
                let (odds_re, odds_im) = (b_re[lane] + d_re[lane], b_im[lane] + d_im[lane]);
                // The difference of the odd quarters times -i.
                let (turned_re, turned_im) = (b_im[lane] - d_im[lane], d_re[lane] - b_re[lane]);
                let (second_re, second_im) = (apart_re + turned_re, apart_im + turned_im);
                let (third_re, third_im) = (evens_re - odds_re, evens_im - odds_im);
                let (fourth_re, fourth_im) = (apart_re - turned_re, apart_im - turned_im);
                out[0][0][lane] = evens_re + odds_re;
                out[0][1][lane] = evens_im + odds_im;
                out[1][0][lane] = second_re * second[0] - second_im * second[1];
                out[1][1][lane] = second_re * second[1] + second_im * second[0];
                out[2][0][lane] = third_re * third[0] - third_im * third[1];
                out[2][1][lane] = third_re * third[1] + third_im * third[0];
                out[3][0][lane] = fourth_re * fourth[0] - fourth_im * fourth[1];
                out[3][1][lane] = fourth_re * fourth[1] + fourth_im * fourth[0];
            }
            [*a, *b, *c, *d] = out;
        }
    }
}

/// Cosine and sine of the angle of `exp(-2 pi i index / length)`.
fn twiddle(index: usize, length: usize) -> [f32; 2] {
    let angle = -TAU * index as f64 / length as f64;
    [angle.cos() as f32, angle.sin() as f32]
}

/// Which point lies at each position after the passes over `length` points.
fn order(length: usize) -> Vec<usize> {
    let radix = match length {
        0 | 1 => return (0..length).collect(),
        2 => 2,
        _ => 4,
    };
    let inner = order(length / radix);
    (0..radix).flat_map(|part| inner.iter().map(move |point| radix * point + part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Every length against the sum that defines the transform, in double precision.
    #[test]
    fn powers_are_those_of_the_definition() {
        let mut rng = Rng::new(11);
        for length in [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] {
            let frames: Vec<Vec<f32>> =
                (0..LANES).map(|_| (0..length).map(|_| rng.gaussian() as f32).collect()).collect();
            let mut points: Vec<Point> = (0..length / 2)
                .map(|n| [0, 1].map(|part| std::array::from_fn(|lane| frames[lane][2 * n + part])))
                .collect();
            let mut power = vec![[f32::NAN; LANES]; length / 2 + 1];
            PowerFft::new(length).power(&mut points, &mut power);
            for (lane, frame) in frames.iter().enumerate() {
                for (bin, row) in power.iter().enumerate() {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (n, sample) in frame.iter().enumerate() {
                        let angle = TAU * ((bin * n) % length) as f64 / length as f64;
                        re += f64::from(*sample) * angle.cos();
                        im += f64::from(*sample) * angle.sin();
                    }
                    let expected = re * re + im * im;
                    let apart = (f64::from(row[lane]) - expected).abs();
                    // Noise of variance 1 has a mean power of `length`; rounding in single precision, pass after pass.
                    assert!(apart < 2e-6 * length as f64 * (1.0 + expected.sqrt()), "{length}, bin {bin}: {apart}");
                }
            }
        }
    }
}
