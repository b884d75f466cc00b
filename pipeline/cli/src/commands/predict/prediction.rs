//! From recordings to answers.

use ser_features::ClipFeatures;
use ser_models::ClipInput;

use super::calibration::Calibration;
use super::corpus;
use super::ears::{Ears, HeardByAll};
use super::hearing::{Facts, Heard, Long, Problem, TOGETHER, clip_input};
use super::leaf::Leaf;
use super::models::{Models, Parts};
use super::recordings::Recording;
use super::row::{Answered, Row, Said};
use super::speakers::Speakers;
use super::windows::Windows;

/// Probabilities are not taken for smaller than this where their logarithm is needed.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

/// All that an answer depends on beside the recording.
pub(super) struct Prediction<'a> {
    pub(super) models: &'a Models,
    pub(super) ears: &'a Ears,
    pub(super) speakers: &'a Speakers,
    pub(super) windows: Windows,
    /// `None` for probabilities as trained.
    pub(super) calibration: Option<Calibration>,
    /// Of all recordings, where a model asks for it and it was told.
    pub(super) corpus: Option<&'a str>,
}

/// What one of the models says of a recording that is heard as one clip.
#[derive(Clone, Default)]
struct Answer {
    parts: Parts,
    /// In how many windows the model heard it.
    windows: usize,
}

impl Prediction<'_> {
    /// Predicts some recordings, the first of which is at `first` of all; `done` gets their rows in order, with the sample rate of
    /// those that were heard.
    pub(super) fn batch(
        &self,
        first: usize,
        batch: &[Recording],
        done: &mut dyn FnMut(Row, Option<Facts>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let opened = batch.iter().enumerate().filter(|(_, recording)| recording.problem.is_none());
        let (places, opened): (Vec<usize>, Vec<&Recording>) =
            opened.map(|(at, recording)| (first + at, recording)).unzip();
        let heard = self.ears.short(&opened, &self.windows);
        let mut answers = self.short(&places, &heard)?.into_iter();
        let mut opened = 0..places.len();
        for (at, recording) in (first..).zip(batch) {
            let outcome = if let Some(problem) = &recording.problem {
                Err(Problem::unreadable(problem.clone()))
            } else {
                let (number, answers) = (opened.next().unwrap_or_default(), answers.next().unwrap_or_default());
                self.outcome(at, recording, &heard, number, answers)?
            };
            let facts = outcome.as_ref().ok().map(|(facts, _)| *facts);
            let said = outcome.map(|(_, said)| said);
            done(Row::new(&recording.path, self.speakers.name(at), said), facts)?;
        }
        Ok(())
    }

    /// For each of the recordings at `places` among all, what each model says of it, where its hearing heard it as a clip.
    fn short(&self, places: &[usize], heard: &HeardByAll) -> anyhow::Result<Vec<Vec<Option<Answer>>>> {
        let mut answers = vec![vec![None; self.models.leaves.len()]; places.len()];
        for (of, leaf) in self.models.leaves.iter().enumerate() {
            let hearing = self.ears.of(of);
            let whole: Vec<(usize, &ClipFeatures)> = (0..places.len())
                .filter_map(|number| match heard.get(hearing, number) {
                    Heard::Whole(_, features) => Some((number, features)),
                    Heard::Long | Heard::Bad(_) => None,
                })
                .collect();
            let clips: Vec<ClipInput<'_>> =
                whole.iter().map(|(number, features)| self.input(hearing, places[*number], features)).collect();
            for ((number, features), parts) in whole.iter().zip(self.parts(leaf, &clips)?) {
                let windows = leaf.window_count(features.frame_count);
                answers[*number][of] = Some(Answer { parts, windows });
            }
        }
        Ok(answers)
    }

    /// What becomes of the recording at `at` of all, which is the one with such a `number` among those that were heard.
    fn outcome(
        &self,
        at: usize,
        recording: &Recording,
        heard: &HeardByAll,
        number: usize,
        answers: Vec<Option<Answer>>,
    ) -> anyhow::Result<Result<(Facts, Said), Problem>> {
        let mut facts = Facts::default();
        for hearing in 0..self.ears.hearings.len() {
            match heard.get(hearing, number) {
                Heard::Bad(problem) => return Ok(Err(problem.clone())),
                Heard::Long => return self.long(at, recording),
                Heard::Whole(of_hearing, _) => facts = *of_hearing,
            }
        }
        let answers: Vec<Answer> = answers.into_iter().map(Option::unwrap_or_default).collect();
        let windows = answers.iter().map(|answer| answer.windows).max().unwrap_or_default();
        let parts: Vec<Parts> = answers.into_iter().map(|answer| answer.parts).collect();
        let answer = self.models.answer(&parts, self.calibration.as_ref());
        let said = Said { windows, ..self.said(at, facts, answer) };
        Ok(Ok((facts, said)))
    }

    /// Has one long recording heard, window by window.
    fn long(&self, at: usize, recording: &Recording) -> anyhow::Result<Result<(Facts, Said), Problem>> {
        let long = match Long::new(recording, &self.windows, &self.ears.rules()) {
            Ok(long) => long,
            Err(problem) => return Ok(Err(problem)),
        };
        // Of each window, what each model says.
        let mut parts = vec![vec![Parts::new(); self.models.leaves.len()]; long.windows.len()];
        for (number, hearing) in self.ears.hearings.iter().enumerate() {
            let samples = hearing.load(&long)?;
            for (some, parts) in long.windows.chunks(TOGETHER).zip(parts.chunks_mut(TOGETHER)) {
                let features = hearing.windows(&samples, some)?;
                let clips: Vec<ClipInput<'_>> =
                    features.iter().map(|features| self.input(number, at, features)).collect();
                let leaves = self.models.leaves.iter().enumerate();
                for (of, leaf) in leaves.filter(|(of, _)| self.ears.of(*of) == number) {
                    for (parts, said) in parts.iter_mut().zip(self.parts(leaf, &clips)?) {
                        parts[of] = said;
                    }
                }
            }
        }
        let answers: Vec<Vec<f32>> =
            parts.iter().map(|parts| self.models.answer(parts, self.calibration.as_ref())).collect();
        let weights = long.windows.iter().map(|window| window.sound_s);
        let said = Said {
            windows: long.windows.len(),
            silent_windows: long.pauses,
            ..self.said(at, long.facts, pooled(weights.zip(&answers)))
        };
        let of_window = |(window, probabilities)| Answered { window, probabilities };
        let by_window = long.windows.iter().copied().zip(answers).map(of_window).collect();
        Ok(Ok((long.facts, Said { by_window, ..said })))
    }

    /// The answer to the recording at `at`, heard as one clip.
    fn said(&self, at: usize, facts: Facts, probabilities: Vec<f32>) -> Said {
        Said {
            classes: self.models.classes().to_vec(),
            probabilities,
            duration_s: facts.duration_s,
            windows: 1,
            silent_windows: 0,
            standardised: self.standardised(at),
            calibrated: self.calibration.is_some(),
            by_window: Vec::new(),
        }
    }

    /// What a model says of each clip; folds and seeds by themselves, where each fold is treated by itself.
    fn parts(&self, leaf: &Leaf, clips: &[ClipInput<'_>]) -> anyhow::Result<Vec<Parts>> {
        if self.models.is_alone() && self.calibration.is_none() {
            return Ok(leaf.predict(clips)?.into_iter().map(|probabilities| vec![(0, probabilities)]).collect());
        }
        let mut of_clips = vec![Parts::new(); clips.len()];
        for part in leaf.parts(clips)? {
            for (of_clip, probabilities) in of_clips.iter_mut().zip(part.probabilities) {
                of_clip.push((part.fold, probabilities));
            }
        }
        Ok(of_clips)
    }

    fn input<'f>(&'f self, hearing: usize, at: usize, features: &'f ClipFeatures) -> ClipInput<'f> {
        ClipInput { speaker: self.speakers.statistics(hearing, at), corpus: self.corpus, ..clip_input(features) }
    }

    /// Whose statistics standardise the recording at `at`; `None` where no model asks.
    fn standardised(&self, at: usize) -> Option<String> {
        let of_leaf = |leaf: &Leaf| {
            let known = leaf.corpora().map(|known| self.corpus.filter(|name| known.contains(name)));
            let by_speaker = leaf.speaker_prior().map(|prior| self.speakers.standardised(at, prior));
            known.map(corpus::standardised).or(by_speaker)
        };
        let mut told: Vec<String> = Vec::new();
        for text in self.models.leaves.iter().filter_map(of_leaf) {
            if !told.contains(&text) {
                told.push(text);
            }
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// One answer of several: the normalised product of their probabilities to the power of their weights, which add up to 1 after
/// division by their sum. It is as sure as the windows are on average, however many there are.
fn pooled<'a>(answers: impl Iterator<Item = (f64, &'a Vec<f32>)>) -> Vec<f32> {
    let (mut logits, mut all) = (Vec::<f64>::new(), 0.0);
    for (weight, probabilities) in answers {
        logits.resize(probabilities.len(), 0.0);
        for (logit, probability) in logits.iter_mut().zip(probabilities) {
            *logit += weight * f64::from(*probability).max(LEAST).ln();
        }
        all += weight;
    }
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| ((logit - highest) / all).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| (power / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Odds of 9 for three seconds and of 1 for one: 9 to the power of 3/4 is 5.196.
    #[test]
    fn a_window_counts_as_much_as_it_sounds() {
        let (sure, unsure) = (vec![0.9, 0.1], vec![0.5, 0.5]);
        let found = pooled([(3.0, &sure), (1.0, &unsure)].into_iter());
        let odds = 9.0_f32.powf(0.75);
        assert!((found[0] - odds / (1.0 + odds)).abs() < 1e-6 && (found[1] - 1.0 / (1.0 + odds)).abs() < 1e-6);
        let alike = pooled([(0.3, &sure), (2.0, &sure)].into_iter());
        assert!((alike[0] - 0.9).abs() < 1e-6, "no surer than each of them");
        let never = pooled([(1.0, &vec![1.0, 0.0]), (1.0, &vec![0.0, 1.0])].into_iter());
        assert!((never[0] - 0.5).abs() < 1e-6);
    }
}
