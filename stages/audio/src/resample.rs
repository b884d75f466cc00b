//! Sample rate conversion: one channel, whole clips, any ratio of two integer rates.
//!
//! A windowed sinc filters the clip block by block in the frequency domain (`blocks`), centred on time 0, so there is no
//! delay to take off. Where both rates are small multiples of a common one, the same transforms change the rate, exactly.
//! Other pairs, TESS' 24 414 to 16 000 Hz among them, would need transforms of odd and enormous lengths: there the
//! filtered clip, which holds nothing above the lower Nyquist frequency any more, is read off between its samples by a
//! short second sinc (`between`), at exact positions.
//!
//! Accuracy, measured in `tests/it/resampling.rs` over pairs from 8 to 96 kHz: within 0.01 dB up to 90 % of the lower
//! Nyquist frequency, 100 dB down from that frequency on, less than 0.001 samples early or late. The transition lies
//! between 92 % and 100 % of the lower Nyquist frequency.
//!
//! rubato 5.0 was measured for this first. Its FFT resampler fits its cut-off to filters of 32 to 2048 points and lets no
//! caller choose it; 24 414 to 16 000 Hz needs blocks of 16 000 and leaves aliases at -45 dB next to the new Nyquist
//! frequency.

mod between;
mod blocks;
mod sinc;

use thiserror::Error;

use self::between::Between;
use self::blocks::Blocks;
use crate::SAMPLE_RATES_HZ;

/// Where the transition begins and ends, as shares of the lower Nyquist frequency.
const PASS: f64 = 0.92;
const STOP: f64 = 1.0;
/// Attenuation of the filter from [`STOP`] on, decibels.
const ATTENUATION_DB: f64 = 110.0;
/// Transforms are quick for lengths without larger prime factors.
const LARGEST_QUICK_FACTOR: usize = 13;
/// A common unit of this many samples fits into blocks without waste.
const LARGEST_UNIT: usize = 2_048;

/// Why a [`Resampler`] cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum ResampleError {
    /// A rate outside [`SAMPLE_RATES_HZ`].
    #[error("sample rate {hz} Hz, expected {} to {} Hz", SAMPLE_RATES_HZ.start(), SAMPLE_RATES_HZ.end())]
    RateOutOfRange { hz: u32 },
}

/// Converts clips from one sample rate to another.
///
/// Making one computes the filters and plans the transforms, which takes milliseconds. Make one per pair and thread, and
/// use it for many clips.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    plan: Plan,
    /// The filtered clip of [`Plan::Between`].
    filtered: Vec<f32>,
}

enum Plan {
    /// The rates are equal.
    Nothing,
    /// Filtering changes the rate.
    Blocks(Blocks),
    /// The clip is filtered first, then read off between its samples.
    Between(Blocks, Between),
}

impl Resampler {
    /// Plans the conversion from `from_hz` to `to_hz`, both within [`SAMPLE_RATES_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        for hz in [from_hz, to_hz] {
            if !SAMPLE_RATES_HZ.contains(&hz) {
                return Err(ResampleError::RateOutOfRange { hz });
            }
        }
        Ok(Self { from_hz, to_hz, plan: Plan::new(from_hz as usize, to_hz as usize), filtered: Vec::new() })
    }

    /// Frames that [`resample`](Self::resample) returns for `n` frames: `ceil(n * to_hz / from_hz)`, exactly.
    ///
    /// Output frame `k` stands at the time `k / to_hz` of the input, so the last one lies within the last frame of the
    /// input.
    pub fn output_len(&self, n: usize) -> usize {
        let frames = (n as u128 * u128::from(self.to_hz)).div_ceil(u128::from(self.from_hz));
        usize::try_from(frames).unwrap_or(usize::MAX)
    }

    /// Converts one clip. `mono` is taken as silent before its first frame and behind its last one.
    ///
    /// Nothing of one clip is kept for the next. Equal rates return the samples as they are.
    pub fn resample(&mut self, mono: &[f32]) -> Vec<f32> {
        let mut output = Vec::new();
        self.resample_into(mono, &mut output);
        output
    }

    /// Like [`resample`](Self::resample), into memory that can be used again; what `output` held is gone.
    pub fn resample_into(&mut self, mono: &[f32], output: &mut Vec<f32>) {
        let length = self.output_len(mono.len());
        match &mut self.plan {
            Plan::Nothing => {
                output.clear();
                output.extend_from_slice(mono);
            }
            Plan::Blocks(blocks) => blocks.run(mono, 0, length, output),
            Plan::Between(blocks, between) => {
                blocks.run(mono, between.margin(), between.input_len(length), &mut self.filtered);
                between.run(&self.filtered, length, output);
            }
        }
    }
}

impl Plan {
    fn new(from: usize, to: usize) -> Self {
        if from == to {
            return Self::Nothing;
        }
        let taps = filter(from, to);
        let divisor = gcd(from, to);
        let (unit_in, unit_out) = (from / divisor, to / divisor);
        if unit_in.max(unit_out) <= LARGEST_UNIT && is_quick(unit_in) && is_quick(unit_out) {
            return Self::Blocks(Blocks::new(unit_in, unit_out, &taps));
        }
        // Between samples can be read what leaves room between its highest frequency and that one's first image.
        let highest = from.min(to);
        let factor = if from - highest >= from * 3 / 10 { 1 } else { 2 };
        Self::Between(Blocks::new(1, factor, &taps), Between::new(factor * from, to, highest))
    }
}

/// Taps of the filter at the input's rate: an odd number, with sum 1.
fn filter(from: usize, to: usize) -> Vec<f64> {
    let low = from.min(to) as f64 / from as f64;
    let half = sinc::half_length(ATTENUATION_DB, low * (STOP - PASS)).ceil();
    let sinc = sinc::Windowed::new(ATTENUATION_DB, low * f64::midpoint(PASS, STOP), half);
    let mut taps: Vec<f64> = (0..=2 * half as usize).map(|tap| sinc.at(tap as f64 - half)).collect();
    let sum: f64 = taps.iter().sum();
    for tap in &mut taps {
        *tap /= sum;
    }
    taps
}

/// `true` if `n` has small prime factors only.
fn is_quick(mut n: usize) -> bool {
    for factor in 2..=LARGEST_QUICK_FACTOR {
        while n.is_multiple_of(factor) {
            n /= factor;
        }
    }
    n == 1
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_with_a_small_common_unit_are_converted_by_the_filter_itself() {
        for (from, to) in [(48_000, 16_000), (44_100, 16_000), (22_050, 16_000), (14_400, 16_000), (17_600, 16_000)] {
            assert!(matches!(Plan::new(from, to), Plan::Blocks(_)), "{from} -> {to}");
        }
        for (from, to) in [(24_414, 16_000), (16_000, 24_414), (191_999, 8_000), (8_001, 8_000)] {
            assert!(matches!(Plan::new(from, to), Plan::Between(..)), "{from} -> {to}");
        }
    }
}
