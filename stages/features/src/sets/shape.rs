//! The shape of a spectrum: centroid, bandwidth, roll-off and flatness, as librosa defines them.

use crate::feature_set::{Block, Column, Compute, FeatureSet, FromSpectrum};
use crate::framing::Framing;
use crate::params::Params;
use crate::vector::Row;

/// Share of the magnitude below the roll-off frequency.
const ROLLOFF_SHARE: f32 = 0.85;
/// Power that flatness counts silence as.
const FLATNESS_FLOOR: f32 = 1e-10;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "spectral_*"
    }

    fn about(&self) -> &'static str {
        "Mean and standard deviation of frequency and the frequency below which 85 % lies, weighted by magnitude, and \
         geometric over arithmetic mean of power, as librosa's functions of these names; each has a switch of its own."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        let columns = [
            (params.spectral_centroid, "spectral_centroid_hz", "Hz"),
            (params.spectral_bandwidth, "spectral_bandwidth_hz", "Hz"),
            (params.spectral_rolloff, "spectral_rolloff_hz", "Hz"),
            (params.spectral_flatness, "spectral_flatness", "1"),
        ];
        columns.into_iter().filter(|(on, ..)| *on).map(|(_, name, unit)| Column::new(name, unit)).collect()
    }

    fn compute(&self, params: &Params, framing: &Framing) -> Compute {
        Compute::spectrum(Shape {
            centroid: params.spectral_centroid,
            bandwidth: params.spectral_bandwidth,
            rolloff: params.spectral_rolloff,
            flatness: params.spectral_flatness,
            bin_hz: framing.bin_hz() as f32,
            power: vec![0.0; framing.bins()],
            magnitude: vec![0.0; framing.bins()],
        })
    }
}

/// The measures that are on, and the spectrum of one frame.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the parameters")]
struct Shape {
    centroid: bool,
    bandwidth: bool,
    rolloff: bool,
    flatness: bool,
    bin_hz: f32,
    power: Vec<f32>,
    magnitude: Vec<f32>,
}

impl FromSpectrum for Shape {
    #[inline(always)]
    fn block(&mut self, power: Block<'_>, out: &mut [Row]) {
        let Self { bin_hz, .. } = *self;
        for lane in 0..power.count {
            for (power, bin) in self.power.iter_mut().zip(power.rows) {
                *power = bin[lane];
            }
            let mut rows = out.iter_mut();
            let mut put = |value: f32| {
                if let Some(row) = rows.next() {
                    row[lane] = value;
                }
            };
            if self.centroid || self.bandwidth || self.rolloff {
                for (magnitude, power) in self.magnitude.iter_mut().zip(&self.power) {
                    *magnitude = power.sqrt();
                }
                let centroid = centroid(&self.magnitude, bin_hz);
                if self.centroid {
                    put(centroid);
                }
                if self.bandwidth {
                    put(bandwidth(&self.magnitude, centroid, bin_hz));
                }
                if self.rolloff {
                    put(rolloff(&self.magnitude, bin_hz));
                }
            }
            if self.flatness {
                put(flatness(&self.power));
            }
        }
    }
}

/// Mean frequency in hertz, weighted by magnitude; 0 for silence.
fn centroid(magnitude: &[f32], bin_hz: f32) -> f32 {
    let total = sum(magnitude);
    if total < f64::from(f32::MIN_POSITIVE) {
        return 0.0;
    }
    let moment: f64 = magnitude.iter().enumerate().map(|(bin, value)| bin as f64 * f64::from(*value)).sum();
    (moment / total) as f32 * bin_hz
}

/// Standard deviation of frequency around `centroid_hz` in hertz, weighted by magnitude; 0 for silence.
fn bandwidth(magnitude: &[f32], centroid_hz: f32, bin_hz: f32) -> f32 {
    let total = sum(magnitude);
    if total < f64::from(f32::MIN_POSITIVE) {
        return 0.0;
    }
    let centre = f64::from(centroid_hz / bin_hz);
    let moment: f64 = magnitude
        .iter()
        .enumerate()
        .map(|(bin, value)| (bin as f64 - centre) * (bin as f64 - centre) * f64::from(*value))
        .sum();
    (moment / total).sqrt() as f32 * bin_hz
}

/// Lowest bin frequency in hertz up to which at least 85 % of the magnitude lies; 0 for silence.
fn rolloff(magnitude: &[f32], bin_hz: f32) -> f32 {
    let threshold = f64::from(ROLLOFF_SHARE) * sum(magnitude);
    let mut below = 0.0;
    for (bin, value) in magnitude.iter().enumerate() {
        below += f64::from(*value);
        if below >= threshold {
            return bin as f32 * bin_hz;
        }
    }
    magnitude.len().saturating_sub(1) as f32 * bin_hz
}

/// Geometric over arithmetic mean of `power`, 0 to 1; 1 for silence.
fn flatness(power: &[f32]) -> f32 {
    // One logarithm per sixteen bins: the product of sixteen 32-bit floats above 1e-10 is hardly ever too large for a
    // 64-bit one. Where samples are kept at the scale of 32-bit integers, it is.
    let mut log_sum = 0.0_f64;
    let mut total = 0.0_f64;
    for chunk in power.chunks(16) {
        let values = chunk.iter().map(|value| f64::from(value.max(FLATNESS_FLOOR)));
        let mut product = 1.0_f64;
        for value in values.clone() {
            product *= value;
            total += value;
        }
        log_sum += if product.is_finite() { product.ln() } else { values.map(f64::ln).sum() };
    }
    let count = power.len().max(1) as f64;
    if total <= 0.0 { 1.0 } else { ((log_sum / count).exp() / (total / count)) as f32 }
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single_bin() -> Vec<f32> {
        let mut magnitude = vec![0.0; 257];
        magnitude[32] = 5.0;
        magnitude
    }

    #[test]
    fn one_bin_is_centre_and_roll_off_and_has_no_width() {
        let magnitude = single_bin();
        assert_eq!(centroid(&magnitude, 31.25), 1000.0);
        assert_eq!(bandwidth(&magnitude, 1000.0, 31.25), 0.0);
        assert_eq!(rolloff(&magnitude, 31.25), 1000.0);
        assert!(flatness(&magnitude) < 1e-6);
    }

    #[test]
    fn a_flat_spectrum_is_centred_and_flat() {
        let flat = vec![2.0; 257];
        assert!((centroid(&flat, 31.25) - 4000.0).abs() < 0.01);
        // Standard deviation of a uniform distribution over 257 points: sqrt((257^2 - 1) / 12) bins.
        assert!((bandwidth(&flat, 4000.0, 31.25) - 31.25 * (66_048.0_f32 / 12.0).sqrt()).abs() < 0.01);
        assert_eq!(rolloff(&flat, 31.25), 31.25 * 218.0);
        assert!((flatness(&flat) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn silence_has_stated_values() {
        let silence = vec![0.0; 257];
        assert_eq!(centroid(&silence, 31.25), 0.0);
        assert_eq!(bandwidth(&silence, 0.0, 31.25), 0.0);
        assert_eq!(rolloff(&silence, 31.25), 0.0);
        assert!((flatness(&silence) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_loudest_possible_spectrum_is_still_finite() {
        for power in [1e17, 1e30, f32::MAX] {
            assert!((flatness(&[power; 257]) - 1.0).abs() < 1e-6, "{power}");
        }
    }
}
