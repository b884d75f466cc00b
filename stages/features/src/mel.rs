//! Mel bands of a power spectrum, in decibels.
//!
//! Slaney's mel scale (linear to 1 kHz, logarithmic above: Auditory Toolbox, 1998) and his normalisation, which gives
//! every band the same area; the defaults of `librosa.filters.mel`.

use crate::framing::Framing;
use crate::vector::{LANES, Row};
use crate::warp::Warp;

/// Power below which decibels are not followed any further: -100 dB.
pub(crate) const POWER_FLOOR: f32 = 1e-10;

/// Triangular bands, each stored from its first to its last non-zero weight.
pub(crate) struct MelBank {
    bands: Vec<Band>,
}

struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

impl MelBank {
    /// `count` bands from `fmin_hz` to `fmax_hz` over the bins of `framing`.
    pub(crate) fn new(framing: &Framing, count: usize, fmin_hz: f64, fmax_hz: f64) -> Self {
        Self::over(framing, &edges(count, fmin_hz, fmax_hz))
    }

    /// The same bands with all their edges moved by `warp`: each hears frequency `warp.apply(f)` where it would hear f.
    pub(crate) fn warped(framing: &Framing, count: usize, fmin_hz: f64, fmax_hz: f64, warp: &Warp) -> Self {
        let edges = edges(count, fmin_hz, fmax_hz);
        Self::over(framing, &edges.into_iter().map(|hz| warp.apply(hz)).collect::<Vec<_>>())
    }

    /// Bands that begin, peak and end at three neighbours of `edges`, in hertz and ascending.
    fn over(framing: &Framing, edges: &[f64]) -> Self {
        let bands = edges
            .array_windows()
            .map(|&[left, middle, right]| {
                let weight = |bin: usize| {
                    let hz = bin as f64 * framing.bin_hz();
                    let triangle = ((hz - left) / (middle - left)).min((right - hz) / (right - middle)).max(0.0);
                    (triangle * 2.0 / (right - left)) as f32
                };
                let first_bin = (0..framing.bins()).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
                let weights = (first_bin..framing.bins()).map(weight).take_while(|weight| *weight > 0.0).collect();
                Band { first_bin, weights }
            })
            .collect();
        Self { bands }
    }

    /// First band that holds no frequency bin at all, and so would be constant.
    pub(crate) fn empty_band(&self) -> Option<usize> {
        self.bands.iter().position(|band| band.weights.is_empty())
    }

    /// Power in each band, of frames side by side: one row per bin in, one per band out.
    #[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
    #[inline(always)]
    pub(crate) fn apply_rows(&self, power: &[Row], out: &mut [Row]) {
        for (out, band) in out.iter_mut().zip(&self.bands) {
            let mut sums = [0.0; LANES];
            for (weight, row) in band.weights.iter().zip(&power[band.first_bin..]) {
                for lane in 0..LANES {
                    sums[lane] += weight * row[lane];
                }
            }
            *out = sums;
        }
    }
}

/// `10 log10(power)`, not below -100 dB; for positive normal numbers to 1e-5 dB.
///
/// The logarithm's mantissa by the series of `ln((1 + s) / (1 - s))`, whose terms shrink by 34 and more: unlike the
/// library's, it is arithmetic alone, and so computed for many values at a time.
#[inline(always)]
pub(crate) fn power_to_db(power: f32) -> f32 {
    /// Bits of the square root of one half: mantissas from there on lie around 1.
    const HALF_ROOT: u32 = 0x3f35_04f3;
    const DB_PER_OCTAVE: f32 = 3.010_3;
    const DB_PER_NEPER: f32 = 4.342_944_6;
    let bits = power.max(POWER_FLOOR).to_bits();
    let octave = (bits.wrapping_sub(HALF_ROOT) as i32) >> 23;
    let mantissa = f32::from_bits(bits.wrapping_sub((octave << 23) as u32));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square * (1.0 / 9.0))));
    let db = octave as f32 * DB_PER_OCTAVE + 2.0 * s * series * DB_PER_NEPER;
    if power > POWER_FLOOR { db } else { -100.0 }
}

/// Lowest value that is left `top_db` below the clip's loudest; 0 leaves all as they are.
pub(crate) fn floor_db(loudest_db: f32, top_db: f64) -> f32 {
    if top_db > 0.0 { loudest_db - top_db as f32 } else { f32::NEG_INFINITY }
}

/// Copies `rows`, raising what lies below `floor` to it.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn raise(rows: &[Row], floor: f32, out: &mut [Row]) {
    for (out, value) in out.as_flattened_mut().iter_mut().zip(rows.as_flattened()) {
        *out = if *value > floor { *value } else { floor };
    }
}

/// The largest of all values.
#[expect(clippy::inline_always, reason = "compiled for the widest instructions where it is inlined into such code")]
#[inline(always)]
pub(crate) fn largest(rows: &[Row]) -> f32 {
    let mut largest = [f32::NEG_INFINITY; LANES];
    for row in rows {
        for lane in 0..LANES {
            largest[lane] = if row[lane] > largest[lane] { row[lane] } else { largest[lane] };
        }
    }
    largest.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// The edges of `count` neighbouring bands from `fmin_hz` to `fmax_hz`, in hertz: each band ends two edges after its
/// first.
fn edges(count: usize, fmin_hz: f64, fmax_hz: f64) -> Vec<f64> {
    let (low, high) = (hz_to_mel(fmin_hz), hz_to_mel(fmax_hz));
    (0..count + 2).map(|index| mel_to_hz(low + (high - low) * index as f64 / (count + 1) as f64)).collect()
}

/// Width in hertz of the narrowest of `count` bands from `fmin_hz` to `fmax_hz`.
pub(crate) fn narrowest_hz(count: usize, fmin_hz: f64, fmax_hz: f64) -> f64 {
    let edges = edges(count, fmin_hz, fmax_hz);
    edges.array_windows().map(|[left, _, right]| right - left).fold(f64::INFINITY, f64::min)
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < 1000.0 { hz * 3.0 / 200.0 } else { 15.0 + (hz / 1000.0).ln() * 27.0 / 6.4_f64.ln() }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::vector::dot;

    fn framing() -> Framing {
        Framing::new(&Params::default(), 16_000)
    }

    /// Power in each band, of one frame.
    fn apply(bank: &MelBank, power: &[f32], out: &mut [f32]) {
        for (out, band) in out.iter_mut().zip(&bank.bands) {
            *out = dot(&band.weights, &power[band.first_bin..]);
        }
    }

    #[test]
    fn the_scale_goes_both_ways() {
        for hz in [0.0, 50.0, 999.0, 1000.0, 1001.0, 7999.0] {
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-9);
        }
        assert!((hz_to_mel(1000.0) - 15.0).abs() < 1e-12);
        assert!((hz_to_mel(6400.0) - 42.0).abs() < 1e-12);
    }

    #[test]
    fn a_flat_spectrum_gives_every_wide_band_the_same_power() {
        let bank = MelBank::new(&framing(), 20, 0.0, 8000.0);
        let mut bands = vec![0.0; 20];
        apply(&bank, &vec![1.0; 257], &mut bands);
        // Area 1 over bins 31.25 Hz apart; narrow triangles are sampled by few bins, hence the margin.
        for band in bands {
            assert!((band - 1.0 / 31.25).abs() < 0.1 / 31.25, "{band}");
        }
    }

    /// Bands of equal area keep a flat spectrum flat, wherever they are moved; and each hears a tone where the warp
    /// brings its middle, which without the warp is another band's.
    #[test]
    fn warped_bands_listen_elsewhere_and_weigh_the_same() {
        let loudest = |bank: &MelBank, hz: f64| {
            let mut power = vec![0.0; 257];
            power[(hz / 31.25).round() as usize] = 1.0;
            let mut bands = vec![0.0; 20];
            apply(bank, &power, &mut bands);
            (0..20).max_by(|a, b| bands[*a].total_cmp(&bands[*b])).expect("a band")
        };
        let plain = MelBank::new(&framing(), 20, 0.0, 8000.0);
        for (alpha, moves) in [(0.9, -1), (1.1, 1)] {
            let warp = Warp::new(alpha, 4800.0, 16_000);
            let warped = MelBank::warped(&framing(), 20, 0.0, 8000.0, &warp);
            let mut bands = vec![0.0; 20];
            apply(&warped, &vec![1.0; 257], &mut bands);
            assert!(bands.iter().all(|band| (band - 1.0 / 31.25).abs() < 0.1 / 31.25), "{bands:?}");
            for (band, middle_hz) in edges(20, 0.0, 8000.0)[1..21].iter().enumerate() {
                let tone_hz = warp.apply(*middle_hz);
                assert_eq!(loudest(&warped, tone_hz), band, "{alpha}: {middle_hz} Hz");
                if (1500.0..4500.0).contains(middle_hz) {
                    let other = loudest(&plain, tone_hz) as i32 - band as i32;
                    assert!(other * moves >= 1, "{alpha}: {middle_hz} Hz, {other}");
                }
            }
        }
    }

    #[test]
    fn bands_too_narrow_for_the_bins_are_found() {
        assert_eq!(MelBank::new(&framing(), 64, 0.0, 8000.0).empty_band(), None);
        assert!(MelBank::new(&framing(), 256, 0.0, 8000.0).empty_band().is_some());
    }

    #[test]
    fn decibels_stop_at_the_floor() {
        assert_eq!(power_to_db(0.0), -100.0);
        assert_eq!(power_to_db(1.0), 0.0);
        assert!((power_to_db(100.0) - 20.0).abs() < 1e-5);
    }

    #[test]
    fn decibels_are_ten_times_the_logarithm() {
        // Every binary order of magnitude from the floor to the loudest possible power, in steps of 0.1 %.
        let mut power = 1e-10_f64;
        while power < 1e18 {
            let expected = 10.0 * f64::from(power as f32).log10();
            let found = f64::from(power_to_db(power as f32));
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{power}: {found}, expected {expected}");
            power *= 1.001;
        }
    }

    #[test]
    fn frames_side_by_side_have_the_bands_of_each() {
        let bank = MelBank::new(&framing(), 40, 20.0, 7600.0);
        let power: Vec<Row> =
            (0..257).map(|bin| std::array::from_fn(|lane| ((bin * (lane + 1)) as f32 * 0.1).sin().abs())).collect();
        let mut rows = vec![[0.0; LANES]; 40];
        bank.apply_rows(&power, &mut rows);
        for lane in 0..LANES {
            let mut alone = vec![0.0; 40];
            apply(&bank, &power.iter().map(|row| row[lane]).collect::<Vec<_>>(), &mut alone);
            for (row, expected) in rows.iter().zip(&alone) {
                assert!((row[lane] - expected).abs() < 1e-6 * expected, "{} {expected}", row[lane]);
            }
        }
    }
}
