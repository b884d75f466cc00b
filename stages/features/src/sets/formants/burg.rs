//! Linear prediction by Burg's method.
//!
//! J. P. Burg: "Maximum entropy spectral analysis", Stanford 1975; N. Andersen: "On the calculation of filter
//! coefficients for maximum entropy spectral analysis", Geophysics 39 (1974). Each step finds the reflection
//! coefficient for which the errors of forward and backward prediction are smallest together. It is below 1, so all
//! roots lie within the circle.

/// Prediction coefficients: a pair of roots for each of five formants.
pub(super) const ORDER: usize = 10;
/// Sums taken side by side.
const SUMS: usize = 8;

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Burg {
    /// Errors of prediction from the samples before, and from those after.
    forward: Vec<f64>,
    backward: Vec<f64>,
}

impl Burg {
    /// Coefficients `a` of the polynomial `z^10 + a[0] z^9 + ... + a[9]` whose inverse is the spectrum of `frame` under
    /// `window`; all 0 for silence.
    #[inline(always)]
    pub(super) fn coefficients(&mut self, frame: &[f32], window: &[f64]) -> [f64; ORDER] {
        self.forward.clear();
        self.forward.extend(frame.iter().zip(window).map(|(sample, weight)| f64::from(*sample) * weight));
        self.backward.clone_from(&self.forward);
        let mut coefficients = [0.0; ORDER];
        let (mut forward, mut backward) = (&mut self.forward[..], &mut self.backward[..]);
        for order in 0..ORDER {
            let Some(length) = forward.len().checked_sub(1) else { break };
            (forward, backward) = (&mut forward[1..], &mut backward[..length]);
            let (joint, energy) = products(forward, backward);
            if energy <= 0.0 {
                break;
            }
            let reflection = -2.0 * joint / energy;
            let before = coefficients;
            coefficients[order] = reflection;
            for index in 0..order {
                coefficients[index] += reflection * before[order - 1 - index];
            }
            for (forward, backward) in forward.iter_mut().zip(backward.iter_mut()) {
                let (a, b) = (*forward, *backward);
                (*forward, *backward) = (a + reflection * b, b + reflection * a);
            }
        }
        coefficients
    }
}

/// Sum of products, and of squares of both.
#[inline(always)]
fn products(a: &[f64], b: &[f64]) -> (f64, f64) {
    let ((a_blocks, a_rest), (b_blocks, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    let (mut joint, mut energy) = ([0.0; SUMS], [0.0; SUMS]);
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..SUMS {
            joint[lane] += a[lane] * b[lane];
            energy[lane] += a[lane] * a[lane] + b[lane] * b[lane];
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    rest.fold((joint.iter().sum(), energy.iter().sum()), |sum, (a, b)| (sum.0 + a * b, sum.1 + a * a + b * b))
}
