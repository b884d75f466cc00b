//! All roots of polynomials at once.
//!
//! O. Aberth: "Iteration methods for finding all zeros of a polynomial simultaneously", Mathematics of Computation 27
//! (1973), in the form of Ehrlich: Newton's step for every root, divided by what the other roots contribute to the
//! slope. The error of a simple root is cubed by each step. No root is divided out, so none spoils the next. Several
//! polynomials are worked on side by side, and the loop ends when all roots of all of them stand still.

use super::burg::ORDER;

/// Polynomials worked on side by side.
pub(super) const LANES: usize = 8;
/// One number of each.
pub(super) type Lanes = [f64; LANES];

/// Radius on which the search begins: resonances of speech lie a little within the circle.
const RADIUS: f64 = 0.9;
/// Angle by which the first points are turned off the real axis: pairs that mirror each other stay so for ever.
const TURN: f64 = 0.3;
/// Square of the step below which a root stands still.
const STILL: f64 = 1e-20;
/// Most steps. A double root, which is reached slowly, is no resonance of speech.
const MOST_STEPS: usize = 40;
/// Smallest divisor; at smaller ones a root waits for the others to move.
const LEAST: f64 = 1e-200;

/// Roots of the polynomials before, and of the next.
#[derive(Default)]
pub(super) struct Roots {
    re: [Lanes; ORDER],
    im: [Lanes; ORDER],
}

impl Roots {
    /// Real and imaginary parts of the roots of `z^10 + a[0] z^9 + ... + a[9]`.
    #[inline(always)]
    pub(super) fn of(&mut self, a: &[Lanes; ORDER]) -> [&[Lanes; ORDER]; 2] {
        for (index, (re, im)) in self.re.iter_mut().zip(&mut self.im).enumerate() {
            let angle = std::f64::consts::TAU * index as f64 / ORDER as f64 + TURN;
            (*re, *im) = ([RADIUS * angle.cos(); LANES], [RADIUS * angle.sin(); LANES]);
        }
        for _ in 0..MOST_STEPS {
            let largest = (0..ORDER).map(|root| self.step(a, root)).fold(0.0, f64::max);
            if largest < STILL {
                break;
            }
        }
        [&self.re, &self.im]
    }

    /// Moves one root; the largest square of a step of all lanes.
    #[inline(always)]
    fn step(&mut self, a: &[Lanes; ORDER], root: usize) -> f64 {
        let (re, im) = (self.re[root], self.im[root]);
        // Value and slope by Horner's rule.
        let [mut value_re, mut value_im, mut slope_re, mut slope_im] = [[0.0; LANES]; 4];
        value_re.fill(1.0);
        for coefficient in a {
            for lane in 0..LANES {
                let (old_re, old_im) = (slope_re[lane], slope_im[lane]);
                slope_re[lane] = old_re * re[lane] - old_im * im[lane] + value_re[lane];
                slope_im[lane] = old_re * im[lane] + old_im * re[lane] + value_im[lane];
                let (old_re, old_im) = (value_re[lane], value_im[lane]);
                value_re[lane] = old_re * re[lane] - old_im * im[lane] + coefficient[lane];
                value_im[lane] = old_re * im[lane] + old_im * re[lane];
            }
        }
        // Sum of one over the distances from the other roots.
        let [mut others_re, mut others_im] = [[0.0; LANES]; 2];
        for other in (0..ORDER).filter(|other| *other != root) {
            for lane in 0..LANES {
                let (apart_re, apart_im) = (re[lane] - self.re[other][lane], im[lane] - self.im[other][lane]);
                let square = apart_re * apart_re + apart_im * apart_im;
                let inverse = if square > LEAST { 1.0 / square } else { 0.0 };
                others_re[lane] += apart_re * inverse;
                others_im[lane] -= apart_im * inverse;
            }
        }
        // The step is value / (slope - value * others).
        let mut steps = [0.0; LANES];
        for lane in 0..LANES {
            let divisor_re = slope_re[lane] - value_re[lane] * others_re[lane] + value_im[lane] * others_im[lane];
            let divisor_im = slope_im[lane] - value_re[lane] * others_im[lane] - value_im[lane] * others_re[lane];
            let square = divisor_re * divisor_re + divisor_im * divisor_im;
            let inverse = if square > LEAST { 1.0 / square } else { 0.0 };
            let step_re = (value_re[lane] * divisor_re + value_im[lane] * divisor_im) * inverse;
            let step_im = (value_im[lane] * divisor_re - value_re[lane] * divisor_im) * inverse;
            // All roots lie within the circle: nothing is gained by leaving it far behind, and much could overflow.
            self.re[root][lane] = (re[lane] - step_re).clamp(-2.0, 2.0);
            self.im[root][lane] = (im[lane] - step_im).clamp(-2.0, 2.0);
            steps[lane] = step_re * step_re + step_im * step_im;
        }
        steps.into_iter().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Coefficients of the polynomial that has these roots, each pair given by its member above the real axis.
    fn polynomial(pairs: &[[f64; 2]; ORDER / 2]) -> [f64; ORDER] {
        let mut product = vec![1.0];
        for [re, im] in pairs {
            let factor = [1.0, -2.0 * re, re * re + im * im];
            let mut next = vec![0.0; product.len() + 2];
            for (i, a) in product.iter().enumerate() {
                for (j, b) in factor.iter().enumerate() {
                    next[i + j] += a * b;
                }
            }
            product = next;
        }
        std::array::from_fn(|index| product[index + 1])
    }

    fn of(polynomials: &[[f64; ORDER]]) -> Vec<Vec<[f64; 2]>> {
        let lanes =
            std::array::from_fn(|index| std::array::from_fn(|lane| polynomials[lane % polynomials.len()][index]));
        let mut roots = Roots::default();
        let [re, im] = roots.of(&lanes);
        (0..polynomials.len()).map(|lane| (0..ORDER).map(|root| [re[root][lane], im[root][lane]]).collect()).collect()
    }

    fn distance(found: &[[f64; 2]], [re, im]: [f64; 2]) -> f64 {
        found.iter().map(|root| (root[0] - re).hypot(root[1] - im)).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        /// Angles at least 0.2 apart, which is 350 Hz at 11 kHz.
        #[test]
        fn pairs_are_found_again(
            radii in prop::array::uniform8(prop::array::uniform5(0.5_f64..0.999)),
            turns in prop::array::uniform8(prop::array::uniform5(0.0_f64..0.4)),
        ) {
            let pairs: Vec<[[f64; 2]; ORDER / 2]> = radii.iter().zip(&turns).map(|(radii, turns)| {
                std::array::from_fn(|index| {
                    let angle = 0.1 + 0.6 * index as f64 + turns[index];
                    [radii[index] * angle.cos(), radii[index] * angle.sin()]
                })
            }).collect();
            let polynomials: Vec<[f64; ORDER]> = pairs.iter().map(polynomial).collect();
            for (found, pairs) in of(&polynomials).iter().zip(&pairs) {
                for [re, im] in pairs {
                    let apart = distance(found, [*re, *im]).max(distance(found, [*re, -im]));
                    prop_assert!(apart < 1e-9, "{} from {}, {}", apart, re, im);
                }
            }
        }

        #[test]
        fn any_polynomial_has_finite_roots(a in prop::array::uniform10(-1e3_f64..1e3)) {
            for [re, im] in of(&[a, [0.0; ORDER]]).concat() {
                prop_assert!(re.abs() <= 2.0 && im.abs() <= 2.0);
            }
        }
    }

    #[test]
    fn real_roots_are_found_and_double_ones_nearly() {
        // (z - 0.9)(z + 0.8)(z^2 + 0.25)^2 and two pairs more.
        let pairs = [[0.0, 0.5], [0.0, 0.5], [0.3, 0.6], [-0.5, 0.7]];
        let four = polynomial(&[pairs[0], pairs[1], pairs[2], pairs[3], [0.0, 0.0]]);
        // The pair at 0 is replaced by two real roots: z^2 becomes z^2 - 0.1 z - 0.72.
        let mut a = four;
        for index in 0..ORDER {
            let (one, two) = (
                if index == 0 { 1.0 } else { four[index - 1] },
                match index {
                    0 => 0.0,
                    1 => 1.0,
                    _ => four[index - 2],
                },
            );
            a[index] = four[index] - 0.1 * one - 0.72 * two;
        }
        let found = &of(&[a])[0];
        for (root, allowed) in
            [([0.9, 0.0], 1e-9), ([-0.8, 0.0], 1e-9), ([0.3, 0.6], 1e-9), ([-0.5, -0.7], 1e-9), ([0.0, 0.5], 1e-5)]
        {
            assert!(distance(found, root) < allowed, "{root:?} among {found:?}");
        }
    }
}
