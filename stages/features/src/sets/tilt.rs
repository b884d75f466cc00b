//! Tilt of the spectrum: how much stronger low frequencies are than high ones.
//!
//! F. Eyben et al.: "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research and Affective
//! Computing", IEEE Transactions on Affective Computing 7 (2016), section 3. The sign of the alpha ratio is
//! openSMILE's: the high band over the low one.

use std::ops::Range;

use crate::feature_set::{Block, Column, Compute, FeatureSet, FromSpectrum, Summary};
use crate::framing::Framing;
use crate::mel::power_to_db;
use crate::params::{Params, Problems};
use crate::vector::{LANES, Row};

use super::f0::VOICED;

/// Low and high band of the alpha ratio, in hertz.
const ALPHA_HZ: [f64; 3] = [50.0, 1000.0, 5000.0];
/// Low and high band of the Hammarberg index, in hertz.
const HAMMARBERG_HZ: [f64; 3] = [0.0, 2000.0, 5000.0];
/// Bands that slopes are taken of, in hertz.
const SLOPES_HZ: [[f64; 2]; 2] = [[0.0, 500.0], [500.0, 1500.0]];
/// Least share of a frame's strongest power that is told from nothing: -100 dB.
const LEAST_SHARE: f32 = 1e-10;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "spectral_tilt"
    }

    fn about(&self) -> &'static str {
        "Power at 1 to 5 kHz over that at 50 Hz to 1 kHz (alpha ratio), strongest power up to 2 kHz over that at 2 \
         to 5 kHz (Hammarberg index), and least-squares slopes of the decibels of powers below 500 Hz and from 500 \
         to 1500 Hz, as in eGeMAPS (Eyben et al. 2016), of every frame; 0 for silence."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if !params.spectral_tilt {
            return Vec::new();
        }
        let columns = [
            ("alpha_ratio_db", "dB"),
            ("hammarberg_db", "dB"),
            ("slope_0_500_db_per_khz", "dB per kHz"),
            ("slope_500_1500_db_per_khz", "dB per kHz"),
        ];
        columns.map(|(name, unit)| Column::new(name, unit).summary(Summary::StatisticsWhere(VOICED))).into()
    }

    fn check(&self, params: &Params, problems: &mut Problems) {
        if params.spectral_tilt && !params.f0.on {
            problems.add_needs_f0("spectral_tilt");
        }
    }

    fn compute(&self, _: &Params, framing: &Framing) -> Compute {
        Compute::spectrum(Tilt {
            alpha: bands(ALPHA_HZ, framing),
            hammarberg: bands(HAMMARBERG_HZ, framing),
            slopes: SLOPES_HZ.map(|band_hz| Slope::new(band_hz, framing)),
        })
    }
}

/// Bins of the bands, and weights.
struct Tilt {
    alpha: [Range<usize>; 2],
    hammarberg: [Range<usize>; 2],
    slopes: [Slope; 2],
}

/// A least-squares slope: a weighted sum.
struct Slope {
    first_bin: usize,
    /// Per bin, decibels per kilohertz for each decibel.
    weights: Vec<f32>,
}

impl FromSpectrum for Tilt {
    #[inline(always)]
    fn block(&mut self, power: Block<'_>, out: &mut [Row]) {
        let [low, high] = self.alpha.clone().map(|band| sums(&power.rows[band]));
        let [low_peak, high_peak] = self.hammarberg.clone().map(|band| peaks(&power.rows[band]));
        let scale: Row = std::array::from_fn(|lane| {
            let peak = low_peak[lane].max(high_peak[lane]);
            if peak >= f32::MIN_POSITIVE { 1.0 / peak } else { 0.0 }
        });
        let slopes = self.slopes.each_ref().map(|slope| slope.of(power.rows, &scale));
        for lane in 0..LANES {
            let heard = scale[lane] > 0.0;
            let db = |over: f32, under: f32| {
                let (over, under) = (over * scale[lane], under * scale[lane]);
                if heard { power_to_db(over.max(LEAST_SHARE)) - power_to_db(under.max(LEAST_SHARE)) } else { 0.0 }
            };
            out[0][lane] = db(high[lane], low[lane]);
            out[1][lane] = db(low_peak[lane], high_peak[lane]);
            out[2][lane] = if heard { slopes[0][lane] } else { 0.0 };
            out[3][lane] = if heard { slopes[1][lane] } else { 0.0 };
        }
    }
}

impl Slope {
    /// Over the bins of a band, its end excluded.
    fn new([from_hz, to_hz]: [f64; 2], framing: &Framing) -> Self {
        let first_bin = bin_from(from_hz, framing);
        let bins = first_bin..bin_from(to_hz, framing);
        let khz = |bin: usize| bin as f64 * framing.bin_hz() / 1000.0;
        let middle = f64::midpoint(khz(bins.start), khz(bins.end - 1));
        let spread: f64 = bins.clone().map(|bin| (khz(bin) - middle).powi(2)).sum();
        Self { first_bin, weights: bins.map(|bin| ((khz(bin) - middle) / spread) as f32).collect() }
    }

    /// The slopes of powers, each times its `scale`.
    #[inline(always)]
    fn of(&self, power: &[Row], scale: &Row) -> Row {
        let mut slope = [0.0; LANES];
        for (weight, row) in self.weights.iter().zip(&power[self.first_bin..]) {
            for lane in 0..LANES {
                slope[lane] += weight * power_to_db((row[lane] * scale[lane]).max(LEAST_SHARE));
            }
        }
        slope
    }
}

/// The bins of two neighbouring bands, the second with its end, up to half the sample rate.
fn bands(edges_hz: [f64; 3], framing: &Framing) -> [Range<usize>; 2] {
    let [first, middle, _] = edges_hz.map(|hz| bin_from(hz, framing));
    let end = ((edges_hz[2] / framing.bin_hz()).floor() as usize + 1).min(framing.bins());
    [first..middle, middle..end]
}

/// First bin at `hz` or above it; there are several below 500 Hz with the shortest frames, and some above 1500 Hz.
fn bin_from(hz: f64, framing: &Framing) -> usize {
    (hz / framing.bin_hz()).ceil() as usize
}

/// Sum of the rows.
#[inline(always)]
fn sums(rows: &[Row]) -> Row {
    let mut sums = [0.0; LANES];
    for row in rows {
        for lane in 0..LANES {
            sums[lane] += row[lane];
        }
    }
    sums
}

/// Largest of the rows.
#[inline(always)]
fn peaks(rows: &[Row]) -> Row {
    let mut peaks = [0.0; LANES];
    for row in rows {
        for lane in 0..LANES {
            peaks[lane] = if row[lane] > peaks[lane] { row[lane] } else { peaks[lane] };
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alpha ratio, Hammarberg index and slopes of powers, the same in all lanes.
    fn of(power: impl Fn(f64) -> f64) -> [f32; 4] {
        let framing = Framing::new(&Params::default(), 16_000);
        let Compute::Spectrum(mut tilt) = Set.compute(&Params::default(), &framing) else { panic!("spectra") };
        let rows: Vec<Row> =
            (0..framing.bins()).map(|bin| [power(bin as f64 * framing.bin_hz()) as f32; LANES]).collect();
        let mut out = [[f32::NAN; LANES]; 4];
        tilt.block(Block { rows: &rows, first: 0, count: LANES }, &mut out);
        assert!(out.iter().all(|row| row.iter().all(|value| *value == row[0])), "{out:?}");
        out.map(|row| row[0])
    }

    #[test]
    fn a_flat_spectrum_has_no_tilt() {
        let [alpha_db, hammarberg_db, slopes @ ..] = of(|_| 0.03);
        // 129 bins from 1000 to 5000 Hz, 30 from 62.5 to 968.75 Hz.
        assert!((alpha_db - 10.0 * (129.0_f32 / 30.0).log10()).abs() < 1e-4, "{alpha_db}");
        assert!(hammarberg_db == 0.0 && slopes.iter().all(|slope| slope.abs() < 1e-4), "{hammarberg_db} {slopes:?}");
    }

    #[test]
    fn a_line_has_its_slopes() {
        // 24 dB per kHz down to 500 Hz, 8 dB per kHz beyond.
        let db = |hz: f64| if hz < 500.0 { -0.024 * hz } else { -12.0 - 0.008 * (hz - 500.0) };
        let [_, hammarberg_db, first, second] = of(|hz| 10.0_f64.powf(db(hz) / 10.0));
        assert!((first + 24.0).abs() < 1e-3 && (second + 8.0).abs() < 1e-3, "{first} {second}");
        assert!((hammarberg_db - 24.0).abs() < 1e-3, "0 dB over those at 2000 Hz: {hammarberg_db}");
    }

    #[test]
    fn silence_has_none_and_levels_change_none() {
        assert_eq!(of(|_| 0.0), [0.0; 4]);
        let plain = of(|hz| 1.0 / (1.0 + hz * hz));
        for gain in [1e-20, 1e-6, 1e20] {
            for (a, b) in plain.iter().zip(of(|hz| gain / (1.0 + hz * hz))) {
                assert!((a - b).abs() < 1e-3 * a.abs(), "{gain}: {b}, expected {a}");
            }
        }
    }
}
