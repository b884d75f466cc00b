//! From recordings to answers.

use ser_features::ClipFeatures;
use ser_models::ClipInput;

use super::BATCH;
use super::adapting::{Adapters, Example};
use super::calibration::Calibration;
use super::corpus;
use super::ears::{Ears, HeardByAll};
use super::enrolment::Enrolled;
use super::hearing::{Facts, Heard, Long, Problem, TOGETHER, clip_input};
use super::leaf::Leaf;
use super::models::{Models, Parts};
use super::recordings::Recording;
use super::row::{Answered, Row, Said};
use super::speakers::Speakers;
use super::windows::{Window, Windows};
use crate::project::Project;

/// Probabilities are not taken for smaller than this where their logarithm is needed.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

/// All that an answer depends on beside the recording.
pub(super) struct Prediction<'a> {
    pub(super) models: &'a Models,
    pub(super) ears: &'a Ears,
    pub(super) speakers: Speakers,
    pub(super) windows: Windows,
    /// `None` for probabilities as trained.
    pub(super) calibration: Option<Calibration>,
    /// Of all recordings, where a model asks for it and it was told.
    pub(super) corpus: Option<&'a str>,
    /// Of speakers of whom labelled recordings are there.
    pub(super) adapters: Adapters,
    /// `true` if each fold is treated by itself, whatever else asks for it.
    pub(super) by_fold: bool,
}

/// Recordings of a table of which nothing is said, by their lines.
type Unheard = Vec<(usize, Problem)>;

/// What one of the models says of a recording that is heard as one clip.
#[derive(Clone, Default)]
struct Answer {
    parts: Parts,
    /// In how many windows the model heard it.
    windows: usize,
}

/// What the models say of a recording.
struct Opinions {
    facts: Facts,
    /// Of each window what each model says, fold by fold and seed by seed; of a clip, of the whole.
    said: Vec<Vec<Parts>>,
    /// The windows of a long recording.
    windows: Vec<Window>,
    /// Windows that are pauses.
    pauses: usize,
    /// In how many windows a clip was heard.
    of_clip: usize,
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
        let recordings: Vec<(usize, &Recording)> = (first..).zip(batch).collect();
        self.opinions(&recordings, &mut |at, recording, opinions| {
            let facts = opinions.as_ref().ok().map(|opinions| opinions.facts);
            let said = opinions.map(|opinions| self.said(at, opinions));
            done(Row::new(&recording.path, self.speakers.name(at), said), facts)
        })
    }

    /// Adapts answers to the speakers of whom labelled recordings are there, and says so.
    pub(super) fn adapt(&mut self, project: &Project<'_>) -> anyhow::Result<()> {
        let (examples, problems) = self.examples()?;
        self.speakers.leave_out(&problems)?;
        let (adapters, idle) = Adapters::fit(&examples);
        adapters.tell(&idle, self.speakers.names(), self.models.classes(), project);
        self.adapters = adapters;
        Ok(())
    }

    /// What the model says of the labelled recordings of speakers, and those of which it says nothing, by their lines.
    fn examples(&self) -> anyhow::Result<(Vec<Example>, Unheard)> {
        let labelled: Vec<(usize, usize, &Enrolled)> = self.speakers.labelled().collect();
        let (mut examples, mut problems) = (Vec::new(), Vec::new());
        for batch in labelled.chunks(BATCH) {
            let recordings: Vec<(usize, &Recording)> = batch.iter().map(|(_, at, one)| (*at, &one.recording)).collect();
            let mut of = batch.iter();
            self.opinions(&recordings, &mut |_, _, opinions| {
                let Some((speaker, _, one)) = of.next() else { return Ok(()) };
                match (opinions, one.class) {
                    (Err(problem), _) => problems.push((one.line, problem)),
                    (Ok(opinions), Some(class)) => {
                        examples.push(Example { speaker: *speaker, class, said: self.whole(&opinions) });
                    }
                    (Ok(_), None) => {}
                }
                Ok(())
            })?;
        }
        Ok((examples, problems))
    }

    /// What each fold says of a whole recording.
    fn whole(&self, opinions: &Opinions) -> Parts {
        let by_fold = |said: &Vec<Parts>| self.models.by_fold(said, self.calibration.as_ref());
        let of_windows: Vec<Parts> = opinions.said.iter().map(by_fold).collect();
        match of_windows.as_slice() {
            [one] => one.clone(),
            several => {
                let of_fold = |(place, (fold, _)): (usize, &(u32, Vec<f32>))| {
                    let of_window = opinions.windows.iter().zip(several);
                    (*fold, pooled(of_window.map(|(window, said)| (window.sound_s, &said[place].1))))
                };
                several.first().into_iter().flatten().enumerate().map(of_fold).collect()
            }
        }
    }

    /// Has models hear recordings, each with its place among all; `done` gets what they say of each, in order.
    fn opinions<'r>(
        &self,
        recordings: &[(usize, &'r Recording)],
        done: &mut dyn FnMut(usize, &'r Recording, Result<Opinions, Problem>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let opened = recordings.iter().filter(|(_, recording)| recording.problem.is_none());
        let (places, opened): (Vec<usize>, Vec<&Recording>) = opened.copied().unzip();
        let heard = self.ears.short(&opened, &self.windows);
        let mut answers = self.short(&places, &heard)?.into_iter();
        let mut opened = 0..places.len();
        for (at, recording) in recordings.iter().copied() {
            let outcome = if let Some(problem) = &recording.problem {
                Err(Problem::unreadable(problem.clone()))
            } else {
                let (number, answers) = (opened.next().unwrap_or_default(), answers.next().unwrap_or_default());
                self.outcome(at, recording, &heard, number, answers)?
            };
            done(at, recording, outcome)?;
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
    ) -> anyhow::Result<Result<Opinions, Problem>> {
        let mut facts = Facts::default();
        for hearing in 0..self.ears.hearings.len() {
            match heard.get(hearing, number) {
                Heard::Bad(problem) => return Ok(Err(problem.clone())),
                Heard::Long => return self.long(at, recording),
                Heard::Whole(of_hearing, _) => facts = *of_hearing,
            }
        }
        let answers: Vec<Answer> = answers.into_iter().map(Option::unwrap_or_default).collect();
        let of_clip = answers.iter().map(|answer| answer.windows).max().unwrap_or_default();
        let said = vec![answers.into_iter().map(|answer| answer.parts).collect()];
        Ok(Ok(Opinions { facts, said, windows: Vec::new(), pauses: 0, of_clip }))
    }

    /// Has one long recording heard, window by window.
    fn long(&self, at: usize, recording: &Recording) -> anyhow::Result<Result<Opinions, Problem>> {
        let long = match Long::new(recording, &self.windows, &self.ears.rules()) {
            Ok(long) => long,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut said = vec![vec![Parts::new(); self.models.leaves.len()]; long.windows.len()];
        for (number, hearing) in self.ears.hearings.iter().enumerate() {
            let samples = hearing.load(&long)?;
            for (some, said) in long.windows.chunks(TOGETHER).zip(said.chunks_mut(TOGETHER)) {
                let features = hearing.windows(&samples, some)?;
                let clips: Vec<ClipInput<'_>> =
                    features.iter().map(|features| self.input(number, at, features)).collect();
                let leaves = self.models.leaves.iter().enumerate();
                for (of, leaf) in leaves.filter(|(of, _)| self.ears.of(*of) == number) {
                    for (said, parts) in said.iter_mut().zip(self.parts(leaf, &clips)?) {
                        said[of] = parts;
                    }
                }
            }
        }
        Ok(Ok(Opinions { facts: long.facts, said, windows: long.windows, pauses: long.pauses, of_clip: 1 }))
    }

    /// The answer to the recording at `at`.
    fn said(&self, at: usize, opinions: Opinions) -> Said {
        let adapter = self.adapters.of(self.speakers.speaker(at));
        let answer = |said: &Vec<Parts>| match adapter {
            Some(adapter) => {
                self.models.adapted(said, self.calibration.as_ref(), |fold, said| adapter.adapted(fold, said))
            }
            None => self.models.answer(said, self.calibration.as_ref()),
        };
        let mut answers: Vec<Vec<f32>> = opinions.said.iter().map(answer).collect();
        let is_clip = opinions.windows.is_empty();
        let probabilities = if is_clip {
            answers.pop().unwrap_or_default()
        } else {
            pooled(opinions.windows.iter().map(|window| window.sound_s).zip(&answers))
        };
        let classes = self.models.classes();
        let whose = |speaker: usize| format!("speaker {}", self.speakers.names()[speaker]);
        let adapted = adapter.zip(self.speakers.speaker(at));
        let of_window = |(window, probabilities)| Answered { window, probabilities };
        Said {
            classes: classes.to_vec(),
            probabilities,
            duration_s: opinions.facts.duration_s,
            windows: if is_clip { opinions.of_clip } else { opinions.windows.len() },
            silent_windows: opinions.pauses,
            standardised: self.standardised(at),
            adapted: adapted.map(|(adapter, speaker)| format!("{}, {}", whose(speaker), adapter.told(classes))),
            calibrated: self.calibration.is_some(),
            by_window: opinions.windows.into_iter().zip(answers).map(of_window).collect(),
        }
    }

    /// What a model says of each clip; folds and seeds by themselves, where each fold is treated by itself.
    fn parts(&self, leaf: &Leaf, clips: &[ClipInput<'_>]) -> anyhow::Result<Vec<Parts>> {
        if self.models.is_alone() && self.calibration.is_none() && !self.by_fold {
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
