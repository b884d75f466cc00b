//! The sinc under a Kaiser window.
//!
//! Length and shape by Kaiser's formulas (1974; Oppenheim & Schafer, "Discrete-Time Signal Processing", 7.5.3).

use std::f64::consts::PI;

/// Half the length in samples of a filter with `attenuation_db` decibels of attenuation and a transition of `width`, as a
/// share of the Nyquist frequency.
pub(super) fn half_length(attenuation_db: f64, width: f64) -> f64 {
    (attenuation_db - 8.0) / (2.285 * PI * width) / 2.0
}

/// An ideal low-pass filter, cut off at `half` samples to either side.
pub(super) struct Windowed {
    cutoff: f64,
    half: f64,
    beta: f64,
}

impl Windowed {
    /// A filter that passes what lies below `cutoff`, a share of the Nyquist frequency.
    pub(super) fn new(attenuation_db: f64, cutoff: f64, half: f64) -> Self {
        Self { cutoff, half, beta: 0.1102 * (attenuation_db - 8.7) }
    }

    /// Value at `t` samples from the middle, in arbitrary unit.
    pub(super) fn at(&self, t: f64) -> f64 {
        let sinc = if t == 0.0 { 1.0 } else { (PI * self.cutoff * t).sin() / (PI * self.cutoff * t) };
        sinc * bessel_i0(self.beta * (1.0 - (t / self.half).powi(2)).max(0.0).sqrt())
    }
}

/// Modified Bessel function of the first kind and order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bessel_function_has_its_tabled_values() {
        // Abramowitz & Stegun, table 9.8: I0(1) = 1.2660658778, e^-5 I0(5) = 0.1835408126.
        assert!((bessel_i0(1.0) - 1.266_065_877_8).abs() < 1e-10);
        assert!((bessel_i0(5.0) * (-5.0_f64).exp() - 0.183_540_812_6).abs() < 1e-10);
        assert_eq!(bessel_i0(0.0), 1.0);
    }
}
