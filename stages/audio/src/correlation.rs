//! How well the waveforms of two clips agree, by the phases of their low bands: what confirms that they hold one take.
//!
//! Two takes of one phrase can have like spectra all along, and a vowel at the same pitch can keep their waveforms in step for
//! a moment. A copy's stay in step throughout, however it was coded, filtered, delayed or turned around, and even if a clock ran
//! slow or fast by a thousandth. So one delay, one drift and one turn of each band are fitted to all of the common audio; they
//! must hold for the whole and for the median of its parts.

use std::f64::consts::{PI, TAU};

use crate::phase::{CENTRES_HZ, RATE_HZ};

/// Samples in a word; each has four bits, two for each band.
const SAMPLES_PER_WORD: i64 = 8;
/// Bits of each band in a word.
const BAND_BITS: [u32; BANDS] = [0x3333_3333, 0xcccc_cccc];
const BANDS: usize = 2;
/// Bits of real parts in a word. The others are of imaginary parts.
const REAL_BITS: u32 = 0x5555_5555;
/// How far from the offset of the fingerprints a common waveform is looked for, in samples: 40 ms.
const REACH: i64 = 16;
/// Lags beyond the reach, which interpolation and drift need.
const MARGIN: i64 = 10;
/// Samples on either side that a value between two lags is made of.
const TAPS: i64 = 6;
/// Words in a segment, within which no clock drifts: 0.2 s.
const SEGMENT_WORDS: usize = 10;
/// Samples that must count in both clips, at least: 0.3 s, or half of what they have in common where that is less.
const MIN_SAMPLES: u32 = 120;
/// Samples that must count in any case: 0.15 s.
const FEWEST_SAMPLES: u32 = 60;
/// Steps of the drift from end to end that are tried, seconds: less than half a cycle of the upper band.
const DRIFT_STEP_S: f64 = 0.000_5;
/// The largest drift that is tried, as a share of the time and in steps.
const MAX_DRIFT: (f64, i64) = (0.001_2, 12);

/// A complex number.
type Complex = [f64; 2];

/// What two clips have in common in one segment at one lag.
#[derive(Debug, Clone, Copy, Default)]
struct Product {
    /// Sum over samples of one clip's conjugate times the other's, band by band.
    bands: [Complex; BANDS],
    /// Samples that count in both.
    samples: u32,
}

/// What two clips have in common in one part at all lags and halfway between: place `2 n` is that of lag `n`. The bands fit between
/// two samples, so the products between follow from those around.
struct Segment(Vec<Product>);

/// How much later a part lies than the middle one: in places, and as the turn that it gives each band.
struct Delay {
    places: i64,
    turns: [Complex; BANDS],
}

impl Segment {
    /// From the products at all lags.
    fn new(products: &[Product]) -> Self {
        let weights: Vec<(i64, f64)> = (1 - TAPS..=TAPS)
            .map(|tap| {
                let distance = PI * (tap as f64 - 0.5);
                (tap, distance.sin() / distance * (0.5 + 0.5 * (distance / TAPS as f64).cos()))
            })
            .collect();
        let at = |place: i64| usize::try_from(place).ok().and_then(|place| products.get(place)).copied();
        let between = |place: i64| {
            let mut sum = Product { samples: products[place as usize].samples, ..Product::default() };
            for (tap, weight) in &weights {
                let bands = at(place + tap).unwrap_or_default().bands;
                for (sum, value) in sum.bands.iter_mut().flatten().zip(bands.iter().flatten()) {
                    *sum += weight * value;
                }
            }
            sum
        };
        Self((0..products.len()).flat_map(|place| [products[place], between(place as i64)]).collect())
    }

    /// The products where the middle part has `place`.
    fn delayed(&self, place: i64, delay: &Delay) -> Product {
        let mut product = self.at(place + delay.places);
        for ([real, imaginary], [cos, sin]) in product.bands.iter_mut().zip(delay.turns) {
            (*real, *imaginary) = (*real * cos - *imaginary * sin, *real * sin + *imaginary * cos);
        }
        product
    }

    /// Beyond the lags that were looked at, nothing is in common.
    fn at(&self, place: i64) -> Product {
        usize::try_from(place).ok().and_then(|place| self.0.get(place)).copied().unwrap_or_default()
    }
}

/// Correlation of the [phases](crate::phase()) of `a` with those of `b`, which lie `offset` words later, give or take 40 ms: that of the whole or the
/// median of parts of 0.2 s, whichever is lower. -1 to 1, 1 for equal phases. `None` where too few samples count in both to say.
pub fn correlation(a: &[u32], b: &[u32], offset: i64) -> Option<f64> {
    let lags: Vec<i64> = (-REACH - MARGIN..=REACH + MARGIN).map(|lag| lag + offset * SAMPLES_PER_WORD).collect();
    // Words of `a` that have a counterpart.
    let from = usize::try_from(-offset).unwrap_or(0).min(a.len());
    let until = usize::try_from(b.len() as i64 - offset).unwrap_or(0).clamp(from, a.len());
    let segments: Vec<Segment> = (from..until)
        .step_by(SEGMENT_WORDS)
        .map(|start| {
            let words = &a[start..(start + SEGMENT_WORDS).min(until)];
            let at = start as i64 * SAMPLES_PER_WORD;
            Segment::new(&lags.iter().map(|lag| product(words, b, at + lag)).collect::<Vec<_>>())
        })
        .collect();
    let seconds = (until - from) as f64 * SAMPLES_PER_WORD as f64 / RATE_HZ;
    let most = ((MAX_DRIFT.0 * seconds / DRIFT_STEP_S) as i64).min(MAX_DRIFT.1);
    let half = (until - from).saturating_mul(SAMPLES_PER_WORD as usize / 2);
    let fewest = u32::try_from(half).unwrap_or(MIN_SAMPLES).clamp(FEWEST_SAMPLES, MIN_SAMPLES);
    let places: Vec<i64> = (2 * MARGIN..=2 * (MARGIN + 2 * REACH))
        .filter(|place| segments.iter().map(|segment| segment.at(*place).samples).sum::<u32>() >= fewest)
        .collect();
    let mut best: Option<(f64, Vec<Product>)> = None;
    for drift in -most..=most {
        let delays = delays(segments.len(), drift as f64 * DRIFT_STEP_S);
        let parts =
            |place: i64| segments.iter().zip(&delays).map(move |(segment, delay)| segment.delayed(place, delay));
        let fits = places.iter().map(|place| (agreeing(parts(*place)), *place));
        let fit = fits.max_by(|one, other| one.0.total_cmp(&other.0));
        if let Some((agreeing, place)) = fit.filter(|fit| best.as_ref().is_none_or(|best| fit.0 > best.0)) {
            best = Some((agreeing, parts(place).collect()));
        }
    }
    // Between two lags, the products may exceed those of equal phases.
    best.and_then(|(whole, parts)| Some(median(&parts)?.min(whole).min(1.0)))
}

/// How much later the middle of each of `parts` lies, when they drift by `drift_s` from end to end.
fn delays(parts: usize, drift_s: f64) -> Vec<Delay> {
    let of = |part: usize| {
        let late_s = drift_s * ((part as f64 + 0.5) / parts as f64 - 0.5);
        // A delay turns a band by as many cycles of its centre.
        let turns = CENTRES_HZ.map(|centre_hz| {
            let (sin, cos) = (TAU * centre_hz * late_s).sin_cos();
            [cos, sin]
        });
        Delay { places: (2.0 * RATE_HZ * late_s).round() as i64, turns }
    };
    (0..parts).map(of).collect()
}

/// Sum over the parts, band by band.
fn sums(parts: impl Iterator<Item = Product>) -> Product {
    parts.fold(Product::default(), |mut sums, part| {
        sums.samples += part.samples;
        for (sum, value) in sums.bands.iter_mut().flatten().zip(part.bands.iter().flatten()) {
            *sum += value;
        }
        sums
    })
}

/// Share of all samples that are in step, whatever the turn of each band.
fn agreeing(parts: impl Iterator<Item = Product>) -> f64 {
    let sums = sums(parts);
    let size: f64 = sums.bands.iter().map(|[real, imaginary]| real.hypot(*imaginary)).sum();
    size / f64::from(4 * sums.samples.max(1))
}

/// Median over the parts, by their samples, of how well each agrees when both bands are turned as fits all of them best.
fn median(parts: &[Product]) -> Option<f64> {
    let turns = sums(parts.iter().copied()).bands.map(|[real, imaginary]| {
        let size = real.hypot(imaginary).max(f64::MIN_POSITIVE);
        [real / size, imaginary / size]
    });
    let along = |part: &Product| {
        let bands = part.bands.iter().zip(turns);
        bands.map(|(value, turn)| value[0] * turn[0] + value[1] * turn[1]).sum::<f64>() / f64::from(4 * part.samples)
    };
    let mut values: Vec<(f64, u32)> =
        parts.iter().filter(|part| part.samples > 0).map(|part| (along(part), part.samples)).collect();
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = values.iter().map(|(_, samples)| samples).sum::<u32>().div_ceil(2);
    let mut below = 0;
    let middle = values.iter().find(|(_, samples)| {
        below += samples;
        below >= half
    });
    middle.map(|(value, _)| *value)
}

/// Products of `words` with the samples of `b` from `from` on.
fn product(words: &[u32], b: &[u32], from: i64) -> Product {
    let (first, shift) = (from.div_euclid(SAMPLES_PER_WORD), 4 * from.rem_euclid(SAMPLES_PER_WORD));
    let word = |at: i64| usize::try_from(at).ok().and_then(|at| b.get(at)).copied().unwrap_or(0);
    let counts = |word: u32| if word == 0 { 0 } else { u32::MAX };
    let joined = |low: u32, high: u32| ((u64::from(high) << 32 | u64::from(low)) >> shift) as u32;
    let mut sums = Product::default();
    for (at, word_a) in (first..).zip(words) {
        let (low, high) = (word(at), word(at + 1));
        let valid = counts(*word_a) & joined(counts(low), counts(high));
        let word_b = joined(low, high);
        let turned = ((word_b & REAL_BITS) << 1) | ((word_b >> 1) & REAL_BITS);
        let (equal, crossed) = (!(word_a ^ word_b) & valid, !(word_a ^ turned) & valid);
        sums.samples += valid.count_ones() / 4;
        for ([real, imaginary], bits) in sums.bands.iter_mut().zip(BAND_BITS) {
            let count = |bits: u32| f64::from(bits.count_ones());
            *real += 2.0 * count(equal & bits) - count(valid & bits);
            *imaginary += 2.0 * (count(crossed & bits & REAL_BITS) - count(crossed & bits & !REAL_BITS));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random words, from a linear congruential generator.
    fn words(seed: u64, length: usize) -> Vec<u32> {
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 32) as u32 | 1
            })
            .collect()
    }

    /// `words` from sample `samples` on, as when a copy was cut there.
    fn late(words: &[u32], samples: usize) -> Vec<u32> {
        let word = |at: usize| u64::from(words.get(at).copied().unwrap_or(0));
        let (first, shift) = (samples / 8, 4 * (samples % 8));
        (first..words.len()).map(|at| ((word(at) | word(at + 1) << 32) >> shift) as u32).collect()
    }

    /// Every sample of `words` turned by a quarter: what was real is imaginary, and what was imaginary is real and negative.
    fn turned(words: &[u32]) -> Vec<u32> {
        words.iter().map(|word| ((word & REAL_BITS) << 1) | (!(word >> 1) & REAL_BITS)).collect()
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 0.02), "{found:?}, not {expected}");
    }

    #[test]
    fn equal_phases_correlate_whatever_their_delay_and_turn() {
        let a = words(1, 100);
        close(correlation(&a, &a, 0), 1.0);
        close(correlation(&a, &turned(&a), 0), 1.0);
        close(correlation(&a, &a.iter().map(|word| !word).collect::<Vec<_>>(), 0), 1.0);
        for samples in [3, 8, 13] {
            close(correlation(&a, &late(&a, samples), 0), 1.0);
        }
        close(correlation(&a, &late(&a, 83), -10), 1.0);
        close(correlation(&late(&a, 83), &a, 10), 1.0);
        assert!(correlation(&a, &late(&a, 83), 0).is_some_and(|found| found < 0.2), "beyond the reach");
    }

    #[test]
    fn other_phases_do_not_correlate_and_a_moment_in_step_is_not_enough() {
        let (a, mut b) = (words(1, 100), words(2, 100));
        assert!(correlation(&a, &b, 0).is_some_and(|found| found < 0.2));
        // Four tenths in common: 0.4 of the whole, and next to nothing of most parts.
        b[..40].copy_from_slice(&a[..40]);
        assert!(correlation(&a, &b, 0).is_some_and(|found| found < 0.2), "{:?}", correlation(&a, &b, 0));
        // Six tenths: what the others agree by chance, when that is looked for, comes on top.
        b[..60].copy_from_slice(&a[..60]);
        assert!(
            correlation(&a, &b, 0).is_some_and(|found| (0.58..0.68).contains(&found)),
            "{:?}",
            correlation(&a, &b, 0)
        );
    }

    #[test]
    fn what_does_not_count_says_nothing() {
        let a = words(1, 100);
        let half: Vec<u32> = a.iter().enumerate().map(|(at, word)| if at % 2 == 0 { *word } else { 0 }).collect();
        close(correlation(&a, &half, 0), 1.0);
        assert_eq!(correlation(&a, &[0; 100], 0), None);
        close(correlation(&a[..10], &a[..10], 0), 1.0);
        assert_eq!(correlation(&a[..7], &a[..7], 0), None, "0.14 s are too few");
        for offset in [0, 5, -5, 1_000, -1_000, i64::from(i32::MAX)] {
            assert_eq!(correlation(&[], &[], offset), None);
            assert_eq!(correlation(&a, &[7], offset), None);
        }
    }
}
