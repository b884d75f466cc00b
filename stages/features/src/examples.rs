//! One clip per emotion, small enough to draw in a report.
//!
//! From the corpus with the most emotions where it can be, so that the drawings are comparable, and of median duration.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use ser_schemas::{Clip, Emotion, Example, KEY_SOURCES, Provenance, Table, TableResult, read_metadata};
use serde::{Deserialize, Serialize};

use crate::VERSION;
use crate::framing::Framing;
use crate::mel::{MelBank, power_to_db};
use crate::params::Params;
use crate::stft::Stft;
use crate::vector::LANES;

const ENVELOPE_PIECES: usize = 400;
const MAX_FRAMES: usize = 200;
const BANDS: usize = 64;
/// Depth of the spectrogram below its maximum, in decibels.
const RANGE_DB: f32 = 80.0;

/// Chooses the clip that stands for each emotion, from clips that pass by one after the other.
#[derive(Debug, Default)]
pub(crate) struct Chooser {
    /// Corpora by name, each with its number and its emotions.
    corpora: BTreeMap<String, (usize, Vec<Emotion>)>,
    candidates: Vec<Candidate>,
    clips: usize,
}

#[derive(Debug)]
struct Candidate {
    clip_id: String,
    /// Number of its corpus.
    corpus: usize,
    emotion: Emotion,
    seconds: f64,
}

impl Chooser {
    pub(crate) fn see(&mut self, clip: Clip) {
        self.clips += 1;
        let Some(emotion) = clip.emotion else { return };
        let number = self.corpora.len();
        let (corpus, emotions) = self.corpora.entry(clip.corpus).or_insert((number, Vec::new()));
        if !emotions.contains(&emotion) {
            emotions.push(emotion);
        }
        let seconds = clip.duration_s.unwrap_or(0.0);
        self.candidates.push(Candidate { clip_id: clip.clip_id, corpus: *corpus, emotion, seconds });
    }

    /// Number of clips seen.
    pub(crate) fn clips(&self) -> usize {
        self.clips
    }

    /// For each emotion present, in the order of emotions, the clip that stands for it.
    pub(crate) fn choose(self) -> Chosen {
        // The first by name among those with the most emotions.
        let best = self.corpora.values().rev().max_by_key(|(_, emotions)| emotions.len()).map(|(corpus, _)| *corpus);
        let emotions: BTreeSet<Emotion> = self.candidates.iter().map(|candidate| candidate.emotion).collect();
        let chosen = emotions.into_iter().filter_map(|emotion| {
            let mut candidates: Vec<&Candidate> =
                self.candidates.iter().filter(|candidate| candidate.emotion == emotion).collect();
            if candidates.iter().any(|candidate| Some(candidate.corpus) == best) {
                candidates.retain(|candidate| Some(candidate.corpus) == best);
            }
            candidates.sort_by(|a, b| a.seconds.total_cmp(&b.seconds).then_with(|| a.clip_id.cmp(&b.clip_id)));
            let median = candidates.get(candidates.len().saturating_sub(1) / 2);
            median.map(|candidate| (candidate.clip_id.clone(), None))
        });
        Chosen(chosen.collect())
    }
}

/// The chosen clips by id, in the order of their emotions, each with its row of the manifest once that has passed by.
#[derive(Debug)]
pub(crate) struct Chosen(Vec<(String, Option<Clip>)>);

impl Chosen {
    /// Keeps `clip` if it is one of those chosen.
    pub(crate) fn note(&mut self, clip: &Clip) {
        if let Some((_, row)) = self.0.iter_mut().find(|(clip_id, _)| *clip_id == clip.clip_id) {
            *row = Some(clip.clone());
        }
    }

    pub(crate) fn into_clips(self) -> Vec<Clip> {
        self.0.into_iter().filter_map(|(_, clip)| clip).collect()
    }
}

/// Drawings of the last result, by the content that they show.
#[derive(Debug, Default)]
pub(crate) struct Drawn(HashMap<String, Example>);

impl Drawn {
    /// Reads the table in `dir`; empty where there is none, or it was drawn in another way.
    pub(crate) fn read(dir: Option<&Path>, sample_rate_hz: u32) -> Self {
        // Not being able to save work is no reason to fail.
        let path = dir.map(Example::file_in);
        Self(path.and_then(|path| Self::contents(&path, sample_rate_hz).ok()).unwrap_or_default())
    }

    fn contents(path: &Path, sample_rate_hz: u32) -> TableResult<HashMap<String, Example>> {
        let metadata = read_metadata(path)?;
        let sources: Option<Sources> = metadata.get(KEY_SOURCES).and_then(|json| serde_json::from_str(json).ok());
        let sources = sources.filter(|sources| sources.version == VERSION && sources.sample_rate_hz == sample_rate_hz);
        let Some(sources) = sources else { return Ok(HashMap::new()) };
        let hashes = sources.content_hashes.into_iter().flatten();
        Ok(hashes.zip(Example::read(path)?).collect())
    }

    /// The drawing of `clip`, if it was drawn before.
    pub(crate) fn of(&self, clip: &Clip, emotion: Emotion) -> Option<Example> {
        let drawn = self.0.get(clip.content_hash.as_ref()?)?.clone();
        Some(Example {
            clip_id: clip.clip_id.clone(),
            emotion,
            corpus: clip.corpus.clone(),
            speaker: clip.speaker.clone().unwrap_or_default(),
            ..drawn
        })
    }
}

/// Facts that decide the drawings, row by row.
#[derive(Debug, Serialize, Deserialize)]
struct Sources {
    version: u32,
    sample_rate_hz: u32,
    content_hashes: Vec<Option<String>>,
}

/// Writes the drawings of `clips` to `path`.
pub(crate) fn write(
    path: &Path,
    rows: &[Example],
    clips: &[Clip],
    sample_rate_hz: u32,
    provenance: &Provenance,
) -> TableResult<()> {
    let content_hashes = clips.iter().map(|clip| clip.content_hash.clone()).collect();
    let sources = Sources { version: VERSION, sample_rate_hz, content_hashes };
    let json = serde_json::to_string(&sources).unwrap_or_default();
    Example::write_with(path, rows, provenance, &[(KEY_SOURCES, json)])
}

/// Waveform and spectrogram of `clip`, whose samples at `sample_rate_hz` are `samples`.
pub(crate) fn draw(clip: &Clip, emotion: Emotion, samples: &[f32], sample_rate_hz: u32) -> Example {
    let envelope = |pick: fn(f32, f32) -> f32| -> Vec<f32> {
        pieces(samples.len(), ENVELOPE_PIECES)
            .map(|(start, end)| samples[start..end].iter().copied().reduce(pick).unwrap_or(0.0))
            .collect()
    };
    Example {
        clip_id: clip.clip_id.clone(),
        emotion,
        corpus: clip.corpus.clone(),
        speaker: clip.speaker.clone().unwrap_or_default(),
        duration_s: samples.len() as f64 / f64::from(sample_rate_hz.max(1)),
        max_hz: f64::from(sample_rate_hz) / 2.0,
        envelope_min: envelope(f32::min),
        envelope_max: envelope(f32::max),
        bands: BANDS as u32,
        spectrogram_db: spectrogram(samples, sample_rate_hz),
    }
}

/// Mel spectrogram in decibels below its maximum; frames of a long clip are averaged down to at most 200.
fn spectrogram(samples: &[f32], sample_rate_hz: u32) -> Vec<f32> {
    let framing = Framing::new(&Params::default(), sample_rate_hz);
    let bank = MelBank::new(&framing, BANDS, 0.0, f64::from(sample_rate_hz) / 2.0);
    let mut stft = Stft::new(framing);
    let mut power = vec![[0.0; LANES]; framing.bins()];
    let mut mel = vec![[0.0; LANES]; BANDS];
    let count = framing.frame_count(samples.len());
    let mut spectrogram = Vec::with_capacity(count.min(MAX_FRAMES) * BANDS);
    for (start, end) in pieces(count, MAX_FRAMES) {
        let mut sums = [0.0_f32; BANDS];
        for first in (start..end).step_by(LANES) {
            let together = (end - first).min(LANES);
            stft.power(samples, first, together, &mut power);
            bank.apply_rows(&power, &mut mel);
            for (sum, band) in sums.iter_mut().zip(&mel) {
                *sum += band[..together].iter().sum::<f32>();
            }
        }
        spectrogram.extend(sums.map(|sum| power_to_db(sum / (end - start).max(1) as f32)));
    }
    let loudest = spectrogram.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    for value in &mut spectrogram {
        *value = (*value - loudest).max(-RANGE_DB);
    }
    spectrogram
}

/// `length` things in at most `most` pieces whose sizes differ by one at most.
fn pieces(length: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = length.min(most);
    (0..count).map(move |index| (index * length / count, (index + 1) * length / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(id: &str, corpus: &str, emotion: Emotion, duration_s: f64) -> Clip {
        let mut clip = Clip::found(id.into(), corpus.into(), format!("{id}.wav"), 1);
        clip.emotion = Some(emotion);
        clip.duration_s = Some(duration_s);
        clip
    }

    #[test]
    fn the_richest_corpus_comes_first_and_the_median_is_taken() {
        let clips = [
            clip("a/1", "a", Emotion::ANGRY, 1.0),
            clip("b/1", "b", Emotion::ANGRY, 9.0),
            clip("b/2", "b", Emotion::ANGRY, 2.0),
            clip("b/3", "b", Emotion::ANGRY, 3.0),
            clip("b/4", "b", Emotion::SAD, 3.0),
            clip("b/5", "b", Emotion::FEAR, 1.0),
            clip("a/2", "a", Emotion::CALM, 3.0),
        ];
        let mut chooser = Chooser::default();
        clips.iter().cloned().for_each(|clip| chooser.see(clip));
        assert_eq!(chooser.clips(), 7);
        let mut chosen = chooser.choose();
        for clip in &clips {
            chosen.note(clip);
        }
        let chosen: Vec<(Emotion, String)> =
            chosen.into_clips().into_iter().map(|clip| (clip.emotion.expect("emotion"), clip.clip_id)).collect();
        let expected = [(Emotion::ANGRY, "b/3"), (Emotion::CALM, "a/2"), (Emotion::FEAR, "b/5"), (Emotion::SAD, "b/4")];
        assert_eq!(chosen, expected.map(|(emotion, clip)| (emotion, clip.to_owned())));
    }

    #[test]
    fn a_drawing_has_its_stated_size_and_range() {
        let samples: Vec<f32> = (0..80_000).map(|n| 0.5 * (n as f32 * 0.2).sin()).collect();
        let example = draw(&clip("a/1", "a", Emotion::HAPPY, 5.0), Emotion::HAPPY, &samples, 16_000);
        assert_eq!(example.envelope_min.len(), ENVELOPE_PIECES);
        assert_eq!(example.spectrogram_db.len(), MAX_FRAMES * BANDS);
        assert!(example.envelope_max.iter().all(|value| (0.49..=0.5).contains(value)));
        assert_eq!(example.spectrogram_db.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b)), 0.0);
        assert!(example.spectrogram_db.iter().all(|value| (-80.0..=0.0).contains(value)));
    }

    #[test]
    fn nothing_can_be_drawn_too() {
        let example = draw(&clip("a/1", "a", Emotion::HAPPY, 0.0), Emotion::HAPPY, &[], 16_000);
        assert!(example.envelope_min.is_empty());
        assert_eq!(example.spectrogram_db.len(), BANDS);
    }
}
