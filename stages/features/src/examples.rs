//! One clip per emotion, small enough to draw in a report.
//!
//! From the corpus with the most emotions where it can be, so that the drawings are comparable, and of median duration.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Emotion, Example};

use crate::framing::Framing;
use crate::mel::{MelBank, power_to_db};
use crate::params::Params;
use crate::stft::Stft;

const ENVELOPE_PIECES: usize = 400;
const MAX_FRAMES: usize = 200;
const BANDS: usize = 64;
/// Depth of the spectrogram below its maximum, in decibels.
const RANGE_DB: f32 = 80.0;

/// The clip that stands for each emotion present, in the order of emotions.
pub(crate) fn choose(clips: &[Clip]) -> Vec<(Emotion, &Clip)> {
    let mut by_corpus: BTreeMap<&str, Vec<Emotion>> = BTreeMap::new();
    for clip in clips {
        let emotions = by_corpus.entry(&clip.corpus).or_default();
        emotions.extend(clip.emotion.filter(|emotion| !emotions.contains(emotion)));
    }
    // The first by name among those with the most emotions.
    let best = by_corpus.iter().rev().max_by_key(|(_, emotions)| emotions.len()).map(|(corpus, _)| *corpus);
    Emotion::ALL
        .into_iter()
        .filter_map(|emotion| {
            let mut candidates: Vec<&Clip> = clips.iter().filter(|clip| clip.emotion == Some(emotion)).collect();
            if candidates.iter().any(|clip| Some(clip.corpus.as_str()) == best) {
                candidates.retain(|clip| Some(clip.corpus.as_str()) == best);
            }
            let seconds = |clip: &Clip| clip.duration_s.unwrap_or(0.0);
            candidates.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)).then_with(|| a.clip_id.cmp(&b.clip_id)));
            candidates.get(candidates.len().saturating_sub(1) / 2).map(|clip| (emotion, *clip))
        })
        .collect()
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
    let mut power = vec![0.0; framing.bins()];
    let mut mel = vec![0.0; BANDS];
    let count = framing.frame_count(samples.len());
    let mut spectrogram = Vec::with_capacity(count.min(MAX_FRAMES) * BANDS);
    for (start, end) in pieces(count, MAX_FRAMES) {
        let mut sums = [0.0_f32; BANDS];
        for index in start..end {
            stft.power(samples, index, &mut power);
            bank.apply(&power, &mut mel);
            for (sum, value) in sums.iter_mut().zip(&mel) {
                *sum += value;
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
        let clips = vec![
            clip("a/1", "a", Emotion::Angry, 1.0),
            clip("b/1", "b", Emotion::Angry, 9.0),
            clip("b/2", "b", Emotion::Angry, 2.0),
            clip("b/3", "b", Emotion::Angry, 3.0),
            clip("b/4", "b", Emotion::Sad, 3.0),
            clip("b/5", "b", Emotion::Fear, 1.0),
            clip("a/2", "a", Emotion::Calm, 3.0),
        ];
        let chosen: Vec<(Emotion, &str)> =
            choose(&clips).into_iter().map(|(emotion, clip)| (emotion, clip.clip_id.as_str())).collect();
        assert_eq!(
            chosen,
            [(Emotion::Angry, "b/3"), (Emotion::Calm, "a/2"), (Emotion::Fear, "b/5"), (Emotion::Sad, "b/4")]
        );
    }

    #[test]
    fn a_drawing_has_its_stated_size_and_range() {
        let samples: Vec<f32> = (0..80_000).map(|n| 0.5 * (n as f32 * 0.2).sin()).collect();
        let example = draw(&clip("a/1", "a", Emotion::Happy, 5.0), Emotion::Happy, &samples, 16_000);
        assert_eq!(example.envelope_min.len(), ENVELOPE_PIECES);
        assert_eq!(example.spectrogram_db.len(), MAX_FRAMES * BANDS);
        assert!(example.envelope_max.iter().all(|value| (0.49..=0.5).contains(value)));
        assert_eq!(example.spectrogram_db.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b)), 0.0);
        assert!(example.spectrogram_db.iter().all(|value| (-80.0..=0.0).contains(value)));
    }

    #[test]
    fn nothing_can_be_drawn_too() {
        let example = draw(&clip("a/1", "a", Emotion::Happy, 0.0), Emotion::Happy, &[], 16_000);
        assert!(example.envelope_min.is_empty());
        assert_eq!(example.spectrogram_db.len(), BANDS);
    }
}
