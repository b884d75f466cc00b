//! How an emotion sounds: what it changes about neutral speech.
//!
//! Directions after the reviews of Scherer (2003, "Vocal communication of emotion", table 4) and Juslin & Laukka (2003);
//! sizes chosen so that classes overlap.

use crate::random::Random;
use crate::speaker::Speaker;

/// Factor on all changes. Tuned so that logistic regression on means, deviations and deciles of log-mel and MFCC frames
/// reaches an unweighted average recall of about 0.6 on unknown speakers, where chance is 0.125.
const EXPRESSION: f64 = 1.25;

/// An emotion that a synthetic clip portrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Emotion {
    Angry,
    Calm,
    Disgust,
    Fear,
    Happy,
    Neutral,
    Sad,
    Surprise,
}

/// Changes relative to neutral. All zero is neutral.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// Pitch, semitones.
    pitch_st: f64,
    /// Range of the pitch accents, natural logarithm of a factor.
    range_ln: f64,
    /// Rise of the pitch over the clip, semitones, on top of the usual fall.
    rise_st: f64,
    /// Tempo, natural logarithm of a factor on the length of syllables.
    slowness_ln: f64,
    /// Level, decibels.
    level_db: f64,
    /// Glottal cut-off, octaves: effort makes a voice brighter.
    bright_oct: f64,
    /// Aspiration, relative to the glottal pulse.
    breath: f64,
    /// Formants, natural logarithm of a factor: smiling shortens the tract.
    formant_ln: f64,
    /// Irregularity of the glottal periods, share of a period.
    jitter: f64,
    /// Depth of a tremor of the pitch, semitones.
    tremor_st: f64,
    /// Probability of a pause between two syllables.
    pause: f64,
}

/// How one clip is spoken.
#[derive(Clone, Debug)]
pub(crate) struct Prosody {
    pub(crate) pitch_hz: f64,
    /// Standard deviation of the pitch accents, semitones.
    pub(crate) range_st: f64,
    pub(crate) rise_st: f64,
    pub(crate) slowness: f64,
    pub(crate) level_dbfs: f64,
    pub(crate) brightness_hz: f64,
    pub(crate) breath: f64,
    pub(crate) formant_scale: f64,
    pub(crate) jitter: f64,
    pub(crate) shimmer: f64,
    pub(crate) tremor_st: f64,
    pub(crate) pause: f64,
}

impl Emotion {
    #[rustfmt::skip]
    fn change(self) -> Change {
        let (pitch_st, range_ln, rise_st, slowness_ln, level_db, bright_oct, breath, formant_ln, jitter, tremor_st, pause) =
            match self {
                Self::Neutral  => (0.0,  0.0,  0.0,  0.0,   0.0,  0.0,  0.0,   0.0,   0.0,   0.0, 0.0),
                Self::Calm     => (-1.0, -0.3, 0.3,  0.12, -2.5, -0.5,  0.03,  0.0,   0.0,   0.0, 0.05),
                Self::Angry    => (2.5,  0.8, -1.5, -0.10,  7.0,  1.2, -0.01,  0.0,   0.012, 0.0, 0.0),
                Self::Disgust  => (-1.5, 0.2, -2.0,  0.15, -0.5,  0.2,  0.02, -0.05,  0.02,  0.0, 0.04),
                Self::Fear     => (5.0, -0.1,  1.0, -0.18,  1.0,  0.1,  0.06,  0.02,  0.01,  0.8, 0.06),
                Self::Happy    => (3.5,  0.8,  2.0, -0.05,  3.5,  0.6,  0.0,   0.06,  0.0,   0.0, 0.0),
                Self::Sad      => (-0.5, -0.5, -1.0, 0.25, -5.0, -1.0,  0.08, -0.02,  0.005, 0.2, 0.12),
                Self::Surprise => (5.5,  0.9,  7.0,  0.0,   3.0,  0.4,  0.02,  0.02,  0.0,   0.0, 0.0),
            };
        Change {
            pitch_st, range_ln, rise_st, slowness_ln, level_db, bright_oct, breath, formant_ln, jitter, tremor_st, pause,
        }
    }
}

impl Prosody {
    /// The prosody of one clip: the emotion as far as `intensity` and the speaker show it, and chance.
    pub(crate) fn draw(speaker: &Speaker, emotion: Emotion, intensity: f64, random: &mut Random) -> Self {
        let change = emotion.change();
        // Some takes fail to show what was meant.
        let shown = if random.unit() < 0.07 { 0.25 } else { 1.0 };
        let share = (EXPRESSION * shown * intensity * speaker.expressiveness * random.normal(1.0, 0.2)).clamp(0.0, 2.0);
        let pitch_st = share * change.pitch_st + random.normal(0.0, 0.9);
        Self {
            pitch_hz: speaker.pitch_hz * (pitch_st / 12.0).exp2(),
            range_st: 1.6 * (share * change.range_ln + random.normal(0.0, 0.2)).exp(),
            rise_st: share * change.rise_st + random.normal(0.0, 1.0),
            slowness: speaker.slowness * (share * change.slowness_ln + random.normal(0.0, 0.06)).exp(),
            level_dbfs: speaker.level_dbfs + share * change.level_db + random.normal(0.0, 1.5),
            brightness_hz: speaker.brightness_hz * (share * change.bright_oct + random.normal(0.0, 0.25)).exp2(),
            breath: (speaker.breath + share * change.breath + random.normal(0.0, 0.01)).max(0.005),
            formant_scale: speaker.formant_scale * (share * change.formant_ln + random.normal(0.0, 0.01)).exp(),
            jitter: 0.006 + share * change.jitter,
            shimmer: 0.04 + share * change.jitter * 3.0,
            tremor_st: share * change.tremor_st,
            pause: share * change.pause,
        }
    }
}
