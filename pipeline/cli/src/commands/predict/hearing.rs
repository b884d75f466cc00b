//! From a file to what the model reads: decoded, judged by the rules of the model's manifest, its features computed.
//!
//! Most recordings are short, and many of them are heard at once. A long one is heard alone, and in windows, so that
//! memory holds the samples of one long recording and the features of a few windows, however many files there are.

use anyhow::Context as _;
use rayon::prelude::*;
use ser_audio::{AudioError, Decoded, Limits};
use ser_features::{ClipFeatures, Extractor};
use ser_manifest::SoundRules;
use ser_models::ClipInput;
use ser_schemas::{Clip, Reason};

use super::leaf::Wants;
use super::recordings::Recording;
use super::windows::{Window, Windows};
use crate::output;

/// Bounds on a recording that is heard beside others: no more than a minute, and 12 million samples (48 MB), a minute of
/// four channels at 48 kHz.
const SHORT: Limits = Limits { max_bytes: 64 << 20, max_duration_s: 60.0, max_samples: 12_000_000 };
/// Windows whose features are in memory together.
pub(super) const TOGETHER: usize = 32;

/// Knows how recordings become features of a model.
#[derive(PartialEq)]
pub(super) struct Hearing {
    params: ser_features::Params,
    sample_rate_hz: u32,
    rules: SoundRules,
    /// Longest part of a clip that the model hears at once, in seconds.
    at_once_s: f64,
}

/// Why a recording gets no emotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) reason: Reason,
    /// The exact finding, in words.
    pub(super) detail: String,
    /// It may be the machine's, which lacks memory or cannot read the file: another try may find no such problem.
    pub(super) may_pass: bool,
}

/// Facts about a recording beside its features.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) sample_rate_hz: u32,
    pub(super) duration_s: f64,
}

/// A recording that was heard beside others.
pub(super) enum Heard {
    Whole(Facts, ClipFeatures),
    /// Too long for that: [`Long`] is heard by itself.
    Long,
    Bad(Problem),
}

/// A long recording.
pub(super) struct Long {
    pub(super) facts: Facts,
    mono: Vec<f32>,
    /// Those that are heard. One, of the whole, where a recording has many samples in little time.
    pub(super) windows: Vec<Window>,
    /// Windows that are pauses.
    pub(super) pauses: usize,
}

impl Hearing {
    /// For the features that a model wants.
    pub(super) fn new(wants: &Wants<'_>) -> anyhow::Result<Self> {
        let sample_rate_hz = wants.sample_rate_hz;
        let params: ser_features::Params =
            serde_json::from_value(wants.params.clone()).context("the parameters of its features are not known")?;
        let rules = match wants.limits {
            Some(limits) => {
                serde_json::from_value(limits.clone()).context("the limits of its manifest are not known")?
            }
            None => SoundRules::default(),
        };
        let extractor = Extractor::new(&params, sample_rate_hz).context("its features cannot be computed")?;
        let layout = extractor.layout();
        let functionals = wants.functionals;
        anyhow::ensure!(
            wants.frames.is_none_or(|frames| layout.frames.names == frames)
                && (functionals.is_empty() || layout.functionals == functionals),
            "its features are not those that this version of the program computes; train it anew"
        );
        let at_once_s = match wants.max_frames {
            0 => f64::INFINITY,
            most => most as f64 * layout.frames.hop_s,
        };
        Ok(Self { params, sample_rate_hz, rules, at_once_s })
    }

    /// `true` if `other` makes the same features of recordings that are heard beside others.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        (&self.params, self.sample_rate_hz, &self.rules) == (&other.params, other.sample_rate_hz, &other.rules)
    }

    /// Longest part of a clip that the model hears at once, in seconds.
    pub(super) fn at_once_s(&self) -> f64 {
        self.at_once_s
    }

    /// What its manifest asks of the sound of a clip.
    pub(super) fn rules(&self) -> SoundRules {
        self.rules
    }

    /// The sample rate of the features in hertz.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Hears recordings beside each other, those that are clips.
    pub(super) fn short(&self, recordings: &[&Recording], windows: &Windows) -> Vec<Heard> {
        recordings
            .par_iter()
            .map_init(
                || Extractor::new(&self.params, self.sample_rate_hz),
                |extractor, recording| {
                    let extractor = extractor.as_mut().map_err(|error| Problem::unreadable(error.to_string()));
                    extractor.and_then(|extractor| self.hear(extractor, recording, windows)).unwrap_or_else(Heard::Bad)
                },
            )
            .collect()
    }

    fn hear(&self, extractor: &mut Extractor, recording: &Recording, windows: &Windows) -> Result<Heard, Problem> {
        let limits = Limits { max_duration_s: SHORT.max_duration_s.min(windows.longest_clip_s), ..SHORT };
        let audio = match recording.decode(&limits) {
            Err(AudioError::OverLimit { .. }) => return Ok(Heard::Long),
            audio => audio.map_err(Problem::of)?,
        };
        let facts = Facts::of(&audio);
        let mono = judged(audio, &[self.rules])?;
        let features =
            extractor.extract(&mono, facts.sample_rate_hz).map_err(|error| Problem::unreadable(error.to_string()))?;
        Ok(Heard::Whole(facts, features))
    }

    /// Hears some windows of a long recording's samples, as [`load`](Self::load) gives them.
    pub(super) fn windows(&self, samples: &[f32], windows: &[Window]) -> anyhow::Result<Vec<ClipFeatures>> {
        windows
            .par_iter()
            .map_init(
                || Extractor::new(&self.params, self.sample_rate_hz),
                |extractor, window| {
                    let extractor = extractor.as_mut().map_err(|error| anyhow::anyhow!("{error}"))?;
                    let samples = centred(window.of(samples, self.sample_rate_hz));
                    Ok(extractor.extract(&samples, self.sample_rate_hz)?)
                },
            )
            .collect()
    }

    /// The samples of a long recording at the sample rate of the features.
    pub(super) fn load(&self, long: &Long) -> anyhow::Result<Vec<f32>> {
        let mut extractor = Extractor::new(&self.params, self.sample_rate_hz)?;
        Ok(extractor.load(long.mono.clone(), long.facts.sample_rate_hz)?)
    }
}

impl Facts {
    fn of(audio: &Decoded) -> Self {
        Self { sample_rate_hz: audio.sample_rate_hz, duration_s: audio.duration_s() }
    }
}

impl Long {
    /// A recording that models of such `rules` hear in windows.
    pub(super) fn new(recording: &Recording, windows: &Windows, rules: &[SoundRules]) -> Result<Self, Problem> {
        let audio = recording.decode(&Limits::default()).map_err(Problem::of)?;
        let facts = Facts::of(&audio);
        let mono = judged(audio, rules)?;
        if facts.duration_s <= windows.longest_clip_s {
            let whole = Window { start_s: 0.0, end_s: facts.duration_s, sound_s: facts.duration_s };
            return Ok(Self { facts, mono, windows: vec![whole], pauses: 0 });
        }
        let (heard, pauses) = windows.over(&mono, facts.sample_rate_hz);
        let before = heard.len();
        let is_loud = |window: &Window| {
            let samples = centred(window.of(&mono, facts.sample_rate_hz));
            !rules.iter().any(|rules| is_silent(&samples, facts.sample_rate_hz, rules))
        };
        let heard: Vec<Window> = heard.into_par_iter().filter(is_loud).collect();
        let pauses = pauses + before - heard.len();
        if heard.is_empty() {
            let detail = format!("none of its {pauses} windows rises above the level of silence");
            return Err(Problem::sound(Reason::Silent, detail));
        }
        Ok(Self { facts, mono, windows: heard, pauses })
    }
}

/// The mix that features hear, if a manifest of each of the `rules` would take the recording as a clip or call it too long.
fn judged(audio: Decoded, rules: &[SoundRules]) -> Result<Vec<f32>, Problem> {
    let offsets = audio.offsets();
    let (channels, rate) = (audio.channels, audio.sample_rate_hz);
    let duration_s = audio.duration_s();
    let before = (channels > 1).then(|| ser_audio::channel_rms_dbfs(&audio, &offsets)).flatten();
    let mono = audio.into_mono();
    let mut clip = measured(&mono, rate);
    clip.channels = Some(channels);
    clip.duration_s = Some(duration_s);
    clip.dc_offset = Some(offsets.iter().fold(0.0, |largest, offset| offset.abs().max(largest)));
    clip.channel_rms_dbfs = if channels > 1 { before } else { clip.rms_dbfs };
    let verdict = rules.iter().find_map(|rules| SoundRules { max_duration_s: f64::INFINITY, ..*rules }.judge(&clip));
    match verdict {
        None => Ok(mono),
        Some((reason, detail)) => Err(Problem::sound(reason, detail)),
    }
}

fn is_silent(samples: &[f32], sample_rate_hz: u32, rules: &SoundRules) -> bool {
    let mut clip = measured(samples, sample_rate_hz);
    clip.duration_s = Some(rules.min_duration_s);
    rules.judge(&clip).is_some()
}

/// Levels as ingest writes them.
fn measured(mono: &[f32], sample_rate_hz: u32) -> Clip {
    let levels = ser_audio::levels(mono, sample_rate_hz);
    let mut clip = Clip::found(String::new(), String::new(), String::new(), 0);
    (clip.peak_dbfs, clip.rms_dbfs) = (levels.peak_dbfs, levels.rms_dbfs);
    clip
}

/// A window without its own offset, as the decoder leaves a recording: the offset of the whole is no offset of a part.
fn centred(window: &[f32]) -> Vec<f32> {
    let mean = window.iter().map(|sample| f64::from(*sample)).sum::<f64>() / window.len().max(1) as f64;
    window.iter().map(|sample| (f64::from(*sample) - mean) as f32).collect()
}

/// Features as the model takes them; of no speaker and no corpus.
pub(super) fn clip_input(features: &ClipFeatures) -> ClipInput<'_> {
    ClipInput {
        frames: &features.frames,
        frame_count: features.frame_count,
        functionals: &features.functionals,
        speaker: None,
        corpus: None,
    }
}

impl Problem {
    /// A file that cannot be read as audio.
    pub(super) fn unreadable(detail: String) -> Self {
        Self::sound(Reason::Unreadable, detail)
    }

    /// One of what the recording holds.
    pub(super) fn sound(reason: Reason, detail: String) -> Self {
        Self { reason, detail, may_pass: false }
    }

    fn of(error: AudioError) -> Self {
        let reason = ser_ingest::reason_of(&error);
        let may_pass = matches!(error, AudioError::Io { .. } | AudioError::OutOfMemory { .. });
        Self { reason, detail: output::causes(&error.into()), may_pass }
    }
}
