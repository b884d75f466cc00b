//! The phases of a take's low bands: what tells two copies of one take from two takes of one phrase.
//!
//! A [`fingerprint`](crate::fingerprint()) says which bands gain on which. Two takes of the same words by a practised speaker can
//! agree in that. Their waveforms do not stay in step: no voice repeats its cycles to a fraction of a millisecond for half a
//! second. So two bands from 300 to 1000 Hz, which telephones pass and codecs keep best, are each shifted to 0 Hz and sampled 400
//! times a second, and of each sample only the quadrant is kept, in two bits. Quadrants know no level; a filter, another
//! polarity and a delay turn all of a band alike. With two bands, the strongest harmonic does not speak for all.

use std::cell::RefCell;
use std::f64::consts::{PI, TAU};
use std::rc::Rc;

use realfft::num_complex::Complex32;

use crate::decimate::{decimate, dot};
use crate::wide::wide;

/// Samples per second of a shifted band.
pub(crate) const RATE_HZ: f64 = 400.0;
/// Centre of each band, which comes to lie at 0 Hz.
pub(crate) const CENTRES_HZ: [f64; 2] = [475.0, 825.0];
/// Samples of a shifted band within which both centres go through whole cycles, 19 and 33 of them.
const TURNS: usize = 16;
/// Half the width of a band, hertz: the filter's -6 dB points lie so far from the centre.
const HALF_WIDTH_HZ: f64 = 175.0;
/// Half the length of the filter, seconds.
const HALF_LENGTH_S: f64 = 0.01;
/// Samples of a shifted band in a word: 20 ms.
const SAMPLES_PER_WORD: usize = 8;
/// Lowest sample rate that decimation may leave before the bands are cut out, hertz.
const ANALYSIS_RATE_HZ: u32 = 4_000;
/// Positions between two samples that the filter is tabulated at.
const POSITIONS: usize = 32;
/// A word whose bands are this far below the loudest one does not count, decibels.
const INACTIVE_BELOW_LOUDEST_DB: f32 = 45.0;

/// One sample of both bands: real and imaginary part of the lower one, then of the upper one.
type Sample = [f32; 4];

/// Quadrants of the bands around 475 and 825 Hz of one channel, 400 a second: one word for every full 20 ms (at least one), as
/// in a [`fingerprint`](crate::fingerprint()). Of sample `n` of a word, bits `4 n` to `4 n + 3` are set where the real and the
/// imaginary part of the lower band, and those of the upper one, are not negative. 0 stands for a word that does not count, 45 dB
/// and more below the loudest. `None` when none counts, as in silence.
pub fn phase(samples: &[f32], sample_rate_hz: u32) -> Option<Vec<u32>> {
    let bands = shifted(samples, sample_rate_hz);
    let energy = |word: &[Sample]| word.iter().flatten().map(|part| part * part).sum::<f32>();
    let energies: Vec<f32> = bands.chunks_exact(SAMPLES_PER_WORD).map(energy).collect();
    let loudest = energies.iter().copied().fold(0.0_f32, f32::max);
    if loudest <= 0.0 {
        return None;
    }
    let active = loudest * 10.0_f32.powf(-INACTIVE_BELOW_LOUDEST_DB / 10.0);
    let quadrants = |word: &[Sample]| {
        let signs = word.iter().flatten().enumerate();
        signs.fold(0_u32, |bits, (at, part)| bits | (u32::from(*part >= 0.0) << at))
    };
    let words = bands.chunks_exact(SAMPLES_PER_WORD).zip(&energies);
    Some(words.map(|(word, energy)| if *energy > active { quadrants(word) } else { 0 }).collect())
}

/// Both bands, shifted to 0 Hz, for whole words.
fn shifted(samples: &[f32], sample_rate_hz: u32) -> Vec<Sample> {
    let factor = (sample_rate_hz / ANALYSIS_RATE_HZ).max(1);
    let rate = f64::from(sample_rate_hz) / f64::from(factor);
    let words = (samples.len() as f64 / f64::from(sample_rate_hz) * RATE_HZ / SAMPLES_PER_WORD as f64) as usize;
    let filters = Filters::of(rate);
    // Between zeros, the filters fit everywhere.
    let kept = decimate(samples, factor as usize);
    let mut padded = vec![0.0_f32; kept.len() + 4 * filters.half];
    padded[filters.half..][..kept.len()].copy_from_slice(&kept);
    let mut bands = vec![[0.0_f32; 4]; words.max(1) * SAMPLES_PER_WORD];
    wide(
        #[inline(always)]
        || {
            for (at, [lower_re, lower_im, upper_re, upper_im]) in bands.iter_mut().enumerate() {
                let place = at as f64 * rate / RATE_HZ;
                let taps = &filters.taps[(place.fract() * POSITIONS as f64).round() as usize];
                let Some(near) = padded.get(place as usize..).and_then(|rest| rest.get(..taps[0].len())) else { break };
                let parts = [lower_re, lower_im, upper_re, upper_im];
                for (part, taps) in parts.into_iter().zip(taps) {
                    *part = dot(near, taps);
                }
            }
        },
    );
    // The filters pass a band where it is. Turned back by as many cycles as it went through, it lies at 0 Hz.
    for samples in bands.chunks_mut(TURNS) {
        for ([lower_re, lower_im, upper_re, upper_im], [lower, upper]) in samples.iter_mut().zip(&filters.turns) {
            for (re, im, turn) in [(lower_re, lower_im, lower), (upper_re, upper_im, upper)] {
                (*re, *im) = (*re * turn.re - *im * turn.im, *re * turn.im + *im * turn.re);
            }
        }
    }
    bands
}

thread_local! {
    // Clips of a corpus share their rate, and making the filters costs as much as applying them to a clip.
    static FILTERS: RefCell<Option<(f64, Rc<Filters>)>> = const { RefCell::new(None) };
}

/// Windowed sincs of half a band's width around either centre.
struct Filters {
    /// Samples from the first tap to the sample at or before the filter's centre.
    half: usize,
    /// For each position of the centre between two samples, `POSITIONS` of them and the next sample: real and imaginary taps of the
    /// lower band, then of the upper one.
    taps: Vec<[Vec<f32>; 4]>,
    /// How far the centre of either band is turned back at each sample, until that begins anew.
    turns: Vec<[Complex32; 2]>,
}

impl Filters {
    /// For samples at `rate` hertz.
    fn of(rate: f64) -> Rc<Self> {
        FILTERS.with_borrow_mut(|kept| match kept {
            Some((of, filters)) if *of == rate => Rc::clone(filters),
            _ => {
                let filters = Rc::new(Self::new(rate));
                *kept = Some((rate, Rc::clone(&filters)));
                filters
            }
        })
    }

    fn new(rate: f64) -> Self {
        let half = (HALF_LENGTH_S * rate).ceil() as usize;
        let low_pass = |distance: f64| {
            let x = TAU * HALF_WIDTH_HZ / rate * distance;
            let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
            let share = (distance / half as f64).abs();
            if share < 1.0 { sinc * (0.5 + 0.5 * (PI * share).cos()) } else { 0.0 }
        };
        let taps = |position: usize| {
            let centre = half as f64 + position as f64 / POSITIONS as f64;
            std::array::from_fn(|part| {
                let tap = |at: usize| {
                    let distance = at as f64 - centre;
                    let (sin, cos) = (TAU * CENTRES_HZ[part / 2] / rate * distance).sin_cos();
                    (low_pass(distance) * if part % 2 == 0 { cos } else { -sin }) as f32
                };
                (0..=2 * half + 1).map(tap).collect()
            })
        };
        let turn = |at: usize, centre_hz: f64| {
            let cycles = (centre_hz / RATE_HZ * at as f64).fract();
            Complex32::from_polar(1.0, (-TAU * cycles) as f32)
        };
        let turns = (0..TURNS).map(|at| CENTRES_HZ.map(|centre_hz| turn(at, centre_hz))).collect();
        Self { half, taps: (0..=POSITIONS).map(taps).collect(), turns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Resampler;

    /// Two tones, one in each band, that lie beside the centres: 2 s at `rate_hz`, in silence but for the middle second.
    fn tones(rate_hz: u32) -> Vec<f32> {
        let at = |n: u32| {
            let t = f64::from(n) / f64::from(rate_hz);
            let both = (TAU * 505.0 * t).cos() + (TAU * 785.0 * t).sin();
            if (0.5..1.5).contains(&t) { (0.2 * both) as f32 } else { 0.0 }
        };
        (0..2 * rate_hz).map(at).collect()
    }

    /// Share of equal bits over the words that count in both.
    fn equal(a: &[u32], b: &[u32]) -> f64 {
        let both: Vec<u32> =
            a.iter().zip(b).filter(|(a, b)| **a != 0 && **b != 0).map(|(a, b)| (a ^ b).count_zeros()).collect();
        assert!(both.len() >= 48, "only {} words to compare", both.len());
        f64::from(both.iter().sum::<u32>()) / (32 * both.len()) as f64
    }

    #[test]
    fn each_band_turns_with_the_distance_from_its_centre() {
        for rate_hz in [8_000, 16_000, 24_414, 44_100, 48_000] {
            let words = phase(&tones(rate_hz), rate_hz).expect("there is sound");
            assert_eq!(words.len(), 100);
            assert!(words[..24].iter().chain(&words[76..]).all(|word| *word == 0), "silence does not count");
            for (at, word) in words.iter().enumerate().take(74).skip(26) {
                for sample in 0..SAMPLES_PER_WORD {
                    let t = (at * SAMPLES_PER_WORD + sample) as f64 / RATE_HZ;
                    // Halfway through a sample's turn of 27 and 36 degrees, so that no value lies at an edge for long.
                    let (lower, upper) = (TAU * 30.0 * t, -TAU * 40.0 * t - PI / 2.0);
                    let parts = [lower.cos(), lower.sin(), upper.cos(), upper.sin()];
                    for (bit, part) in parts.into_iter().enumerate().filter(|(_, part)| part.abs() > 0.05) {
                        let found = word >> (4 * sample + bit) & 1 == 1;
                        assert_eq!(found, part > 0.0, "{rate_hz} Hz, word {at}, sample {sample}, part {bit}: {part}");
                    }
                }
            }
        }
    }

    #[test]
    fn level_polarity_offset_and_rate_change_little() {
        let original = tones(48_000);
        let words = phase(&original, 48_000).expect("sound");
        let of = |change: fn(f32) -> f32| {
            phase(&original.iter().map(|x| change(*x)).collect::<Vec<_>>(), 48_000).expect("sound")
        };
        assert_eq!(of(|x| x * 0.25), words, "a quarter is exact in binary");
        assert!(equal(&of(|x| x + 0.05), &words) > 0.99, "an offset");
        // Where a word that counts reaches into silence, the filters give 0, which has no sign.
        let inverted = equal(&of(|x| -x), &words);
        assert!(inverted < 0.02, "the other polarity is half a turn: {inverted}");
        let resampled = Resampler::new(48_000, 16_000).expect("rates").resample(&original);
        assert!(equal(&phase(&resampled, 16_000).expect("sound"), &words) > 0.97);
    }

    #[test]
    fn silence_has_no_phase_and_short_clips_do_no_harm() {
        assert_eq!(phase(&vec![0.0; 16_000], 16_000), None);
        assert_eq!(phase(&[], 16_000), None);
        assert_eq!(phase(&[0.5], 192_000).map(|words| words.len()), Some(1));
        assert_eq!(phase(&tones(8_000)[4_000..4_100], 8_000).map(|words| words.len()), Some(1));
    }
}
