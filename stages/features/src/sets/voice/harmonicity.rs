//! Harmonics-to-noise ratio.
//!
//! P. Boersma: "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
//! sound", IFA Proceedings 17 (1993). The autocorrelation of the windowed signal over that of the window is the
//! signal's own (equation 9); its maximum near the period is the share of the energy that repeats, and the ratio
//! follows (equation 4). The window is a Gaussian, as Praat's for harmonicity: that of Hann leaves more of the
//! modulation within a period.
//!
//! The period is known here, so the window is as long as that asks for. Of a Gaussian over `2 h` samples, down to
//! `exp(-12)` at its ends, squared, the transform at one over the period `T` is `exp(-(pi h / T)^2 / 24)`: 3e-5 for
//! five periods on either side. Energy that pulses within a period then makes the ratio wrong at 40 dB, not at 20.

use super::lags::{correlations, room};
use crate::framing::copy_padded;
use crate::vector::dot;

/// Half the window in periods, at least: the next of the lengths that there are tables for.
const HALF_PERIODS: f64 = 5.0;
/// Logarithm of the window at its ends.
const EDGE: f64 = -12.0;
/// Tables per octave of the period.
const TABLES_PER_OCTAVE: f64 = 4.0;
/// Lags side by side, around the period.
const LAGS: usize = 32;
/// Position of the period among them.
const MIDDLE: usize = 15;
/// How far from it, in samples, the maximum is looked for: fundamental frequencies are exact to less than 1 %.
const REACH: usize = 3;
/// Neighbours on either side that a value between lags is interpolated from.
const DEPTH: usize = 12;
/// Shares of repeating energy beyond which the ratio is not followed: -60 and 60 dB.
const SHARES: [f64; 2] = [1e-6, 1.0 - 1e-6];

/// Windows and buffers of one thread.
pub(super) struct Harmonicity {
    /// Ascending lengths.
    windows: Vec<Window>,
    /// The windowed signal with silence on either side.
    windowed: Vec<f32>,
}

struct Window {
    /// Longest period that it is for, in samples.
    period: f64,
    half: usize,
    weights: Vec<f32>,
    sum: f64,
    /// One over the window's own autocorrelation, by lag.
    undo: Vec<f64>,
}

impl Harmonicity {
    /// For periods from `shortest` to `longest`, in samples.
    pub(super) fn new(shortest: f64, longest: f64) -> Self {
        let count = 1 + (TABLES_PER_OCTAVE * (longest / shortest).log2()).ceil().max(0.0) as usize;
        let period = |table: usize| shortest * 2.0_f64.powf(table as f64 / TABLES_PER_OCTAVE);
        Self { windows: (0..count).map(|table| Window::new(period(table))).collect(), windowed: Vec::new() }
    }

    /// Decibels of harmonics over noise around sample `centre`, where the period is `period` samples.
    #[inline(always)]
    pub(super) fn db(&mut self, samples: &[f32], centre: usize, period: f64) -> f32 {
        let table = self.windows.partition_point(|window| window.period < period).min(self.windows.len() - 1);
        let window = &self.windows[table];
        let length = window.weights.len();
        let period = (period.round() as usize).clamp(1, window.undo.len() - LAGS);
        self.windowed.clear();
        self.windowed.resize(period + room(length, LAGS), 0.0);
        let signal = &mut self.windowed[MIDDLE..MIDDLE + length];
        // Moved into the clip where there is room: silence beyond its ends would count as noise.
        let (start, spare) = (centre as isize - window.half as isize, samples.len() as isize - length as isize);
        copy_padded(samples, if spare >= 0 { start.clamp(0, spare) } else { start }, signal);
        let mean = (f64::from(dot(signal, &window.weights)) / window.sum) as f32;
        for (sample, weight) in signal.iter_mut().zip(&window.weights) {
            *sample = (*sample - mean) * weight;
        }
        let energy = f64::from(dot(signal, signal));
        if energy <= 0.0 {
            return 0.0;
        }
        let signal = &self.windowed[MIDDLE..MIDDLE + length];
        let mut correlation = correlations::<LAGS>(signal, &self.windowed[period..]);
        for (value, lag) in correlation.iter_mut().zip(period as isize - MIDDLE as isize..) {
            *value *= window.undo[lag.unsigned_abs()] / energy;
        }
        let share = maximum(&correlation);
        // Where the sound is weaker in the middle of the window than at its ends, more than all of it would repeat.
        let share = if share > 1.0 { 1.0 / share } else { share }.clamp(SHARES[0], SHARES[1]);
        (10.0 * (share / (1.0 - share)).log10()) as f32
    }
}

impl Window {
    fn new(period: f64) -> Self {
        let half = (HALF_PERIODS * period).ceil().max(1.0) as usize;
        let slope = EDGE / (half as f64).powi(2);
        let weights: Vec<f32> =
            (0..=2 * half).map(|n| (slope * (n as f64 - half as f64).powi(2)).exp() as f32).collect();
        // Two Gaussians side by side are one in the middle between them, lower by the square of their distance.
        let undo =
            (0..period.ceil() as usize + 1 + LAGS).map(|lag| (-slope * (lag * lag) as f64 / 2.0).exp()).collect();
        let sum = weights.iter().map(|weight| f64::from(*weight)).sum();
        Self { period, half, weights, sum, undo }
    }
}

/// Largest value near the middle, between the lags too.
#[inline(always)]
fn maximum(correlation: &[f64; LAGS]) -> f64 {
    /// Distance of the points of the second parabola, in lags.
    const FINE: f64 = 0.05;
    let near = MIDDLE - REACH..=MIDDLE + REACH;
    let peak = near.fold(MIDDLE, |best, lag| if correlation[lag] > correlation[best] { lag } else { best });
    let shift = vertex(correlation[peak - 1], correlation[peak], correlation[peak + 1]);
    let [a, b, c] = [shift - FINE, shift, shift + FINE].map(|shift| between(correlation, peak, shift));
    let fine = vertex(a, b, c);
    b - (a - c) * fine / 4.0
}

/// Offset of the vertex of the parabola through three neighbouring values from the middle one, at most half the way to
/// one.
#[inline(always)]
fn vertex(a: f64, b: f64, c: f64) -> f64 {
    let bend = 2.0 * b - a - c;
    if bend > 0.0 { ((c - a) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
}

/// The value at `peak + shift`, by a sinc under a Hann window.
#[inline(always)]
fn between(correlation: &[f64; LAGS], peak: usize, shift: f64) -> f64 {
    use std::f64::consts::PI;
    if shift.abs() < 1e-9 {
        return correlation[peak];
    }
    // From lag to lag the sine of the sinc changes its sign, and the window's cosine turns by the same angle.
    let mut sine = (PI * (shift + DEPTH as f64)).sin();
    let turn = PI / (DEPTH + 1) as f64;
    let (turn_sin, turn_cos) = turn.sin_cos();
    let (mut sin, mut cos) = (turn * (shift + DEPTH as f64)).sin_cos();
    let mut sum = 0.0;
    for (value, step) in correlation[peak - DEPTH..=peak + DEPTH].iter().zip(0_u8..) {
        let distance = shift + DEPTH as f64 - f64::from(step);
        sum += value * sine / (PI * distance) * (0.5 + 0.5 * cos);
        sine = -sine;
        (sin, cos) = (sin * turn_cos - cos * turn_sin, cos * turn_cos + sin * turn_sin);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    const RATE_HZ: f64 = 16_000.0;

    fn harmonicity() -> Harmonicity {
        Harmonicity::new(RATE_HZ / 600.0, RATE_HZ / 65.0)
    }

    /// Harmonics of `f0_hz` with a power of 1, and noise of so many decibels less.
    fn voice(f0_hz: f64, noise_db: f64) -> Vec<f32> {
        let mut rng = Rng::new(2);
        let level = 10.0_f64.powf(-noise_db / 20.0);
        let phase = std::f64::consts::TAU * f0_hz / RATE_HZ;
        (0..16_000)
            .map(|n| {
                let tones = (1..=8).map(|h| (phase * (h * n) as f64 + (h * h) as f64).sin()).sum::<f64>() / 2.0;
                (0.1 * (tones + level * rng.gaussian())) as f32
            })
            .collect()
    }

    /// Mean over the frames of a second.
    fn mean(clip: &[f32], f0_hz: f64) -> f64 {
        let mut harmonicity = harmonicity();
        (0..100).map(|frame| f64::from(harmonicity.db(clip, frame * 160, RATE_HZ / f0_hz))).sum::<f64>() / 100.0
    }

    /// White noise has no correlation from one period to the next, so the ratio is that of the powers. Frames vary, and
    /// decibels of a share near 1 vary more upwards.
    #[test]
    fn tones_in_noise_have_the_ratio_of_their_powers() {
        for f0_hz in [80.0, 123.4, 210.0, 400.0] {
            for db in [0.0, 10.0, 20.0, 30.0] {
                let found = mean(&voice(f0_hz, db), f0_hz);
                assert!((found - db).abs() < 1.5, "{f0_hz} Hz: {found} dB, expected {db}");
            }
        }
    }

    #[test]
    fn pure_harmonics_are_far_above_noise() {
        for f0_hz in [70.0, 101.3, 187.7, 333.3] {
            let found = mean(&voice(f0_hz, 200.0), f0_hz);
            assert!(found > 45.0, "{f0_hz} Hz: {found} dB");
        }
    }

    #[test]
    fn short_clips_and_silence_have_finite_ratios() {
        let mut harmonicity = harmonicity();
        assert_eq!(harmonicity.db(&vec![0.0; 5_000], 2_000, 100.0), 0.0);
        assert_eq!(harmonicity.db(&[], 0, 100.0), 0.0);
        let clip = voice(150.0, 20.0);
        for length in [1, 10, 300, 1_000] {
            for period in [2.0, 26.0, 246.0, 300.0] {
                assert!(harmonicity.db(&clip[..length], length / 2, period).abs() <= 60.0);
            }
        }
    }

    #[test]
    fn the_window_has_the_autocorrelation_that_is_divided_out() {
        let window = Window::new(100.0);
        let at = |lag: usize| -> f64 {
            window.weights.iter().zip(&window.weights[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        for lag in [1, 50, 100, 116] {
            assert!((at(lag) / at(0) * window.undo[lag] - 1.0).abs() < 1e-6, "{lag}");
        }
    }
}
