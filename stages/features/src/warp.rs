//! Another vocal tract: the frequency axis stretched or pressed (Jaitly and Hinton, "Vocal Tract Length Perturbation
//! (VTLP) improves speech recognition", ICML workshop 2013).

/// A warp of the frequency axis that leaves 0 Hz and half the sample rate where they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Warp {
    /// Factor of frequencies below the knee.
    alpha: f64,
    /// Frequency of the knee in hertz, and where it comes to lie.
    knee_hz: f64,
    top_hz: f64,
    nyquist_hz: f64,
}

impl Warp {
    /// By `alpha` up to `f_hi_hz`, which lies below half of `sample_rate_hz`: with F = `f_hi_hz` and S / 2 half the
    /// sample rate, f becomes
    ///
    /// - alpha f, where f <= F min(alpha, 1) / alpha,
    /// - S / 2 - (S / 2 - F min(alpha, 1)) / (S / 2 - F min(alpha, 1) / alpha) (S / 2 - f), above.
    pub(crate) fn new(alpha: f64, f_hi_hz: f64, sample_rate_hz: u32) -> Self {
        let top_hz = f_hi_hz * alpha.min(1.0);
        Self { alpha, knee_hz: top_hz / alpha, top_hz, nyquist_hz: f64::from(sample_rate_hz) / 2.0 }
    }

    /// Where the frequency `hz` comes to lie.
    pub(crate) fn apply(&self, hz: f64) -> f64 {
        if hz <= self.knee_hz { self.alpha * hz } else { self.nyquist_hz - self.slope_above() * (self.nyquist_hz - hz) }
    }

    /// The least factor by which a narrow range of frequencies is stretched.
    pub(crate) fn least_stretch(&self) -> f64 {
        self.alpha.min(self.slope_above())
    }

    fn slope_above(&self) -> f64 {
        (self.nyquist_hz - self.top_hz) / (self.nyquist_hz - self.knee_hz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: alpha 0.9 keeps the knee at 4800 Hz and brings it to 4320 Hz; 1.1 has it at 4363.6 Hz and brings it to
    /// 4800 Hz.
    #[test]
    fn frequencies_move_by_alpha_up_to_the_knee_and_the_ends_stay() {
        for (alpha, knee_hz, top_hz) in [(0.9, 4800.0, 4320.0), (1.1, 4800.0 / 1.1, 4800.0), (1.0, 4800.0, 4800.0)] {
            let warp = Warp::new(alpha, 4800.0, 16_000);
            assert!((warp.apply(knee_hz) - top_hz).abs() < 1e-9);
            assert!((warp.apply(knee_hz + 1e-9) - top_hz).abs() < 1e-6, "no step at the knee");
            assert!((warp.apply(1000.0) - 1000.0 * alpha).abs() < 1e-9);
            assert!((warp.apply(8000.0) - 8000.0).abs() < 1e-9 && warp.apply(0.0) == 0.0);
            // Halfway between the knee and the end, above which it is a straight line.
            let middle = warp.apply(f64::midpoint(knee_hz, 8000.0));
            assert!((middle - f64::midpoint(top_hz, 8000.0)).abs() < 1e-9);
        }
    }

    /// The reference and the script that made it lie in `tests/oracles/features`.
    #[test]
    fn the_warp_is_that_of_nlpaug() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oracles/features/vtlp.json");
        let text = std::fs::read_to_string(path).expect("vtlp.json");
        let reference: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let cases = reference["cases"].as_array().expect("cases");
        assert_eq!(cases.len(), 15);
        for case in cases {
            let number = |key: &str| case[key].as_f64().expect(key);
            let numbers = |key: &str| case[key].as_array().expect(key).iter().map(|hz| hz.as_f64().expect("a number"));
            let warp = Warp::new(number("alpha"), number("f_hi_hz"), number("sample_rate_hz") as u32);
            assert_eq!(numbers("hz").count(), 41);
            for (hz, expected) in numbers("hz").zip(numbers("warped_hz")) {
                let found = warp.apply(hz);
                assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{hz} Hz: {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn order_is_kept_and_no_range_shrinks_more_than_said() {
        for alpha in [0.8, 0.9, 0.97, 1.0, 1.03, 1.1, 1.2] {
            let warp = Warp::new(alpha, 4800.0, 16_000);
            for step in 0..800 {
                let (low, high) = (f64::from(step) * 10.0, f64::from(step + 1) * 10.0);
                assert!(warp.apply(high) - warp.apply(low) >= 10.0 * warp.least_stretch() - 1e-9, "{alpha} {low}");
            }
        }
    }
}
