//! The four corpora in small: which speakers say which sentences with which emotions, under the names of the originals.

use crate::clip::Clip;
use crate::prosody::Emotion;
use crate::speaker::Sex;
use crate::wave;

/// Emotions of CREMA-D with their codes.
pub(crate) const CREMA_D_EMOTIONS: [(&str, Emotion); 6] = [
    ("ANG", Emotion::Angry),
    ("DIS", Emotion::Disgust),
    ("FEA", Emotion::Fear),
    ("HAP", Emotion::Happy),
    ("NEU", Emotion::Neutral),
    ("SAD", Emotion::Sad),
];
/// Actors of the synthetic CREMA-D: number, sex, age in years.
pub(crate) const CREMA_D_ACTORS: [(u32, Sex, u32); 6] = [
    (1001, Sex::Male, 51),
    (1002, Sex::Female, 21),
    (1003, Sex::Female, 37),
    (1004, Sex::Male, 28),
    (1005, Sex::Male, 62),
    (1006, Sex::Female, 45),
];
/// Emotions of RAVDESS, coded 01 to 08.
const RAVDESS_EMOTIONS: [Emotion; 8] = [
    Emotion::Neutral,
    Emotion::Calm,
    Emotion::Happy,
    Emotion::Sad,
    Emotion::Angry,
    Emotion::Fear,
    Emotion::Disgust,
    Emotion::Surprise,
];
const RAVDESS_ACTORS: u32 = 6;
/// Emotions of SAVEE with their codes and the number of clips per speaker.
const SAVEE_EMOTIONS: [(&str, Emotion, u32); 7] = [
    ("a", Emotion::Angry, 2),
    ("d", Emotion::Disgust, 2),
    ("f", Emotion::Fear, 2),
    ("h", Emotion::Happy, 2),
    ("n", Emotion::Neutral, 4),
    ("sa", Emotion::Sad, 2),
    ("su", Emotion::Surprise, 2),
];
/// Emotions of TESS: code in file names, folder of the older and of the younger actress. The folders of the published
/// archive are spelt this unevenly.
const TESS_EMOTIONS: [(&str, &str, &str, Emotion); 7] = [
    ("angry", "OAF_angry", "YAF_angry", Emotion::Angry),
    ("disgust", "OAF_disgust", "YAF_disgust", Emotion::Disgust),
    ("fear", "OAF_Fear", "YAF_fear", Emotion::Fear),
    ("happy", "OAF_happy", "YAF_happy", Emotion::Happy),
    ("neutral", "OAF_neutral", "YAF_neutral", Emotion::Neutral),
    ("ps", "OAF_Pleasant_surprise", "YAF_pleasant_surprised", Emotion::Surprise),
    ("sad", "OAF_Sad", "YAF_sad", Emotion::Sad),
];
const TESS_WORDS: [&str; 4] = ["back", "bar", "base", "bath"];

/// One corpus to be written.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) sample_rate_hz: u32,
    /// `true` if its WAV files carry chunks between header and samples.
    pub(crate) extra_chunks: bool,
    pub(crate) clips: Vec<Clip>,
}

impl Corpus {
    /// The bytes of one clip's file.
    pub(crate) fn encode(&self, clip: &Clip, seed: u64) -> Vec<u8> {
        let samples = clip.render(self.sample_rate_hz, seed);
        if self.extra_chunks {
            wave::wav_with_extra_chunks(&samples, self.sample_rate_hz)
        } else {
            wave::wav(&samples, self.sample_rate_hz)
        }
    }
}

/// All four, in the order of their names.
pub(crate) fn all() -> [Corpus; 4] {
    [crema_d(), ravdess(), savee(), tess()]
}

/// 6 actors, 6 emotions: one sentence at two levels, two more at none.
fn crema_d() -> Corpus {
    let mut clips = Vec::new();
    for (actor, sex, _) in CREMA_D_ACTORS {
        for (code, emotion) in CREMA_D_EMOTIONS {
            let takes: &[_] = if emotion == Emotion::Neutral {
                &[("IEO", "XX", 1.0), ("TIE", "XX", 1.0), ("DFA", "XX", 1.0)]
            } else {
                &[("IEO", "LO", 0.7), ("IEO", "HI", 1.3), ("TIE", "XX", 1.0), ("DFA", "XX", 1.0)]
            };
            clips.extend(takes.iter().map(|&(sentence, level, intensity)| Clip {
                path: format!("AudioWAV/{actor}_{sentence}_{code}_{level}.wav"),
                speaker: format!("crema_d {actor}"),
                sex,
                emotion,
                intensity,
                sentence: format!("crema_d {sentence}"),
            }));
        }
    }
    Corpus { name: "crema_d", sample_rate_hz: 16_000, extra_chunks: false, clips }
}

/// 6 actors (odd male, even female), 8 emotions, 2 statements; every second clip is spoken strongly where that exists.
fn ravdess() -> Corpus {
    let mut clips = Vec::new();
    for actor in 1..=RAVDESS_ACTORS {
        for (index, emotion) in RAVDESS_EMOTIONS.into_iter().enumerate() {
            for statement in 1..=2 {
                let strong = statement == 2 && emotion != Emotion::Neutral;
                clips.push(ravdess_clip(actor, index, emotion, 1, if strong { 2 } else { 1 }, statement, 1));
            }
        }
    }
    Corpus { name: "ravdess", sample_rate_hz: 48_000, extra_chunks: true, clips }
}

fn ravdess_clip(
    actor: u32,
    emotion_index: usize,
    emotion: Emotion,
    channel: u32,
    intensity: u32,
    statement: u32,
    repetition: u32,
) -> Clip {
    let code = emotion_index + 1;
    Clip {
        path: format!(
            "Actor_{actor:02}/03-{channel:02}-{code:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}.wav"
        ),
        speaker: format!("ravdess {actor}"),
        sex: if actor % 2 == 1 { Sex::Male } else { Sex::Female },
        emotion,
        intensity: if intensity == 2 { 1.3 } else { 0.9 },
        sentence: format!("ravdess {statement}"),
    }
}

/// A happy clip of RAVDESS' song part (channel 02), actor 1.
pub(crate) fn ravdess_song() -> Clip {
    ravdess_clip(1, 2, Emotion::Happy, 2, 1, 1, 1)
}

/// An angry clip with the second repetition, actor 2: no other clip of the synthetic corpus is one.
pub(crate) fn ravdess_second_take() -> Clip {
    ravdess_clip(2, 4, Emotion::Angry, 1, 1, 2, 2)
}

/// 4 men, 7 emotions, in the layout of the original archive: the speaker is named by the folder alone.
fn savee() -> Corpus {
    let mut clips = Vec::new();
    for speaker in ["DC", "JE", "JK", "KL"] {
        for (code, emotion, count) in SAVEE_EMOTIONS {
            clips.extend((1..=count).map(|item| savee_clip(speaker, &format!("{code}{item:02}"), emotion, item)));
        }
    }
    Corpus { name: "savee", sample_rate_hz: 44_100, extra_chunks: false, clips }
}

/// A clip of SAVEE under any name.
pub(crate) fn savee_clip(speaker: &str, name: &str, emotion: Emotion, item: u32) -> Clip {
    // The first items are the sentences that all emotions share.
    Clip {
        path: format!("AudioData/{speaker}/{name}.wav"),
        speaker: format!("savee {speaker}"),
        sex: Sex::Male,
        emotion,
        intensity: 1.0,
        sentence: format!("savee {item}"),
    }
}

/// 2 women, 7 emotions, 4 words.
fn tess() -> Corpus {
    let mut clips = Vec::new();
    for word in TESS_WORDS {
        for actress in ["OAF", "YAF"] {
            clips.extend(TESS_EMOTIONS.iter().map(|emotion| tess_clip(actress, word, emotion)));
        }
    }
    Corpus { name: "tess", sample_rate_hz: 24_414, extra_chunks: false, clips }
}

fn tess_clip(actress: &str, word: &str, &(code, older, younger, emotion): &(&str, &str, &str, Emotion)) -> Clip {
    let folder = if actress == "OAF" { older } else { younger };
    Clip {
        path: format!("{folder}/{actress}_{word}_{code}.wav"),
        speaker: format!("tess {actress}"),
        sex: Sex::Female,
        emotion,
        intensity: 1.0,
        sentence: format!("tess {word}"),
    }
}

/// A word that the synthetic corpus has once, angry, by the younger actress.
pub(crate) fn tess_extra_word() -> Clip {
    tess_clip("YAF", "germ", &TESS_EMOTIONS[0])
}
