//! Silence before and after the speech.

use crate::framing::samples;
use crate::vector::energy;

/// Length of the pieces whose level is compared, in seconds.
const PIECE_S: f64 = 0.025;
/// Distance between them, in seconds.
const STEP_S: f64 = 0.010;

/// Cuts off what is silent at either end.
pub(crate) struct Trim {
    /// Share of the loudest piece's energy that counts as silence.
    share: f32,
    margin: usize,
    piece: usize,
    step: usize,
}

impl Trim {
    pub(crate) fn new(threshold_db: f64, margin_s: f64, sample_rate_hz: u32) -> Self {
        Self {
            share: 10.0_f64.powf(-threshold_db / 10.0) as f32,
            margin: samples(margin_s, sample_rate_hz),
            piece: samples(PIECE_S, sample_rate_hz).max(1),
            step: samples(STEP_S, sample_rate_hz).max(1),
        }
    }

    /// Leaves a clip of silence alone as it is.
    pub(crate) fn apply(&self, clip: &mut Vec<f32>) {
        let energies: Vec<f32> = (0..clip.len())
            .step_by(self.step)
            .map(|start| energy(&clip[start..(start + self.piece).min(clip.len())]))
            .collect();
        let loudest = energies.iter().fold(0.0_f32, |a, b| a.max(*b));
        let speaks = |energy: &f32| *energy > 0.0 && *energy >= loudest * self.share;
        let (Some(first), Some(last)) = (energies.iter().position(speaks), energies.iter().rposition(speaks)) else {
            return;
        };
        let end = (last * self.step + self.piece + self.margin).min(clip.len());
        let start = (first * self.step).saturating_sub(self.margin);
        clip.truncate(end);
        clip.drain(..start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_between_silences_keeps_its_margins() {
        let mut clip = vec![0.0; 16_000];
        clip[6_400..9_600].fill(0.5);
        Trim::new(40.0, 0.05, 16_000).apply(&mut clip);
        // 3200 loud samples, 800 of margin on either side, and up to a piece of 400 around the edges.
        assert!((4_800..=5_600).contains(&clip.len()), "{}", clip.len());
        assert_eq!(clip.iter().filter(|sample| **sample != 0.0).count(), 3_200);
    }

    #[test]
    fn silence_and_nothing_stay_as_they_are() {
        for length in [0, 1, 4_000] {
            let mut clip = vec![0.0; length];
            Trim::new(40.0, 0.05, 16_000).apply(&mut clip);
            assert_eq!(clip.len(), length);
        }
    }
}
