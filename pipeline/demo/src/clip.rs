//! One clip of a synthetic corpus: who says what, how, and in which file.

use crate::prosody::{Emotion, Prosody};
use crate::random::Random;
use crate::speaker::{Sex, Speaker};
use crate::{utterance, voice};

/// A clip to be rendered.
#[derive(Clone, Debug)]
pub(crate) struct Clip {
    /// File below the corpus folder, with forward slashes.
    pub(crate) path: String,
    /// Speaker, unique among all corpora.
    pub(crate) speaker: String,
    pub(crate) sex: Sex,
    pub(crate) emotion: Emotion,
    /// How strongly the emotion is portrayed: 1 for the usual.
    pub(crate) intensity: f64,
    /// Sentence, unique among all corpora: the same syllables wherever it is spoken.
    pub(crate) sentence: String,
}

impl Clip {
    /// The clip's audio at `sample_rate_hz`: mono, about 1.0 to 1.8 s.
    pub(crate) fn render(&self, sample_rate_hz: u32, seed: u64) -> Vec<f32> {
        let speaker = Speaker::named(seed, &self.speaker, self.sex);
        let mut random = Random::named(seed, &self.path);
        let prosody = Prosody::draw(&speaker, self.emotion, self.intensity, &mut random);
        let controls = utterance::controls(&self.sentence, &prosody, &mut random);
        voice::render(&controls, &prosody, speaker.room_dbfs, sample_rate_hz, &mut random)
    }
}
