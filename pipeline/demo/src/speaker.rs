//! Synthetic speakers: what stays the same in every clip of one.

use crate::random::Random;

/// Sex of a synthetic speaker: decides the ranges that pitch and vocal tract are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sex {
    Female,
    Male,
}

/// A synthetic speaker.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    /// Median pitch when neutral, hertz.
    pub(crate) pitch_hz: f64,
    /// Factor on all formant frequencies: shorter vocal tracts resonate higher.
    pub(crate) formant_scale: f64,
    /// Factor on the length of syllables.
    pub(crate) slowness: f64,
    /// Level of neutral speech, decibels RMS relative to full scale.
    pub(crate) level_dbfs: f64,
    /// Cut-off of the glottal low-pass, hertz: high for a bright voice.
    pub(crate) brightness_hz: f64,
    /// Aspiration relative to the glottal pulse.
    pub(crate) breath: f64,
    /// How much of an emotion's prosody this speaker shows; 1 on average.
    pub(crate) expressiveness: f64,
    /// Noise of the room, decibels relative to full scale.
    pub(crate) room_dbfs: f64,
}

impl Speaker {
    /// The speaker of this name.
    pub(crate) fn named(seed: u64, name: &str, sex: Sex) -> Self {
        let mut random = Random::named(seed, &format!("speaker {name}"));
        let (pitch_hz, spread, formant_scale) = match sex {
            Sex::Female => (205.0, 0.10, 1.16),
            Sex::Male => (118.0, 0.12, 1.0),
        };
        Self {
            pitch_hz: pitch_hz * random.normal(0.0, spread).clamp(-0.22, 0.22).exp(),
            formant_scale: formant_scale * random.normal(1.0, 0.03),
            slowness: random.normal(1.0, 0.07).clamp(0.85, 1.15),
            level_dbfs: random.normal(-28.0, 2.5).clamp(-33.0, -23.0),
            brightness_hz: 1_500.0 * random.normal(0.0, 0.25).exp(),
            breath: random.between(0.01, 0.05),
            expressiveness: random.normal(1.0, 0.2).clamp(0.6, 1.4),
            room_dbfs: random.between(-78.0, -66.0),
        }
    }
}
