//! Steady noise: spectral subtraction with a floor.
//!
//! Method: Berouti, Schwartz, Makhoul: "Enhancement of speech corrupted by acoustic noise", ICASSP 1979. The noise's
//! power in each frequency bin is its mean over the clip's quietest frames; each bin is turned down by
//! `1 - strength * noise / power`, but never by more than the floor, which keeps single bins from ringing.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;

use crate::framing::{copy_padded, samples};
use crate::stft::periodic_hann;

/// Length of a frame in seconds, before rounding up to a power of two.
const FRAME_S: f64 = 0.025;

/// Plans and buffers of one thread.
pub(crate) struct Reduction {
    quiet_share: f64,
    strength: f32,
    floor: f32,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// Square root of a Hann window: applied twice, at half overlap, it adds up to one.
    window: Vec<f32>,
    frame: Vec<f32>,
    forward_scratch: Vec<Complex32>,
    inverse_scratch: Vec<Complex32>,
}

impl Reduction {
    pub(crate) fn new(quiet_share: f64, strength: f64, max_reduction_db: f64, sample_rate_hz: u32) -> Self {
        let size = samples(FRAME_S, sample_rate_hz).max(2).next_power_of_two();
        let mut planner = RealFftPlanner::<f32>::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        Self {
            quiet_share,
            strength: strength as f32,
            floor: 10.0_f64.powf(-max_reduction_db / 10.0) as f32,
            window: periodic_hann(size).into_iter().map(f32::sqrt).collect(),
            frame: forward.make_input_vec(),
            forward_scratch: forward.make_scratch_vec(),
            inverse_scratch: inverse.make_scratch_vec(),
            forward,
            inverse,
        }
    }

    pub(crate) fn apply(&mut self, clip: &mut [f32]) {
        if clip.is_empty() {
            return;
        }
        let (size, hop) = (self.window.len(), self.window.len() / 2);
        let bins = hop + 1;
        // From half a frame before the start, so that every sample lies in two frames.
        let count = clip.len().div_ceil(hop) + 1;
        let start = |index: usize| (index * hop) as isize - hop as isize;
        let mut spectra = vec![Complex32::default(); count * bins];
        for (index, spectrum) in spectra.chunks_exact_mut(bins).enumerate() {
            copy_padded(clip, start(index), &mut self.frame);
            for (sample, weight) in self.frame.iter_mut().zip(&self.window) {
                *sample *= weight;
            }
            self.forward
                .process_with_scratch(&mut self.frame, spectrum, &mut self.forward_scratch)
                .expect("the buffers were made by this plan");
        }
        let noise = self.noise(&spectra, bins);
        clip.fill(0.0);
        for (index, spectrum) in spectra.chunks_exact_mut(bins).enumerate() {
            for (bin, noise) in spectrum.iter_mut().zip(&noise) {
                let power = bin.norm_sqr();
                let kept = if power > 0.0 { (1.0 - self.strength * noise / power).max(self.floor) } else { 1.0 };
                *bin *= kept.sqrt();
            }
            // Spectra of real signals are real at both ends; rounding must not say otherwise.
            spectrum[0].im = 0.0;
            spectrum[bins - 1].im = 0.0;
            self.inverse
                .process_with_scratch(spectrum, &mut self.frame, &mut self.inverse_scratch)
                .expect("the buffers were made by this plan, and the spectrum is real at both ends");
            let skipped = start(index).min(0).unsigned_abs();
            let first = (start(index).max(0) as usize).min(clip.len());
            let weights = self.window.iter().zip(&self.frame).skip(skipped);
            for (sample, (weight, value)) in clip[first..].iter_mut().zip(weights) {
                *sample += weight * value / size as f32;
            }
        }
    }

    /// Mean power of each bin over the quietest frames that lie in the clip and are not digital silence.
    fn noise(&self, spectra: &[Complex32], bins: usize) -> Vec<f32> {
        let frames: Vec<&[Complex32]> = spectra.chunks_exact(bins).collect();
        // The first and last frames are partly outside the clip and only look quiet.
        let inner = if frames.len() > 4 { &frames[1..frames.len() - 2] } else { &frames[..] };
        let energy = |frame: &[Complex32]| frame.iter().map(Complex32::norm_sqr).sum::<f32>();
        let mut quietest: Vec<(f32, &[Complex32])> =
            inner.iter().map(|frame| (energy(frame), *frame)).filter(|(energy, _)| *energy > 0.0).collect();
        quietest.sort_by(|a, b| a.0.total_cmp(&b.0));
        quietest.truncate(((quietest.len() as f64 * self.quiet_share).ceil() as usize).max(1));
        let scale = 1.0 / quietest.len().max(1) as f32;
        let mut noise = vec![0.0; bins];
        for (_, frame) in &quietest {
            for (noise, bin) in noise.iter_mut().zip(*frame) {
                *noise += bin.norm_sqr() * scale;
            }
        }
        noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn tone_in_noise() -> (Vec<f32>, Vec<f32>) {
        let mut rng = Rng::new(3);
        let tone: Vec<f32> = (0..32_000)
            .map(|n| {
                let sounding = (8_000..24_000).contains(&n);
                if sounding { 0.3 * (std::f32::consts::TAU * 440.0 * n as f32 / 16_000.0).sin() } else { 0.0 }
            })
            .collect();
        let noisy = tone.iter().map(|sample| sample + 0.03 * rng.gaussian() as f32).collect();
        (tone, noisy)
    }

    fn error_db(clean: &[f32], found: &[f32]) -> f32 {
        let error: f32 = clean.iter().zip(found).map(|(a, b)| (a - b).powi(2)).sum();
        10.0 * (error / clean.len() as f32).log10()
    }

    #[test]
    fn noise_around_a_tone_is_reduced() {
        let (tone, noisy) = tone_in_noise();
        let mut reduced = noisy.clone();
        Reduction::new(0.1, 2.0, 20.0, 16_000).apply(&mut reduced);
        let (before, after) = (error_db(&tone, &noisy), error_db(&tone, &reduced));
        assert!(after < before - 6.0, "{before} dB before, {after} dB after");
    }

    #[test]
    fn without_strength_the_clip_comes_back() {
        let (_, noisy) = tone_in_noise();
        let mut same = noisy.clone();
        Reduction::new(0.1, 0.0, 20.0, 16_000).apply(&mut same);
        assert!(error_db(&noisy, &same) < -120.0);
    }
}
