//! Pulses of the voice, one per period, and how far neighbouring periods differ.
//!
//! P. Boersma, D. Weenink: Praat, manual pages "Sound & Pitch: To PointProcess (cc)", "PointProcess: Get jitter
//! (local)" and "PointProcess & Sound: Get shimmer (local, dB)". In each voiced stretch the first pulse is the largest
//! excursion near the middle. From there on, to both sides, the next pulse lies 0.8 to 1.25 periods away, where a
//! period of the waveform is most like the one around the pulse before: where their normalised cross-correlation is
//! largest, found between samples by a parabola. The limits below are Praat's defaults. Without its floor and ceiling
//! of periods: fundamental frequencies have a range already.

use super::lags::{correlations, room};
use crate::framing::Framing;
use crate::vector::dot;

/// Range in which the next pulse is looked for, in periods.
const NEXT_PERIODS: [f64; 2] = [0.8, 1.25];
/// Correlation above which two periods are taken for the same vibration.
const LEAST_LIKENESS: f64 = 0.3;
/// Correlation above which a period reaches beyond the voiced stretch.
const LEAST_LIKENESS_BEYOND: f64 = 0.7;
/// Largest quotient of neighbouring periods: further apart, a pulse was missed.
const MOST_PERIOD_QUOTIENT: f64 = 1.3;
/// Largest quotient of neighbouring amplitudes.
const MOST_AMPLITUDE_QUOTIENT: f64 = 1.6;
/// Share of the periods before and after a pulse that its amplitude is measured over.
const AMPLITUDE_SHARE: f64 = 0.2;
/// Lags side by side.
const LAGS: usize = 16;
/// Jitter that a measured one is at least, so that 0 says that there is none.
const LEAST_JITTER: f32 = 1e-9;

/// The pulses of one voiced stretch.
#[derive(Default)]
pub(super) struct Pulses {
    /// Positions in samples, ascending.
    at: Vec<f64>,
    /// What is known of each pulse.
    known: Vec<Pulse>,
    /// Samples that are compared with those of a period, and their correlations by lag.
    around: Vec<f32>,
    likeness: Vec<f64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pulse {
    /// Difference of the periods before and after it, and their mean; both 0 where there are none or too unlike ones.
    change: f64,
    period: f64,
    /// Root mean square around it, 0 where it has no periods.
    amplitude: f64,
    /// Decibels to the next pulse's amplitude, up or down; `None` where one is not known or too unlike.
    step_db: Option<f64>,
}

impl Pulses {
    /// Finds the pulses of the voiced frames from `first` on, whose fundamental frequencies are `pitch_hz`.
    #[inline(always)]
    pub(super) fn find(&mut self, samples: &[f32], pitch_hz: &[f32], first: usize, framing: &Framing) {
        let (rate_hz, hop) = (f64::from(framing.sample_rate_hz), framing.hop as f64);
        let left = (first as f64 - 0.5) * hop;
        let right = left + pitch_hz.len() as f64 * hop;
        let period_at = |at: f64| {
            let frame = ((at - left) / hop).max(0.0) as usize;
            rate_hz / f64::from(pitch_hz[frame.min(pitch_hz.len() - 1)])
        };
        self.at.clear();
        let middle = f64::midpoint(left, right);
        if let Some(start) = largest_excursion(samples, middle, period_at(middle)) {
            self.walk(samples, start, [left, right], period_at, -1);
            self.at.reverse();
            self.at.push(start);
            self.walk(samples, start, [left, right], period_at, 1);
        }
        self.measure(samples);
    }

    /// Adds the pulses before (`side` -1) or after (1) the one at `start`, until they leave the stretch between `ends`.
    #[inline(always)]
    fn walk(&mut self, samples: &[f32], start: f64, ends: [f64; 2], period_at: impl Fn(f64) -> f64, side: isize) {
        let mut here = start;
        loop {
            let period = period_at(here);
            // Without any that is like it, the walk goes on a period further, as it does from a pulse that is too
            // unlike.
            let (next, likeness) = self.next(samples, here, period, side).unwrap_or((here + side as f64 * period, 0.0));
            let beyond = if side < 0 { next < ends[0] } else { next > ends[1] };
            if likeness > if beyond { LEAST_LIKENESS_BEYOND } else { LEAST_LIKENESS } {
                self.at.push(next);
            }
            if beyond {
                return;
            }
            here = next;
        }
    }

    /// The pulse before (`side` -1) or after (1) the one at `here`, and how like both periods are, at most 1; `None`
    /// where none is like it, or the clip ends.
    #[inline(always)]
    fn next(&mut self, samples: &[f32], here: f64, period: f64, side: isize) -> Option<(f64, f64)> {
        let length = period.round() as usize;
        let start = usize::try_from((here - period / 2.0).round() as isize).ok()?;
        let piece = samples.get(start..start + length)?;
        // One more on either side, so that every lag within has neighbours; as many as the clip has.
        let first_lag = ((NEXT_PERIODS[0] * period) as usize).saturating_sub(1).max(1);
        let possible = if side < 0 { start } else { samples.len() - length - start };
        let last_lag = ((NEXT_PERIODS[1] * period).ceil() as usize + 1).min(possible);
        let count = (last_lag + 1).checked_sub(first_lag).filter(|count| *count >= 3)?;
        // The pieces that are compared, in the order of time.
        let first = if side < 0 { start - last_lag } else { start + first_lag };
        let around = &samples[first..first + count - 1 + length];
        self.around.clear();
        self.around.extend_from_slice(around);
        self.around.resize(room(length, count.next_multiple_of(LAGS)), 0.0);
        self.likeness.clear();
        for block in (0..count).step_by(LAGS) {
            self.likeness.extend(correlations::<LAGS>(piece, &self.around[block..]));
        }
        self.likeness.truncate(count);
        let square = |sample: f32| f64::from(sample).powi(2);
        let energy_here = f64::from(dot(piece, piece));
        let mut energy = f64::from(dot(&around[..length], &around[..length]));
        for (index, likeness) in self.likeness.iter_mut().enumerate() {
            let energies = energy_here * energy;
            *likeness = if energies > 0.0 { *likeness / energies.sqrt() } else { 0.0 };
            // From piece to piece one sample goes out and one comes in.
            energy += around.get(index + length).map_or(0.0, |new| square(*new)) - square(around[index]);
        }
        if side < 0 {
            self.likeness.reverse();
        }
        let peaks = self.likeness.array_windows().enumerate().filter(|(_, [a, b, c])| b > a && b >= c);
        let (at, &[a, b, c]) = peaks.max_by(|(_, [_, b, _]), (_, [_, other, _])| b.total_cmp(other))?;
        let shift = (c - a) / (2.0 * (2.0 * b - a - c));
        let lag = (first_lag + at + 1) as f64 + shift;
        Some((here + side as f64 * lag, b + (c - a) * shift / 4.0))
    }

    /// Fills `known` from `at`.
    #[inline(always)]
    fn measure(&mut self, samples: &[f32]) {
        self.known.clear();
        self.known.resize(self.at.len(), Pulse::default());
        for (pulse, &[before, at, after]) in self.known.iter_mut().skip(1).zip(self.at.array_windows()) {
            let (left, right) = (at - before, after - at);
            if left.max(right) <= MOST_PERIOD_QUOTIENT * left.min(right) {
                pulse.change = (left - right).abs();
                pulse.period = f64::midpoint(left, right);
                pulse.amplitude = amplitude(samples, at, AMPLITUDE_SHARE * left, AMPLITUDE_SHARE * right);
            }
        }
        for index in 1..self.known.len() {
            let (a, b) = (self.known[index - 1].amplitude, self.known[index].amplitude);
            if a > 0.0 && b > 0.0 && a.max(b) <= MOST_AMPLITUDE_QUOTIENT * a.min(b) {
                self.known[index - 1].step_db = Some((20.0 * (a / b).log10()).abs());
            }
        }
    }

    /// Jitter, and shimmer in decibels, of the pulses up to `reach` from `centre`; `None` where too few are known.
    #[inline(always)]
    pub(super) fn around(&self, centre: f64, reach: f64) -> Option<(f32, f32)> {
        let from = self.at.partition_point(|at| *at < centre - reach);
        let to = self.at.partition_point(|at| *at <= centre + reach);
        self.perturbation(from, to)
    }

    /// The same of the pulses `from` to `to`.
    fn perturbation(&self, from: usize, to: usize) -> Option<(f32, f32)> {
        if to < from + 3 {
            return None;
        }
        let inner = &self.known[from + 1..to - 1];
        let (change, period) = inner.iter().fold((0.0, 0.0), |sum, pulse| (sum.0 + pulse.change, sum.1 + pulse.period));
        let steps = self.known[from..to - 1].iter().filter_map(|pulse| pulse.step_db);
        let (step_db, steps) = steps.fold((0.0, 0), |sum, step| (sum.0 + step, sum.1 + 1));
        (period > 0.0 && steps > 0)
            .then(|| (((change / period) as f32).max(LEAST_JITTER), (step_db / f64::from(steps)) as f32))
    }
}

/// Position of the largest absolute sample within half a period of `middle`; `None` outside the clip.
fn largest_excursion(samples: &[f32], middle: f64, period: f64) -> Option<f64> {
    let first = (middle - period / 2.0).max(0.0) as usize;
    let last = ((middle + period / 2.0) as usize + 1).min(samples.len());
    let near = samples.get(first..last)?;
    let largest = near.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
    Some((first + largest.0) as f64)
}

/// Root mean square around `at` under half a Hann window of `left` samples before it and another of `right` after it.
#[inline(always)]
fn amplitude(samples: &[f32], at: f64, left: f64, right: f64) -> f64 {
    let end = (at + right) as usize + 1;
    let middle = (at.max(0.0).ceil() as usize).min(samples.len());
    let start = ((at - left).max(0.0).ceil() as usize).min(middle);
    let (mut squares, mut weights) = (0.0, 0.0);
    for (from, to, width) in [(start, middle, left), (middle, end.clamp(middle, samples.len()), right)] {
        // The window's cosine turns by the same angle from sample to sample.
        let (turn_sin, turn_cos) = (std::f64::consts::PI / width).sin_cos();
        let (mut sin, mut cos) = (std::f64::consts::PI * (from as f64 - at) / width).sin_cos();
        for sample in &samples[from..to] {
            let weight = (0.5 + 0.5 * cos).powi(2);
            squares += f64::from(*sample).powi(2) * weight;
            weights += weight;
            (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
        }
    }
    if weights > 0.0 { (squares / weights).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;

    const FRAMES: usize = 60;

    /// Decaying resonances struck at these times, in samples, as hard as said.
    fn strikes(times: &[f64], amplitudes: &[f64]) -> Vec<f32> {
        let mut clip = vec![0.0_f64; FRAMES * 160];
        for (time, amplitude) in times.iter().zip(amplitudes.iter().cycle()) {
            for (n, sample) in clip.iter_mut().enumerate().skip(time.ceil() as usize) {
                let t = n as f64 - time;
                // Begins and ends smoothly: what is measured is between samples.
                *sample += amplitude * (t / 6.0).powi(2) * (-t / 6.0).exp() * (0.5 * t).cos();
            }
        }
        clip.iter().map(|sample| 0.1 * *sample as f32).collect()
    }

    /// Times from 300 samples on, by these periods in turn.
    fn times(periods: &[f64]) -> Vec<f64> {
        let steps = periods.iter().cycle();
        let times = steps.scan(300.0, |at, period| {
            *at += period;
            Some(*at)
        });
        times.take_while(|at| *at < FRAMES as f64 * 160.0 - 300.0).collect()
    }

    fn of(clip: &[f32], period: f64) -> Pulses {
        let framing = Framing::new(&Params::default(), 16_000);
        let mut pulses = Pulses::default();
        pulses.find(clip, &[(16_000.0 / period) as f32; FRAMES - 6], 3, &framing);
        pulses
    }

    fn whole(pulses: &Pulses) -> (f32, f32) {
        pulses.perturbation(0, pulses.at.len()).expect("pulses")
    }

    #[test]
    fn every_strike_is_a_pulse() {
        let times = times(&[130.3]);
        let pulses = of(&strikes(&times, &[1.0]), 130.3);
        for pair in pulses.at.windows(2) {
            assert!((pair[1] - pair[0] - 130.3).abs() < 0.05, "{pair:?}");
        }
        let (jitter, shimmer_db) = whole(&pulses);
        assert!(pulses.at.len() > 60 && jitter < 3e-4 && shimmer_db < 0.02, "{jitter} {shimmer_db}");
    }

    #[test]
    fn alternating_periods_are_jitter() {
        for apart in [0.5, 1.3, 4.0] {
            let times = times(&[120.0 - apart / 2.0, 120.0 + apart / 2.0]);
            let (jitter, _) = whole(&of(&strikes(&times, &[1.0]), 120.0));
            let expected = apart / 120.0;
            assert!((f64::from(jitter) / expected - 1.0).abs() < 0.06, "{jitter}, expected {expected}");
        }
    }

    #[test]
    fn alternating_amplitudes_are_shimmer() {
        for db in [0.1_f64, 0.5, 1.5] {
            let amplitudes = [1.0, 10.0_f64.powf(db / 20.0)];
            let pulses = of(&strikes(&times(&[125.0]), &amplitudes), 125.0);
            let (jitter, shimmer_db) = whole(&pulses);
            assert!((f64::from(shimmer_db) / db - 1.0).abs() < 0.02, "{shimmer_db}, expected {db}");
            assert!(jitter < 1e-3, "{jitter}");
            let (_, near_db) = pulses.around(4_000.0, 384.0).expect("pulses");
            assert!((near_db - shimmer_db).abs() < 0.02 * shimmer_db, "{near_db}, expected {shimmer_db}");
        }
    }

    #[test]
    fn a_missing_strike_is_no_jitter() {
        let mut times = times(&[120.0]);
        times.remove(30);
        let (jitter, _) = whole(&of(&strikes(&times, &[1.0]), 120.0));
        assert!(jitter < 0.01, "{jitter}");
    }

    #[test]
    fn silence_and_short_clips_have_no_pulses() {
        assert!(of(&vec![0.0; FRAMES * 160], 100.0).around(4_000.0, 384.0).is_none());
        for length in [0, 1, 50, 400] {
            assert!(of(&strikes(&times(&[100.0]), &[1.0])[..length], 100.0).around(4_000.0, 384.0).is_none());
        }
    }

    /// The stretch goes on beyond the clip, so that the walk meets its end at any place of a period.
    #[test]
    fn a_clip_may_end_anywhere() {
        let clip = strikes(&times(&[40.0]), &[1.0]);
        let framing = Framing::new(&Params::default(), 16_000);
        for length in 500..600 {
            let mut pulses = Pulses::default();
            pulses.find(&clip[..length], &[400.0; 6], 0, &framing);
            let within = pulses.at.iter().all(|at| (0.0..length as f64).contains(at));
            assert!(pulses.at.len() > 2 && pulses.at.is_sorted() && within, "{length}: {:?}", pulses.at);
        }
    }
}
