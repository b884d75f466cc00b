//! Recordings that no table holds, as models take them, and what the parts of a model say of them.

use crate::SpeakerStatistics;

/// The features of one recording, as the features stage computes them with the parameters of the model's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipInput<'a> {
    /// Frame after frame, all columns of the layout.
    pub frames: &'a [f32],
    /// Number of frames, at least 1.
    pub frame_count: usize,
    /// All functionals in the order of the model's; ignored by a model that uses none.
    pub functionals: &'a [f32],
    /// Statistics of whoever speaks, over all of their recordings. Used only by a model that standardises per speaker,
    /// and where they are of as many recordings as it [asks for](crate::SpeakerPrior::least_recordings). Otherwise the
    /// statistics of the training clips take their place, for which such a model was not made: expect it to do worse.
    pub speaker: Option<&'a SpeakerStatistics>,
    /// The recording's corpus, one of those that the model was trained on. Used only by a model that standardises per
    /// corpus; otherwise, and where a fold was not trained on that corpus, the statistics of the training clips take
    /// its place.
    pub corpus: Option<&'a str>,
}

/// What one of the fits that a model is made of says of recordings: that of a fold, or one of a fold's several seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct PartAnswers {
    /// The fold.
    pub fold: u32,
    /// Probability of each class, of each recording.
    pub probabilities: Vec<Vec<f32>>,
}
