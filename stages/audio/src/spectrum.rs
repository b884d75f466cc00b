//! Power spectra of short frames.

use std::cell::RefCell;
use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

thread_local! {
    // Clips of a corpus share their rate, and planning a transform costs as much as several of them.
    static PLANNER: RefCell<RealFftPlanner<f32>> = RefCell::new(RealFftPlanner::new());
}

/// Windows frames of one length and transforms them, in memory of its own.
pub(crate) struct PowerSpectrum {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    frame: Vec<f32>,
    bins: Vec<Complex32>,
    scratch: Vec<Complex32>,
    power: Vec<f32>,
}

impl PowerSpectrum {
    /// For frames of `frame_samples` (at least 1) under a Hann window, padded with zeros to the next power of two.
    pub(crate) fn new(frame_samples: usize) -> Self {
        let transform_samples = frame_samples.next_power_of_two().max(2);
        let transform = PLANNER.with_borrow_mut(|planner| planner.plan_fft_forward(transform_samples));
        let bins = transform.make_output_vec();
        Self {
            window: symmetric_hann(frame_samples),
            frame: transform.make_input_vec(),
            scratch: transform.make_scratch_vec(),
            power: vec![0.0; bins.len()],
            bins,
            transform,
        }
    }

    /// Length of the transform in samples: bin `k` lies at `k * sample_rate / transform_samples`.
    pub(crate) fn transform_samples(&self) -> usize {
        self.frame.len()
    }

    /// Squared magnitude of each bin from 0 to half the sample rate, for the frame of `samples` that begins at `start`.
    /// Samples outside `samples` are zero.
    pub(crate) fn of(&mut self, samples: &[f32], start: isize) -> &[f32] {
        self.frame.fill(0.0);
        let length = self.window.len();
        let skipped = start.min(0).unsigned_abs().min(length);
        let from = start.max(0).unsigned_abs().min(samples.len());
        let until = (from + length - skipped).min(samples.len());
        let windowed = self.frame[skipped..].iter_mut().zip(&self.window[skipped..]).zip(&samples[from..until]);
        for ((value, weight), sample) in windowed {
            *value = weight * sample;
        }
        match self.transform.process_with_scratch(&mut self.frame, &mut self.bins, &mut self.scratch) {
            Ok(()) => {
                for (power, bin) in self.power.iter_mut().zip(&self.bins) {
                    *power = bin.norm_sqr();
                }
            }
            // Only wrong lengths are refused, and all buffers are the transform's own.
            Err(_) => self.power.fill(0.0),
        }
        &self.power
    }
}

/// A Hann window of `length` points without its zeros, symmetric.
pub(crate) fn symmetric_hann(length: usize) -> Vec<f32> {
    (1..=length).map(|n| (0.5 - 0.5 * (2.0 * PI * n as f64 / (length + 1) as f64).cos()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_lies_in_its_bin_and_what_is_outside_counts_as_zero() {
        let sine: Vec<f32> = (0..64).map(|n| (2.0 * PI * 8.0 * f64::from(n) / 64.0).sin() as f32).collect();
        let mut spectrum = PowerSpectrum::new(64);
        let loudest = |power: &[f32]| (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b]));
        assert_eq!(loudest(spectrum.of(&sine, 0)), Some(8));
        // An impulse has the same power everywhere: the square of the window where it stands.
        let window = symmetric_hann(64);
        for (start, place) in [(0, 0), (-10, 10), (-63, 63)] {
            let expected = window[place] * window[place];
            let power = spectrum.of(&[1.0], start);
            assert!(power.iter().all(|power| (power - expected).abs() < 1e-6), "{start}: {expected} {power:?}");
        }
        for outside in [64, 1_000, -64, -1_000] {
            assert!(spectrum.of(&sine, outside).iter().all(|power| *power == 0.0), "{outside}");
        }
    }
}
