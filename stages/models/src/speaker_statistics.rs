//! What a model that standardises per speaker needs to know of whoever speaks.

use crate::moments::Moments;

/// Means and standard deviations of one speaker's features, gathered recording by recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpeakerStatistics {
    frames: Moments,
    functionals: Moments,
    recordings: usize,
    /// Something was taken in of a recording that has not ended.
    open: bool,
}

impl SpeakerStatistics {
    /// Takes in a recording, or a stretch of a longer one: its frames, one after the other, and its functionals. All
    /// from the same kind of features.
    pub fn add(&mut self, frames: &[f32], frame_count: usize, functionals: &[f32]) {
        self.frames.add(frames, frames.len() / frame_count.max(1));
        self.functionals.add(functionals, functionals.len());
        self.open = true;
    }

    /// Counts what was taken in since the last call as one recording; nothing counts as none.
    pub fn end_recording(&mut self) {
        self.recordings += usize::from(std::mem::take(&mut self.open));
    }

    /// Number of recordings taken in.
    pub fn recordings(&self) -> usize {
        self.recordings
    }

    /// Of the frames' columns.
    pub fn frames(&self) -> &Moments {
        &self.frames
    }

    /// Of the functionals, over recordings and stretches.
    pub fn functionals(&self) -> &Moments {
        &self.functionals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_count_and_not_their_stretches() {
        let mut speaker = SpeakerStatistics::default();
        speaker.add(&[1.0, 10.0, 3.0, 30.0], 2, &[5.0]);
        speaker.add(&[5.0, 50.0], 1, &[5.0]);
        assert_eq!(speaker.recordings(), 0);
        speaker.end_recording();
        speaker.end_recording();
        assert_eq!(speaker.recordings(), 1);
        assert_eq!(speaker.frames().scaling(0..2).0, [3.0, 30.0]);
        let (mean, sd) = speaker.frames().scaling([1].into_iter());
        assert!(mean == [30.0] && (sd[0] - (800.0_f64 / 3.0).sqrt()).abs() < 1e-12, "{mean:?} {sd:?}");
        assert_eq!(speaker.functionals().scaling(0..1), (vec![5.0], vec![0.0]));
    }
}
