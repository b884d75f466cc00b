//! Chroma: energy of a power spectrum in the twelve pitch classes, as `librosa.feature.chroma_stft` with `tuning=0`.
//!
//! Method: D. Ellis, "Chroma feature analysis and synthesis" (2007): each frequency bin is spread over the pitch classes
//! by a Gaussian as wide as the bin, bins far from the fifth octave count less.

use crate::framing::Framing;

/// Number of pitch classes; the first is C.
pub(crate) const CLASSES: usize = 12;

/// Octave, counted from A0 (27.5 Hz), that counts in full, and the width of the Gaussian around it.
const CENTRE_OCTAVE: f64 = 5.0;
const OCTAVE_WIDTH: f64 = 2.0;

/// Weight of every frequency bin in every pitch class.
pub(crate) struct ChromaBank {
    weights: Vec<[f32; CLASSES]>,
}

impl ChromaBank {
    pub(crate) fn new(framing: &Framing) -> Self {
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

    /// Chroma of one frame, its largest value 1; all 0 for silence.
    pub(crate) fn apply(&self, power: &[f32], out: &mut [f32]) {
        let mut sums = [0.0_f32; CLASSES];
        for (power, weights) in power.iter().zip(&self.weights) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += power * weight;
            }
        }
        let largest = sums.iter().fold(0.0_f32, |a, b| a.max(*b));
        // Below the smallest normal number a quotient says nothing; librosa draws the same line.
        let divisor = if largest < f32::MIN_POSITIVE { 1.0 } else { largest };
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum / divisor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::stft::Stft;

    #[test]
    fn tones_fall_into_their_pitch_class() {
        let framing = Framing::new(&Params::default(), 16_000);
        let bank = ChromaBank::new(&framing);
        let mut stft = Stft::new(framing);
        let mut power = vec![0.0; framing.bins()];
        for (hz, class) in [(1046.5, 0), (1318.5, 4), (1760.0, 9), (2093.0, 0)] {
            let tone: Vec<f32> = (0..4_000).map(|n| (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin()).collect();
            stft.power(&tone, 10, &mut power);
            let mut chroma = [0.0; CLASSES];
            bank.apply(&power, &mut chroma);
            assert_eq!(chroma[class], 1.0, "{hz} Hz: {chroma:?}");
        }
    }

    #[test]
    fn silence_has_no_chroma() {
        let framing = Framing::new(&Params::default(), 16_000);
        let mut chroma = [f32::NAN; CLASSES];
        ChromaBank::new(&framing).apply(&vec![0.0; framing.bins()], &mut chroma);
        assert_eq!(chroma, [0.0; CLASSES]);
    }
}
