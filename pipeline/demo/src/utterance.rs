//! Words and their movement: syllables of a sentence, and the control frames that drive the voice.

use std::f64::consts::{PI, TAU};

use crate::prosody::Prosody;
use crate::random::Random;

/// Control frames per second.
pub(crate) const CONTROL_HZ: f64 = 200.0;
/// Length of a syllable at the usual tempo, seconds.
const SYLLABLE_S: f64 = 0.19;
/// The last syllable of a sentence is longer by this factor.
const FINAL_LENGTHENING: f64 = 1.35;
/// Fall of the pitch over a neutral sentence, semitones.
const DECLINATION_ST: f64 = 3.0;
/// First three formants of men's vowels in hertz (Peterson & Barney 1952, table II).
const VOWELS_HZ: [[f64; 3]; 10] = [
    [270.0, 2_290.0, 3_010.0],
    [390.0, 1_990.0, 2_550.0],
    [530.0, 1_840.0, 2_480.0],
    [660.0, 1_720.0, 2_410.0],
    [730.0, 1_090.0, 2_440.0],
    [570.0, 840.0, 2_410.0],
    [440.0, 1_020.0, 2_240.0],
    [300.0, 870.0, 2_240.0],
    [640.0, 1_190.0, 2_390.0],
    [490.0, 1_350.0, 1_690.0],
];
/// Fourth formant, about the same for all vowels, hertz.
const FOURTH_FORMANT_HZ: f64 = 3_300.0;

/// Number of formants.
pub(crate) const FORMANTS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Onset {
    /// Closure, then a short burst.
    Stop,
    /// Noise.
    Fricative,
    /// Voiced, at a lower level.
    Sonorant,
    /// None: vowel follows vowel.
    Open,
}

#[derive(Clone, Copy, Debug)]
struct Syllable {
    onset: Onset,
    vowel: [f64; 3],
}

/// State of the voice for one control period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) pitch_hz: f64,
    /// Amplitude of the glottal source, 0 to 1.
    pub(crate) voicing: f64,
    /// Amplitude of the noise of consonants, 0 to 1.
    pub(crate) frication: f64,
    pub(crate) formants_hz: [f64; FORMANTS],
}

/// The control frames of `sentence`, spoken in this prosody, with a little silence around. The same sentence has the same
/// syllables whoever speaks it.
pub(crate) fn controls(sentence: &str, prosody: &Prosody, random: &mut Random) -> Vec<Control> {
    let syllables = syllables(sentence);
    let accents: Vec<f64> = syllables.iter().map(|_| random.normal(0.0, prosody.range_st)).collect();
    let tremor_hz = random.between(5.0, 7.0);
    let mut controls = silence(random.between(0.06, 0.14), prosody);
    for (index, syllable) in syllables.iter().enumerate() {
        let last = index + 1 == syllables.len();
        if index > 0 && random.unit() < prosody.pause {
            controls.extend(silence(random.between(0.06, 0.16), prosody));
        }
        let seconds = SYLLABLE_S
            * prosody.slowness
            * if last { FINAL_LENGTHENING } else { 1.0 }
            * random.normal(1.0, 0.1).clamp(0.75, 1.3);
        let frames = (seconds * CONTROL_HZ).round().max(8.0) as usize;
        let next_vowel = syllables.get(index + 1).map_or(syllable.vowel, |next| next.vowel);
        let next_accent = accents.get(index + 1).copied().unwrap_or(accents[index]);
        for frame in 0..frames {
            let within = frame as f64 / frames as f64;
            let through = (index as f64 + within) / syllables.len() as f64;
            let glide = smooth(((within - 0.55) / 0.45).clamp(0.0, 1.0));
            let accent = accents[index] + (next_accent - accents[index]) * glide;
            let tremor = prosody.tremor_st * (TAU * tremor_hz * controls.len() as f64 / CONTROL_HZ).sin();
            // A rise is made late in the sentence, as in a question.
            let line = (prosody.rise_st * through - DECLINATION_ST) * through;
            let (voicing, frication) = syllable.onset.amplitudes(within, last);
            let mut formants_hz = [FOURTH_FORMANT_HZ * prosody.formant_scale; FORMANTS];
            for (formant, (from, to)) in formants_hz.iter_mut().zip(syllable.vowel.iter().zip(next_vowel)) {
                *formant = (from + (to - from) * glide * 0.6) * prosody.formant_scale;
            }
            let pitch_hz = prosody.pitch_hz * ((accent + tremor + line + 1.0) / 12.0).exp2();
            controls.push(Control { pitch_hz: pitch_hz.clamp(55.0, 600.0), voicing, frication, formants_hz });
        }
    }
    controls.extend(silence(random.between(0.08, 0.18), prosody));
    controls
}

fn syllables(sentence: &str) -> Vec<Syllable> {
    let mut random = Random::named(0, &format!("sentence {sentence}"));
    let count = 5 + (random.unit() * 2.0) as usize;
    (0..count)
        .map(|_| Syllable {
            onset: *random.pick(&[
                Onset::Stop,
                Onset::Stop,
                Onset::Fricative,
                Onset::Sonorant,
                Onset::Sonorant,
                Onset::Open,
            ]),
            vowel: *random.pick(&VOWELS_HZ),
        })
        .collect()
}

impl Onset {
    /// Amplitudes of voice and noise at `within` of a syllable, 0 to 1.
    fn amplitudes(self, within: f64, last: bool) -> (f64, f64) {
        let fade = if last { smooth(((1.0 - within) / 0.4).clamp(0.0, 1.0)) } else { 1.0 };
        let body = fade * (0.75 + 0.25 * (PI * within).sin());
        let opened = |from: f64| smooth(((within - from) / 0.12).clamp(0.0, 1.0)) * body;
        match self {
            Self::Stop => (opened(0.22), if (0.15..0.24).contains(&within) { 0.5 } else { 0.0 }),
            Self::Fricative => (opened(0.28), 0.4 * (PI * (within / 0.34).min(1.0)).sin()),
            Self::Sonorant => {
                (body * if within < 0.25 { 0.45 } else { 0.45 + 0.55 * smooth((within - 0.25) / 0.75) }, 0.0)
            }
            Self::Open => (body, 0.0),
        }
    }
}

fn silence(seconds: f64, prosody: &Prosody) -> Vec<Control> {
    let control = Control {
        pitch_hz: prosody.pitch_hz,
        voicing: 0.0,
        frication: 0.0,
        formants_hz: [500.0, 1_500.0, 2_500.0, 3_300.0],
    };
    vec![control; (seconds * CONTROL_HZ) as usize]
}

/// From 0 to 1 with level ends.
fn smooth(x: f64) -> f64 {
    0.5 - 0.5 * (PI * x).cos()
}
