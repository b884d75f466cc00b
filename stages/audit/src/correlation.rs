//! How well the waveforms of two clips agree, by the phases of their low bands: what confirms that they hold one take.
//!
//! Two takes of one phrase can have like spectra all along. Their waveforms do not stay in step for half a second. A copy's
//! do, however it was coded, filtered, delayed or turned around, and up to a clock that runs slow or fast by a thousandth.

use std::f64::consts::{PI, TAU};

use ser_schemas::{PHASE_CENTRES_HZ, PHASE_RATE_HZ};

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
/// Samples that must count in both clips, at least: 0.3 s.
const MIN_SAMPLES: u32 = 120;
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

/// Correlation of the phases of `a` with those of `b`, which lie `offset` words later, give or take 40 ms: 0 to 1, 1 for equal
/// phases. `None` where too few samples count in both to say.
pub(crate) fn correlation(a: &[u32], b: &[u32], offset: i64) -> Option<f64> {
    let lags: Vec<i64> = (-REACH - MARGIN..=REACH + MARGIN).map(|lag| lag + offset * SAMPLES_PER_WORD).collect();
    // Words of `a` that have a counterpart, whole segments of them.
    let from = usize::try_from(-offset).unwrap_or(0).min(a.len());
    let until = usize::try_from(b.len() as i64 - offset).unwrap_or(0).clamp(from, a.len());
    let starts: Vec<usize> = (from..until).step_by(SEGMENT_WORDS).collect();
    let segments: Vec<Vec<Product>> = starts
        .iter()
        .map(|start| {
            let words = &a[*start..(start + SEGMENT_WORDS).min(until)];
            lags.iter().map(|lag| product(words, b, *start as i64 * SAMPLES_PER_WORD + lag)).collect()
        })
        .collect();
    let seconds = (until - from) as f64 * SAMPLES_PER_WORD as f64 / PHASE_RATE_HZ;
    let most = ((MAX_DRIFT.0 * seconds / DRIFT_STEP_S) as i64).min(MAX_DRIFT.1);
    let between: Vec<Vec<[Complex; BANDS]>> = segments.iter().map(|products| halfway(products)).collect();
    let mut best = None;
    for at in 2 * MARGIN..=2 * (MARGIN + 2 * REACH) {
        let samples: u32 = segments.iter().map(|products| products[(at / 2) as usize].samples).sum();
        if samples < MIN_SAMPLES {
            continue;
        }
        for drift in -most..=most {
            let agreeing = in_step(&between, at, drift as f64 * DRIFT_STEP_S);
            best = Some(f64::max(best.unwrap_or(0.0), agreeing / f64::from(4 * samples)));
        }
    }
    // Between two lags, the product may exceed that of equal phases.
    best.map(|best| best.min(1.0))
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

/// The products at all lags and halfway between: value `2 n` is that of lag `n`. The band fits between two samples, so those
/// between follow from those around.
fn halfway(products: &[Product]) -> Vec<[Complex; BANDS]> {
    let weights: Vec<(i64, f64)> = (1 - TAPS..=TAPS)
        .map(|tap| {
            let distance = PI * (tap as f64 - 0.5);
            (tap, distance.sin() / distance * (0.5 + 0.5 * (distance / TAPS as f64).cos()))
        })
        .collect();
    let at = |place: i64| usize::try_from(place).ok().and_then(|place| products.get(place)).copied();
    let between = |place: i64| {
        let mut sum = [[0.0; 2]; BANDS];
        for (tap, weight) in &weights {
            let bands = at(place + tap).unwrap_or_default().bands;
            for (sum, value) in sum.iter_mut().flatten().zip(bands.iter().flatten()) {
                *sum += weight * value;
            }
        }
        sum
    };
    (0..products.len()).flat_map(|place| [products[place].bands, between(place as i64)]).collect()
}

/// Sum of the products of all segments at the lag of place `at` for the middle one, when the others lie later or earlier in
/// proportion, by `drift_s` from end to end; over both bands, whatever the turn of each.
fn in_step(segments: &[Vec<[Complex; BANDS]>], at: i64, drift_s: f64) -> f64 {
    let mut sums = [[0.0; 2]; BANDS];
    for (index, places) in segments.iter().enumerate() {
        let late_s = drift_s * ((index as f64 + 0.5) / segments.len() as f64 - 0.5);
        let place = at + (2.0 * PHASE_RATE_HZ * late_s).round() as i64;
        let Some(bands) = usize::try_from(place).ok().and_then(|place| places.get(place)) else { continue };
        for ((sum, value), centre_hz) in sums.iter_mut().zip(bands).zip(PHASE_CENTRES_HZ) {
            // A delay turns a band by as many cycles of its centre.
            let (sin, cos) = (TAU * centre_hz * late_s).sin_cos();
            sum[0] += value[0] * cos - value[1] * sin;
            sum[1] += value[0] * sin + value[1] * cos;
        }
    }
    sums.iter().map(|[real, imaginary]| real.hypot(*imaginary)).sum()
}
