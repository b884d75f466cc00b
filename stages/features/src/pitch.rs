//! Fundamental frequency by YIN.
//!
//! A. de Cheveigné, H. Kawahara: "YIN, a fundamental frequency estimator for speech and music", JASA 111 (2002). Steps 1
//! to 5: difference function, cumulative mean normalisation, absolute threshold, parabolic interpolation. The
//! difference at each lag is averaged over the samples that overlap, so that short frames are not biased against long
//! periods (librosa's `yin` pads with zeros instead). A frame is voiced when its aperiodicity is below the threshold;
//! octave errors that last a single frame are removed by the median of three.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;

use crate::framing::{copy_padded, samples};
use crate::params::F0;
use crate::vector::energy;

/// Plans and buffers of one thread.
pub(crate) struct Pitch {
    sample_rate_hz: f32,
    length: usize,
    min_lag: usize,
    max_lag: usize,
    threshold: f32,
    /// Frames with less than this share of the loudest frame's energy are unvoiced.
    silence: f32,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    frame: Vec<f32>,
    padded: Vec<f32>,
    spectrum: Vec<Complex32>,
    forward_scratch: Vec<Complex32>,
    inverse_scratch: Vec<Complex32>,
    /// Normalised difference by lag, from 0 to `max_lag`.
    difference: Vec<f32>,
    raw: Vec<f32>,
}

impl Pitch {
    pub(crate) fn new(params: &F0, sample_rate_hz: u32) -> Self {
        let rate = f64::from(sample_rate_hz);
        let min_lag = ((rate / params.fmax_hz).floor() as usize).max(2);
        let max_lag = ((rate / params.fmin_hz).ceil() as usize).max(min_lag + 2);
        let length = samples(params.frame_s, sample_rate_hz).max(max_lag + 2);
        let size = transform_size(length + max_lag);
        let mut planner = RealFftPlanner::<f32>::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        Self {
            sample_rate_hz: sample_rate_hz as f32,
            length,
            min_lag,
            max_lag,
            threshold: params.threshold as f32,
            silence: 10.0_f64.powf(-params.silence_db / 10.0) as f32,
            frame: vec![0.0; length],
            padded: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            forward_scratch: forward.make_scratch_vec(),
            inverse_scratch: inverse.make_scratch_vec(),
            forward,
            inverse,
            difference: vec![0.0; max_lag + 1],
            raw: Vec::new(),
        }
    }

    /// Fundamental frequency in hertz of the frames centred every `hop` samples, 0 where unvoiced.
    pub(crate) fn track(&mut self, clip: &[f32], hop: usize, frames: usize, out: &mut Vec<f32>) {
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        raw.extend((0..frames).map(|index| self.energy_at(clip, index * hop)));
        let loudest = raw.iter().fold(0.0_f32, |a, b| a.max(*b));
        let gate = (loudest * self.silence).max(f32::MIN_POSITIVE);
        for (index, value) in raw.iter_mut().enumerate() {
            *value = if *value < gate { 0.0 } else { self.estimate(clip, index * hop) };
        }
        out.clear();
        out.extend((0..frames).map(|index| {
            let here = raw[index];
            match (index.checked_sub(1).map(|before| raw[before]), raw.get(index + 1)) {
                (Some(before), Some(after)) if here > 0.0 && before > 0.0 && *after > 0.0 => {
                    median(before, here, *after)
                }
                _ => here,
            }
        }));
        self.raw = raw;
    }

    fn energy_at(&self, clip: &[f32], centre: usize) -> f32 {
        let start = centre.saturating_sub(self.length / 2).min(clip.len());
        let end = (centre + self.length / 2).min(clip.len());
        energy(&clip[start..end])
    }

    /// Fundamental frequency of the frame around sample `centre`, 0 when no lag is periodic enough.
    fn estimate(&mut self, clip: &[f32], centre: usize) -> f32 {
        copy_padded(clip, centre as isize - (self.length / 2) as isize, &mut self.frame);
        self.normalised_difference();
        let difference = &self.difference;
        let found = (self.min_lag..self.max_lag).find(|lag| {
            let here = difference[*lag];
            here < self.threshold && here <= difference[lag + 1] && (*lag == self.min_lag || here < difference[lag - 1])
        });
        found.map_or(0.0, |lag| {
            let shift = if lag == self.min_lag { 0.0 } else { parabola(&difference[lag - 1..=lag + 1]) };
            self.sample_rate_hz / (lag as f32 + shift)
        })
    }

    /// Fills `difference` from `frame`: mean squared difference at each lag, over its mean at all shorter ones.
    fn normalised_difference(&mut self) {
        let size = self.padded.len();
        self.padded[..self.length].copy_from_slice(&self.frame);
        self.padded[self.length..].fill(0.0);
        self.forward
            .process_with_scratch(&mut self.padded, &mut self.spectrum, &mut self.forward_scratch)
            .expect("the buffers were made by this plan");
        for bin in &mut self.spectrum {
            *bin = Complex32::new(bin.re * bin.re + bin.im * bin.im, 0.0);
        }
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.padded, &mut self.inverse_scratch)
            .expect("the buffers were made by this plan, and the spectrum is real at both ends");
        let scale = 1.0 / size as f32;
        let total = energy(&self.frame);
        // Energy that each lag loses at either end of the frame.
        let (mut head, mut tail) = (0.0_f32, 0.0_f32);
        let mut cumulative = 0.0_f32;
        self.difference[0] = 1.0;
        for lag in 1..=self.max_lag {
            let (first, last) = (self.frame[lag - 1], self.frame[self.length - lag]);
            head += first * first;
            tail += last * last;
            let overlap = (self.length - lag) as f32;
            let squares = (2.0 * (total - self.padded[lag] * scale) - head - tail).max(0.0) / overlap;
            cumulative += squares;
            self.difference[lag] = if cumulative > 0.0 { squares * lag as f32 / cumulative } else { 1.0 };
        }
    }
}

/// Offset of the minimum of the parabola through three values from the middle one, -1 to 1; 0 where they have none.
fn parabola(values: &[f32]) -> f32 {
    let curvature = values[2] + values[0] - 2.0 * values[1];
    let slope = (values[2] - values[0]) / 2.0;
    if slope.abs() >= curvature.abs() { 0.0 } else { -slope / curvature }
}

fn median(a: f32, b: f32, c: f32) -> f32 {
    a.min(b).max(a.max(b).min(c))
}

/// Smallest even number of at least `length` without prime factors above 3, for which transforms are quick.
fn transform_size(length: usize) -> usize {
    let mut best = length.next_power_of_two().max(2);
    let mut three = 3;
    while three <= best {
        let mut size = three * 2;
        while size < length {
            size *= 2;
        }
        best = best.min(size);
        three *= 3;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn track(clip: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        Pitch::new(&F0::default(), 16_000).track(clip, 160, 1 + clip.len() / 160, &mut out);
        out
    }

    fn harmonics(f0_hz: f64, count: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * f0_hz / 16_000.0;
        (0..8_000)
            .map(|n| (1..=count).map(|h| (step * (h * n) as f64 + h as f64).sin() / h as f64).sum::<f64>() as f32 * 0.2)
            .collect()
    }

    #[test]
    fn harmonic_tones_have_their_fundamental() {
        for f0_hz in [75.0, 110.0, 196.5, 333.3, 550.0] {
            let track = track(&harmonics(f0_hz, 8));
            for value in &track[5..45] {
                assert!((f64::from(*value) / f0_hz - 1.0).abs() < 0.003, "{f0_hz} Hz: {value}");
            }
        }
    }

    #[test]
    fn noise_and_silence_are_unvoiced() {
        let mut rng = crate::rng::Rng::new(1);
        let noise: Vec<f32> = (0..16_000).map(|_| rng.gaussian() as f32 * 0.1).collect();
        assert!(track(&noise).iter().all(|value| *value == 0.0));
        assert!(track(&vec![0.0; 16_000]).iter().all(|value| *value == 0.0));
    }

    #[test]
    fn quiet_frames_are_unvoiced_however_periodic() {
        let mut clip = harmonics(200.0, 5);
        let quiet: Vec<f32> = clip.iter().map(|sample| sample * 0.001).collect();
        clip.extend(quiet);
        let track = track(&clip);
        assert!(track[20] > 0.0);
        assert_eq!(track[80], 0.0);
    }

    #[test]
    fn transform_sizes_are_even_and_smooth() {
        assert_eq!(transform_size(1_015), 1_024);
        assert_eq!(transform_size(1_025), 1_152);
        assert_eq!(transform_size(1), 2);
    }

    proptest! {
        #[test]
        fn gain_moves_no_pitch(gain in 0.01f32..10.0) {
            let clip = harmonics(150.0, 4);
            let scaled: Vec<f32> = clip.iter().map(|sample| sample * gain).collect();
            for (a, b) in track(&clip).iter().zip(track(&scaled)) {
                prop_assert!((a - b).abs() <= 0.01 * a.max(1.0));
            }
        }

        #[test]
        fn pitch_lies_in_its_range(clip in prop::collection::vec(-1.0f32..1.0, 0..3_000)) {
            for value in track(&clip) {
                prop_assert!(value == 0.0 || (60.0..640.0).contains(&value), "{}", value);
            }
        }
    }
}
