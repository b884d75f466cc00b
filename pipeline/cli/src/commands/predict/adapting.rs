//! What labelled recordings of speakers change about the answers for them.
//!
//! Each fold answers for the labelled recordings of a speaker as for any, and an [`Adapter`] is fitted to that by the function that the
//! evaluation measures (table `adaptation`). What the fold says of the speaker's other recordings goes through it, before the folds are
//! averaged.

use std::collections::{BTreeMap, BTreeSet};

use ser_evaluate::adaptation::Adapter;
use ser_schemas::Emotion;
use ser_text::{counted, first_names, printable};

use super::models::Parts;
use crate::output;
use crate::project::Project;

/// Speakers that a message names.
const NAMED: usize = 5;

/// A labelled recording: what each fold says of it, and what it is.
pub(super) struct Example {
    /// Place of the speaker.
    pub(super) speaker: usize,
    /// Position of the emotion among the classes.
    pub(super) class: usize,
    pub(super) said: Parts,
}

/// Adapters of speakers, by their places.
#[derive(Debug, Default)]
pub(super) struct Adapters(BTreeMap<usize, SpeakerAdapter>);

/// Those of a speaker.
#[derive(Debug)]
pub(super) struct SpeakerAdapter {
    folds: BTreeMap<u32, Adapter>,
    /// Labelled recordings of each class that has some, with its position.
    clips: BTreeMap<usize, usize>,
}

impl Adapters {
    /// Fitted to `examples`; with the places of speakers of whom nothing follows.
    pub(super) fn fit(examples: &[Example]) -> (Self, BTreeSet<usize>) {
        let mut of_speakers: BTreeMap<usize, Vec<&Example>> = BTreeMap::new();
        for example in examples {
            of_speakers.entry(example.speaker).or_default().push(example);
        }
        let (mut fitted, mut idle) = (BTreeMap::new(), BTreeSet::new());
        for (speaker, own) in of_speakers {
            let mut clips: BTreeMap<usize, usize> = BTreeMap::new();
            let mut folds: BTreeMap<u32, Vec<(Vec<f64>, usize)>> = BTreeMap::new();
            for example in own {
                *clips.entry(example.class).or_default() += 1;
                for (fold, said) in &example.said {
                    let said = said.iter().copied().map(f64::from).collect();
                    folds.entry(*fold).or_default().push((said, example.class));
                }
            }
            let adapter = |clips: &Vec<(Vec<f64>, usize)>| {
                Adapter::fit(&clips.iter().map(|(said, class)| (said.as_slice(), *class)).collect::<Vec<_>>())
            };
            let folds: BTreeMap<u32, Adapter> = folds.iter().map(|(fold, clips)| (*fold, adapter(clips))).collect();
            if folds.values().all(Adapter::is_idle) {
                idle.insert(speaker);
            } else {
                fitted.insert(speaker, SpeakerAdapter { folds, clips });
            }
        }
        (Self(fitted), idle)
    }

    /// Those of the speaker at a place.
    pub(super) fn of(&self, speaker: Option<usize>) -> Option<&SpeakerAdapter> {
        self.0.get(&speaker?)
    }

    /// Says on stderr to whom answers are adapted, and to whom they could not be: the speakers in `idle`.
    pub(super) fn tell(&self, idle: &BTreeSet<usize>, names: &[String], classes: &[Emotion], project: &Project<'_>) {
        if !self.0.is_empty() {
            let one = |(speaker, adapter): (&usize, &SpeakerAdapter)| {
                format!("{} ({})", printable(&names[*speaker]), adapter.counts(classes))
            };
            project.note(format_args!(
                "answers are adapted to {} by labelled recordings: {}",
                counted(self.0.len(), "speaker"),
                first_names(self.0.iter().map(one), NAMED)
            ));
        }
        if !idle.is_empty() {
            output::warn(format_args!(
                "labelled recordings of one emotion alone adapt nothing, as they tell it from no other: {}; add recordings of another \
                 emotion",
                first_names(idle.iter().map(|speaker| printable(&names[*speaker]).into_owned()), NAMED)
            ));
        }
    }
}

impl SpeakerAdapter {
    /// What a fold says, adapted.
    pub(super) fn adapted(&self, fold: u32, said: &[f32]) -> Vec<f32> {
        let Some(adapter) = self.folds.get(&fold) else { return said.to_vec() };
        let said: Vec<f64> = said.iter().copied().map(f64::from).collect();
        adapter.adapted(&said).into_iter().map(|value| value as f32).collect()
    }

    /// `4 labelled recordings: angry 2, sad 2`.
    pub(super) fn told(&self, classes: &[Emotion]) -> String {
        let all: usize = self.clips.values().sum();
        format!("{}: {}", counted(all, "labelled recording"), self.counts(classes))
    }

    /// `angry 2, sad 2`.
    pub(super) fn counts(&self, classes: &[Emotion]) -> String {
        let one = |(class, clips): (&usize, &usize)| format!("{} {clips}", classes[*class]);
        self.clips.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two speakers: the model takes the first one's sadness for anger, and of the second there is anger alone.
    #[test]
    fn speakers_are_adapted_each_by_their_own_recordings_fold_by_fold() {
        let example = |speaker, class, said: [f32; 2]| Example {
            speaker,
            class,
            said: vec![(0, said.to_vec()), (4, vec![said[1], said[0]])],
        };
        let mut examples = vec![example(3, 0, [0.5, 0.5])];
        for _ in 0..3 {
            examples.extend([example(1, 0, [0.95, 0.05]), example(1, 1, [0.8, 0.2])]);
        }
        let (adapters, idle) = Adapters::fit(&examples);
        assert_eq!(idle, BTreeSet::from([3]));
        assert!(adapters.of(Some(3)).is_none() && adapters.of(None).is_none());
        let ana = adapters.of(Some(1)).expect("six recordings");
        assert_eq!(ana.told(&[Emotion::ANGRY, Emotion::SAD]), "6 labelled recordings: angry 3, sad 3");
        // Nearer to what was said of sadness; in the other fold to what was said of anger.
        let (said, turned) = ([0.6, 0.4], [0.04, 0.96]);
        let (first, last) = (ana.adapted(0, &said), ana.adapted(4, &turned));
        assert!(first[0] < 0.6 && last[0] > 0.04, "each fold has its own mistakes: {first:?} {last:?}");
        assert_eq!(ana.adapted(2, &said), said, "a fold that nobody was heard by");
        assert!((first.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
