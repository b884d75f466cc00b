//! Chroma: energy of a power spectrum in the twelve pitch classes, as `librosa.feature.chroma_stft` with `tuning=0`.
//!
//! Method: D. Ellis, "Chroma feature analysis and synthesis" (2007): each frequency bin is spread over the pitch
//! classes by a Gaussian as wide as the bin, bins far from the fifth octave count less.

use crate::feature_set::{Block, Column, Compute, FeatureSet, FromSpectrum};
use crate::framing::Framing;
use crate::params::Params;
use crate::vector::{LANES, Row};

/// Number of pitch classes; the first is C.
const CLASSES: usize = 12;

/// Octave, counted from A0 (27.5 Hz), that counts in full, and the width of the Gaussian around it.
const CENTRE_OCTAVE: f64 = 5.0;
const OCTAVE_WIDTH: f64 = 2.0;

/// Classes that are summed at the same time; a divisor of their number.
const TOGETHER: usize = 4;

pub(super) struct Set;

impl FeatureSet for Set {
    fn name(&self) -> &'static str {
        "chroma"
    }

    fn about(&self) -> &'static str {
        "Energy in each pitch class, from C on, over the largest of the frame, as `librosa.feature.chroma_stft`."
    }

    fn columns(&self, params: &Params, _: &Framing) -> Vec<Column> {
        if params.chroma { Column::numbered("chroma", CLASSES, "1") } else { Vec::new() }
    }

    fn compute(&self, _: &Params, framing: &Framing) -> Compute {
        Compute::spectrum(ChromaBank::new(framing))
    }
}

impl FromSpectrum for ChromaBank {
    #[inline(always)]
    fn block(&mut self, power: Block<'_>, out: &mut [Row]) {
        out.copy_from_slice(&self.apply_rows(power.rows));
    }
}

/// Weight of every frequency bin in every pitch class.
struct ChromaBank {
    weights: Vec<[f32; CLASSES]>,
}

impl ChromaBank {
    fn new(framing: &Framing) -> Self {
        let classes = CLASSES as f64;
        // Positions of bins on the pitch circle; the bin at 0 Hz is put an octave and a half below the next.
        let position = |bin: usize| {
            let hz = bin.max(1) as f64 * framing.bin_hz();
            classes * (hz / 27.5).log2() - if bin == 0 { 1.5 * classes } else { 0.0 }
        };
        let weights = (0..framing.bins())
            .map(|bin| {
                let here = position(bin);
                let width = (position(bin + 1) - here).max(1.0);
                let mut column = [0.0_f64; CLASSES];
                for (class, weight) in column.iter_mut().enumerate() {
                    // The pitch circle above starts at A; classes start at C, three semitones higher.
                    let distance = here - ((class + 3) % CLASSES) as f64;
                    let wrapped = (distance + classes / 2.0).rem_euclid(classes) - classes / 2.0;
                    *weight = (-0.5 * (2.0 * wrapped / width).powi(2)).exp();
                }
                let length = column.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
                let octave = (here / classes - CENTRE_OCTAVE) / OCTAVE_WIDTH;
                let scale = (-0.5 * octave * octave).exp() / length;
                column.map(|weight| (weight * scale) as f32)
            })
            .collect();
        Self { weights }
    }

    /// Chroma of frames side by side, one row of powers per bin in: the largest value of a frame is 1; all are 0 for
    /// silence.
    #[inline(always)]
    fn apply_rows(&self, power: &[Row]) -> [Row; CLASSES] {
        let mut chroma = [[0.0_f32; LANES]; CLASSES];
        // Few classes at a time, so that their sums stay in registers.
        for (part, sums) in chroma.as_chunks_mut::<TOGETHER>().0.iter_mut().enumerate() {
            let mut running = [[0.0_f32; LANES]; TOGETHER];
            for (row, weights) in power.iter().zip(&self.weights) {
                for class in 0..TOGETHER {
                    let weight = weights[part * TOGETHER + class];
                    for lane in 0..LANES {
                        running[class][lane] += weight * row[lane];
                    }
                }
            }
            *sums = running;
        }
        let mut divisor = [0.0_f32; LANES];
        for sums in &chroma {
            for lane in 0..LANES {
                divisor[lane] = if sums[lane] > divisor[lane] { sums[lane] } else { divisor[lane] };
            }
        }
        // Below the smallest normal number a quotient says nothing; librosa draws the same line.
        let divisor = divisor.map(|largest| if largest < f32::MIN_POSITIVE { 1.0 } else { largest });
        for sums in &mut chroma {
            for lane in 0..LANES {
                sums[lane] /= divisor[lane];
            }
        }
        chroma
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stft::Stft;

    #[test]
    fn tones_fall_into_their_pitch_class() {
        let framing = Framing::new(&Params::default(), 16_000);
        let bank = ChromaBank::new(&framing);
        let mut stft = Stft::new(framing);
        let mut power = vec![[0.0; LANES]; framing.bins()];
        for (hz, class) in [(1046.5, 0), (1318.5, 4), (1760.0, 9), (2093.0, 0)] {
            let tone: Vec<f32> = (0..4_000).map(|n| (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin()).collect();
            stft.power(&tone, 10, LANES, &mut power);
            let chroma = bank.apply_rows(&power);
            assert_eq!(chroma[class], [1.0; LANES], "{hz} Hz: {chroma:?}");
        }
    }

    #[test]
    fn silence_has_no_chroma() {
        let framing = Framing::new(&Params::default(), 16_000);
        let chroma = ChromaBank::new(&framing).apply_rows(&vec![[0.0; LANES]; framing.bins()]);
        assert_eq!(chroma, [[0.0; LANES]; CLASSES]);
    }
}
