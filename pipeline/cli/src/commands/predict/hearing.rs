//! From a file to what the model reads: decoded, judged by the rules of the model's manifest, its features computed.
//!
//! Most recordings are short, and many of them are heard at once. A long one is heard alone, and in stretches, so that
//! memory holds the samples of one long recording and the features of a few stretches, however many files there are.

use std::path::Path;

use anyhow::Context as _;
use rayon::prelude::*;
use ser_audio::{AudioError, Decoded, Limits};
use ser_features::{ClipFeatures, Extractor};
use ser_manifest::SoundRules;
use ser_models::ClipInput;
use ser_schemas::{Clip, Reason};
use ser_train::windows;

use super::leaf::Wants;
use crate::output;

/// Bounds on a recording that is heard beside others: no more than a minute, and 12 million samples (48 MB), a minute of
/// four channels at 48 kHz.
const SHORT: Limits = Limits { max_bytes: 64 << 20, max_duration_s: 60.0, max_samples: 12_000_000 };
/// Stretches whose features are in memory together.
const STRETCHES: usize = 32;

/// Knows how recordings become features of a model.
#[derive(PartialEq)]
pub(super) struct Hearing {
    params: ser_features::Params,
    sample_rate_hz: u32,
    rules: SoundRules,
    /// Time between frames in seconds.
    hop_s: f64,
    /// Frames of a stretch.
    stretch: usize,
}

/// Why a recording gets no emotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) reason: Reason,
    /// The exact finding, in words.
    pub(super) detail: String,
}

/// Facts about a recording beside its features.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) sample_rate_hz: u32,
    /// Stretches that were heard on their own; 0 for a recording that was heard as a whole.
    pub(super) stretches: usize,
    /// Stretches that hold nothing but silence, and were not heard.
    pub(super) silent: usize,
}

/// A recording that was heard beside others.
pub(super) enum Heard {
    Whole(Facts, ClipFeatures),
    /// Too long for that: [`Hearing::long`] hears it.
    Long,
    Bad(Problem),
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
        // Of a recording that the manifest would call too long, the model hears what it was trained on: clips.
        let longest = (rules.max_duration_s / layout.frames.hop_s) as usize;
        let stretch = match wants.max_frames {
            0 => longest,
            most => most.min(longest),
        };
        let hop_s = layout.frames.hop_s;
        Ok(Self { params, sample_rate_hz, rules, hop_s, stretch: stretch.max(1) })
    }

    /// `true` if `other` makes the same features of recordings that are heard beside others.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        (&self.params, self.sample_rate_hz, &self.rules) == (&other.params, other.sample_rate_hz, &other.rules)
    }

    /// Longest part of a recording that is heard at once, in seconds.
    pub(super) fn window_s(&self) -> f64 {
        self.stretch as f64 * self.hop_s
    }

    /// The sample rate of the features in hertz.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Hears recordings beside each other.
    pub(super) fn short(&self, paths: &[&Path]) -> Vec<Heard> {
        paths
            .par_iter()
            .map_init(
                || Extractor::new(&self.params, self.sample_rate_hz),
                |extractor, path| {
                    let extractor = extractor.as_mut().map_err(|error| Problem::unreadable(error.to_string()));
                    extractor.and_then(|extractor| self.hear(extractor, path)).unwrap_or_else(Heard::Bad)
                },
            )
            .collect()
    }

    fn hear(&self, extractor: &mut Extractor, path: &Path) -> Result<Heard, Problem> {
        let limits = Limits { max_duration_s: SHORT.max_duration_s.min(self.rules.max_duration_s), ..SHORT };
        let audio = match ser_audio::decode_file(path, &limits) {
            Err(AudioError::OverLimit { .. }) => return Ok(Heard::Long),
            audio => audio.map_err(Problem::of)?,
        };
        let facts = Facts { sample_rate_hz: audio.sample_rate_hz, ..Facts::default() };
        let mono = self.judged(audio)?;
        let features =
            extractor.extract(&mono, facts.sample_rate_hz).map_err(|error| Problem::unreadable(error.to_string()))?;
        Ok(Heard::Whole(facts, features))
    }

    /// Hears one long recording alone. `each` receives the features of a few stretches at a time, or of the whole where
    /// the manifest would take it as a clip.
    pub(super) fn long(
        &self,
        path: &Path,
        each: &mut dyn FnMut(&[ClipFeatures]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Result<Facts, Problem>> {
        let audio = match ser_audio::decode_file(path, &Limits::default()) {
            Ok(audio) => audio,
            Err(error) => return Ok(Err(Problem::of(error))),
        };
        let mut facts = Facts { sample_rate_hz: audio.sample_rate_hz, ..Facts::default() };
        let is_clip = audio.duration_s() <= self.rules.max_duration_s;
        let mono = match self.judged(audio) {
            Ok(mono) => mono,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut extractor = Extractor::new(&self.params, self.sample_rate_hz)?;
        let samples = extractor.load(mono, facts.sample_rate_hz)?;
        if is_clip {
            each(&[extractor.extract(&samples, self.sample_rate_hz)?])?;
            return Ok(Ok(facts));
        }
        let stretches = windows(samples.len(), extractor.samples_of(self.stretch));
        drop(extractor);
        let count = stretches.len();
        let loud: Vec<&[f32]> = stretches
            .into_par_iter()
            .map(|stretch| &samples[stretch])
            .filter(|stretch| !self.is_silent(&centred(stretch)))
            .collect();
        facts.stretches = loud.len();
        facts.silent = count - loud.len();
        if loud.is_empty() {
            let detail = format!("none of its {count} stretches rises above the level of silence");
            return Ok(Err(Problem { reason: Reason::Silent, detail }));
        }
        for some in loud.chunks(STRETCHES) {
            let features: Vec<ClipFeatures> = some
                .par_iter()
                .map_init(
                    || Extractor::new(&self.params, self.sample_rate_hz),
                    |extractor, stretch| {
                        let extractor = extractor.as_mut().map_err(|error| anyhow::anyhow!("{error}"))?;
                        Ok(extractor.extract(&centred(stretch), self.sample_rate_hz)?)
                    },
                )
                .collect::<anyhow::Result<_>>()?;
            each(&features)?;
        }
        Ok(Ok(facts))
    }

    /// The mix that features hear, if the manifest would take the recording as a clip or call it too long.
    fn judged(&self, audio: Decoded) -> Result<Vec<f32>, Problem> {
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
        let rules = SoundRules { max_duration_s: f64::INFINITY, ..self.rules };
        match rules.judge(&clip) {
            None => Ok(mono),
            Some((reason, detail)) => Err(Problem { reason, detail }),
        }
    }

    fn is_silent(&self, samples: &[f32]) -> bool {
        let mut clip = measured(samples, self.sample_rate_hz);
        clip.duration_s = Some(self.rules.min_duration_s);
        self.rules.judge(&clip).is_some()
    }
}

/// Levels as ingest writes them.
fn measured(mono: &[f32], sample_rate_hz: u32) -> Clip {
    let levels = ser_audio::levels(mono, sample_rate_hz);
    let mut clip = Clip::found(String::new(), String::new(), String::new(), 0);
    (clip.peak_dbfs, clip.rms_dbfs) = (levels.peak_dbfs, levels.rms_dbfs);
    clip
}

/// A stretch without its own offset, as the decoder leaves a recording: the offset of the whole is no offset of a part.
fn centred(stretch: &[f32]) -> Vec<f32> {
    let mean = stretch.iter().map(|sample| f64::from(*sample)).sum::<f64>() / stretch.len().max(1) as f64;
    stretch.iter().map(|sample| (f64::from(*sample) - mean) as f32).collect()
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
        Self { reason: Reason::Unreadable, detail }
    }

    fn of(error: AudioError) -> Self {
        let reason = ser_ingest::reason_of(&error);
        Self { reason, detail: output::causes(&error.into()) }
    }
}
