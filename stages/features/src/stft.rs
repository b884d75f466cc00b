//! Short-time power spectra: a Hann window over each frame, and a real FFT.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;

use crate::framing::{Framing, copy_padded};

/// Plan, window and buffers of one thread.
pub(crate) struct Stft {
    framing: Framing,
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// Position of the window within the transformed samples.
    offset: usize,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Stft {
    pub(crate) fn new(framing: Framing) -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(framing.n_fft);
        Self {
            framing,
            window: hann(framing.window),
            offset: (framing.n_fft - framing.window) / 2,
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Power of each frequency bin of frame `index` of `clip`, into `power` (`framing.bins()` values).
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub(crate) fn power(&mut self, clip: &[f32], index: usize, power: &mut [f32]) {
        let start = self.framing.window_start(index);
        let end = self.offset + self.window.len();
        // The transform leaves its input in disorder, so the margins are cleared for every frame.
        self.frame[..self.offset].fill(0.0);
        self.frame[end..].fill(0.0);
        let windowed = &mut self.frame[self.offset..end];
        copy_padded(clip, start, windowed);
        for (sample, weight) in windowed.iter_mut().zip(&self.window) {
            *sample *= weight;
        }
        self.fft
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made by this plan");
        for (power, bin) in power.iter_mut().zip(&self.spectrum) {
            *power = bin.re * bin.re + bin.im * bin.im;
        }
    }
}

/// Periodic Hann window of `length` samples: `0.5 - 0.5 cos(2 pi n / length)`.
pub(crate) fn hann(length: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU / length as f64;
    (0..length).map(|n| (0.5 - 0.5 * (step * n as f64).cos()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;

    #[test]
    fn a_tone_on_a_bin_has_the_power_of_the_windows_sum() {
        let framing = Framing::new(&Params::default(), 16_000);
        let mut stft = Stft::new(framing);
        let tone: Vec<f32> =
            (0..4_000).map(|n| (std::f32::consts::TAU * 1_000.0 * n as f32 / 16_000.0).sin()).collect();
        let mut power = vec![0.0; framing.bins()];
        stft.power(&tone, 10, &mut power);
        let loudest = (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b])).expect("bins");
        assert_eq!(loudest, 32);
        // A sine of amplitude 1 gives half the window's sum, 200, as magnitude.
        assert!((power[32].sqrt() - 100.0).abs() < 0.01, "{}", power[32].sqrt());
    }

    #[test]
    fn the_energy_of_a_frame_is_the_energy_of_its_spectrum() {
        let framing = Framing::new(&Params::default(), 16_000);
        let mut stft = Stft::new(framing);
        let clip: Vec<f32> = (0..2_000).map(|n| ((n * n) as f32 * 0.37).sin()).collect();
        let mut power = vec![0.0; framing.bins()];
        stft.power(&clip, 5, &mut power);
        let both_sides = 2.0 * power.iter().sum::<f32>() - power[0] - power[framing.bins() - 1];
        let direct: f32 = hann(400).iter().zip(&clip[600..]).map(|(w, x)| (w * x) * (w * x)).sum();
        assert!((both_sides / 512.0 - direct).abs() < 1e-3 * direct, "{both_sides} {direct}");
    }
}
