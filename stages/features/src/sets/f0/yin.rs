//! Fundamental frequency by YIN.
//!
//! A. de Cheveigné, H. Kawahara: "YIN, a fundamental frequency estimator for speech and music", JASA 111 (2002). Steps
//! 1 to 5: difference function, cumulative mean normalisation, absolute threshold, parabolic interpolation. The
//! difference at each lag is averaged over the samples that overlap, so that short frames are not biased against long
//! periods (librosa's `yin` pads with zeros instead). It knows no offset, and is computed from samples without one:
//! squares of an offset would round what is left of a quiet signal to something periodic. A frame is voiced when its
//! aperiodicity is below the threshold; octave errors that last a single frame are removed by the median of three.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;

use super::F0;
use crate::framing::{copy_padded, samples};

/// Sums taken side by side.
const LANES: usize = 8;

/// Plans and buffers of one thread.
pub(super) struct Yin {
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

impl Yin {
    pub(super) fn new(params: &F0, sample_rate_hz: u32) -> Self {
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
    pub(super) fn track(&mut self, clip: &[f32], hop: usize, frames: usize, out: &mut Vec<f32>) {
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

    /// Energy of the frame around sample `centre` about its mean.
    fn energy_at(&self, clip: &[f32], centre: usize) -> f32 {
        let start = centre.saturating_sub(self.length / 2).min(clip.len());
        let end = (centre + self.length / 2).min(clip.len());
        let frame = &clip[start..end];
        let mean = sum(frame) / frame.len().max(1) as f64;
        (squares(frame) - mean * mean * frame.len() as f64).max(0.0) as f32
    }

    /// Fundamental frequency of the frame around sample `centre`, 0 when no lag is periodic enough.
    fn estimate(&mut self, clip: &[f32], centre: usize) -> f32 {
        copy_padded(clip, centre as isize - (self.length / 2) as isize, &mut self.frame);
        // Differences within the frame are the same without its mean, padding included.
        let mean = (sum(&self.frame) / self.length as f64) as f32;
        self.frame.iter_mut().for_each(|sample| *sample -= mean);
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
        let scale = 1.0 / size as f64;
        let total = squares(&self.frame);
        // Energy that each lag loses at either end of the frame.
        let (mut head, mut tail) = (0.0_f64, 0.0_f64);
        let mut cumulative = 0.0_f64;
        self.difference[0] = 1.0;
        for lag in 1..=self.max_lag {
            let (first, last) = (f64::from(self.frame[lag - 1]), f64::from(self.frame[self.length - lag]));
            head += first * first;
            tail += last * last;
            let overlap = (self.length - lag) as f64;
            let squares = (2.0 * (total - f64::from(self.padded[lag]) * scale) - head - tail).max(0.0) / overlap;
            cumulative += squares;
            self.difference[lag] = if cumulative > 0.0 { (squares * lag as f64 / cumulative) as f32 } else { 1.0 };
        }
    }
}

/// Sum in double precision.
fn sum(samples: &[f32]) -> f64 {
    lanes(samples, |sample| sample)
}

/// Sum of squares in double precision.
fn squares(samples: &[f32]) -> f64 {
    lanes(samples, |sample| sample * sample)
}

/// Sum of `of` each sample, side by side, so that it can be vector instructions.
#[inline(always)]
fn lanes(samples: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let (blocks, rest) = samples.as_chunks::<LANES>();
    let mut sums = [0.0_f64; LANES];
    for block in blocks {
        for (sum, &sample) in sums.iter_mut().zip(block) {
            *sum += of(f64::from(sample));
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&sample| of(f64::from(sample))).sum::<f64>()
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
        Yin::new(&F0::default(), 16_000).track(clip, 160, 1 + clip.len() / 160, &mut out);
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

    /// One step of 16 bits up or down, or none, at random.
    fn dither(samples: usize, seed: u64) -> Vec<f32> {
        let mut rng = crate::rng::Rng::new(seed);
        (0..samples).map(|_| (rng.gaussian() * 0.6).round().clamp(-1.0, 1.0) as f32 / 32_768.0).collect()
    }

    #[test]
    fn dither_has_no_pitch_on_any_offset() {
        for offset in [0.0, 0.001, 0.05, 0.2, 0.9, -0.3] {
            let clip: Vec<f32> = dither(12_800, 3).iter().map(|sample| sample + offset).collect();
            let voiced = track(&clip).iter().filter(|value| **value > 0.0).count();
            assert_eq!(voiced, 0, "offset {offset}");
        }
        let drifting: Vec<f32> =
            dither(12_800, 4).iter().zip(0_u16..).map(|(sample, n)| sample + f32::from(n) * 1e-5).collect();
        assert!(track(&drifting).iter().all(|value| *value == 0.0), "a slow drift has none either");
        let rumble: Vec<f32> = dither(12_800, 5)
            .iter()
            .zip(0_u16..)
            .map(|(sample, n)| sample + (0.05 * (std::f64::consts::TAU * 5.0 * f64::from(n) / 16_000.0).sin()) as f32)
            .collect();
        assert!(track(&rumble).iter().all(|value| *value == 0.0), "nor has a rumble of 5 Hz");
    }

    #[test]
    fn an_offset_moves_no_pitch_and_fills_no_pause() {
        let mut clip = dither(6_400, 6);
        clip.extend(harmonics(150.0, 6));
        clip.extend(dither(6_400, 7));
        let plain = track(&clip);
        assert!(plain[5..30].iter().all(|value| *value == 0.0) && plain[45..80].iter().all(|value| *value > 0.0));
        for offset in [0.001, 0.05, 0.2, -0.5] {
            let shifted: Vec<f32> = clip.iter().map(|sample| sample + offset).collect();
            // The first and last frames reach beyond the clip, where there is no offset.
            for (index, (a, b)) in plain.iter().zip(track(&shifted)).enumerate().skip(5).take(plain.len() - 10) {
                assert!((a - b).abs() <= 0.01 * a, "offset {offset}, frame {index}: {b}, expected {a}");
            }
        }
    }

    #[test]
    fn plain_tones_and_a_missing_fundamental_have_their_pitch() {
        let tone = |parts: &[f64]| -> Vec<f32> {
            let at = |n: usize| parts.iter().map(move |hz| (std::f64::consts::TAU * hz * n as f64 / 16_000.0).sin());
            (0..12_800).map(|n| (0.3 * at(n).sum::<f64>() / parts.len() as f64) as f32).collect()
        };
        let inside = |clip: &[f32]| track(clip)[5..75].to_vec();
        for hz in [70.0, 100.0, 150.0, 220.0, 400.0, 590.0] {
            for value in inside(&tone(&[hz])) {
                assert!((f64::from(value) / hz - 1.0).abs() < 0.01, "{hz} Hz: {value}");
            }
        }
        let harmonics: Vec<f64> = (2..=8).map(|k| 120.0 * f64::from(k)).collect();
        for value in inside(&tone(&harmonics)) {
            assert!((value / 120.0 - 1.0).abs() < 0.01, "harmonics 2 to 8 of 120 Hz: {value}");
        }
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
