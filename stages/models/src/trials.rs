//! Where standardisation per speaker stops to hold: choices of a test speaker's clips that a model is tried with.
//!
//! A model that is standardised per speaker is tested with mean and standard deviation of all clips of a test speaker.
//! Corpora of acted speech have many of each speaker, as many of each emotion. In use they are few, or nearly all of
//! one emotion. So the same model, without being trained again, is tried with statistics of
//!
//! - **few** clips: a speaker's clips are divided at random into groups of a size, each standardised by itself, as
//!   those of somebody with so many recordings would be;
//! - **skewed** clips: all of one emotion, drawn for each speaker, and a share of those of each other; they standardise
//!   all clips of the speaker;
//! - **training clips**: none of the speaker.
//!
//! What is drawn follows from the ids of clips and the number of the draw alone: every model is tried with the same
//! groups.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::Statistics;

use crate::{Dataset, Fold};

/// Sizes of the groups of few clips.
const SIZES: [usize; 5] = [1, 2, 5, 10, 20];
/// Shares of the clips of other emotions that are kept beside a dominant one; the first two after a trial on the
/// embeddings of wav2vec 2.0 (github.com/habla-liaa/ser-with-w2v2).
const KEPT: [f64; 3] = [0.45, 0.22, 0.0];

/// One choice of clips for the statistics of every test speaker of a fold.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Which choice.
    pub statistics: Statistics,
    /// Of [`Statistics::Few`], how many clips.
    pub clips: Option<u32>,
    /// Of [`Statistics::Skewed`], the share of the clips of each other emotion that is kept.
    pub kept: Option<f64>,
    /// Number of the draw, from 0.
    pub repetition: u32,
    /// Clips that are standardised alike. No clip is in two.
    pub groups: Vec<Group>,
}

/// Clips that are standardised alike, as positions in the dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Clips that mean and standard deviation are taken over; none: those of the fold's training clips are used.
    pub over: Vec<usize>,
    /// Clips that are predicted with them.
    pub predicted: Vec<usize>,
    /// The class all of whose clips were kept, where one was drawn.
    pub dominant: Option<usize>,
}

impl Trial {
    /// The clips that are predicted, each with the number of its group, in the order of the groups.
    pub fn predicted(&self) -> impl Iterator<Item = (usize, usize)> {
        let of = |(number, group): (usize, &'_ Group)| {
            group.predicted.iter().map(move |at| (number, *at)).collect::<Vec<_>>()
        };
        self.groups.iter().enumerate().flat_map(of)
    }
}

/// The trials of a fold, each drawn `repetitions` times where there is something to draw; none for no repetition.
///
/// Only speakers all of whose clips are test clips take part: the others are no strangers to the model.
pub fn trials(dataset: &Dataset, fold: &Fold, repetitions: u32) -> Vec<Trial> {
    let speakers = strangers(dataset, fold);
    if speakers.is_empty() || repetitions == 0 {
        return Vec::new();
    }
    let one = Group { predicted: speakers.iter().flatten().copied().collect(), ..Group::default() };
    let training = (Statistics::TrainingClips, None, None, 0);
    let mut trials = vec![trial(training, vec![one])];
    for size in SIZES {
        // There is one way to take clips one by one.
        for repetition in 0..if size == 1 { 1 } else { repetitions } {
            let groups = speakers.iter().flat_map(|clips| few(dataset, clips, size, repetition)).collect();
            trials.push(trial((Statistics::Few, Some(size as u32), None, repetition), groups));
        }
    }
    for kept in KEPT {
        for repetition in 0..repetitions {
            let groups = speakers.iter().map(|clips| skewed(dataset, clips, kept, repetition)).collect();
            trials.push(trial((Statistics::Skewed, None, Some(kept), repetition), groups));
        }
    }
    trials.retain(|trial| !trial.groups.is_empty());
    trials
}

fn trial(
    (statistics, clips, kept, repetition): (Statistics, Option<u32>, Option<f64>, u32),
    groups: Vec<Group>,
) -> Trial {
    Trial { statistics, clips, kept, repetition, groups }
}

/// The test clips of each speaker of whom the model is shown nothing.
fn strangers(dataset: &Dataset, fold: &Fold) -> Vec<Vec<usize>> {
    let speaker = |at: &usize| dataset.clips[*at].speaker.as_str();
    let shown: BTreeSet<&str> = fold.train.iter().chain(&fold.validation).map(speaker).collect();
    let mut speakers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in fold.test.iter().filter(|at| !shown.contains(speaker(at))) {
        speakers.entry(speaker(at)).or_default().push(*at);
    }
    speakers.into_values().collect()
}

/// A speaker's clips in groups of `size`. What remains at the end is filled up with clips of the first groups, which
/// are predicted there and not again; fewer clips than that are no group.
fn few(dataset: &Dataset, clips: &[usize], size: usize, repetition: u32) -> Vec<Group> {
    if clips.len() < size {
        return Vec::new();
    }
    let order = drawn(dataset, clips, repetition);
    let group = |predicted: &[usize]| Group {
        over: predicted.iter().chain(&order[..size - predicted.len()]).copied().collect(),
        predicted: predicted.to_vec(),
        dominant: None,
    };
    order.chunks(size).map(group).collect()
}

/// All clips of a speaker by the statistics of those of one emotion, and of the share `kept` of those of each other.
/// Repetitions go through a speaker's emotions; less that is kept is part of what is kept of more.
fn skewed(dataset: &Dataset, clips: &[usize], kept: f64, repetition: u32) -> Group {
    let class = |at: usize| dataset.clips[at].class;
    let speaker = clips.first().map_or("", |at| dataset.clips[*at].speaker.as_str());
    let mut classes: Vec<usize> = clips.iter().map(|at| class(*at)).collect::<BTreeSet<_>>().into_iter().collect();
    classes.sort_by_key(|class| key(0, &format!("{speaker} {}", dataset.classes[*class])));
    let dominant = classes[repetition as usize % classes.len().max(1)];
    let order = drawn(dataset, clips, repetition);
    let of = |wanted: &usize| {
        let own: Vec<usize> = order.iter().copied().filter(|at| class(*at) == *wanted).collect();
        let count = if *wanted == dominant { own.len() } else { (kept * own.len() as f64).round() as usize };
        own.into_iter().take(count)
    };
    Group { over: classes.iter().flat_map(of).collect(), predicted: clips.to_vec(), dominant: Some(dominant) }
}

/// `clips` in an order of draw `repetition`.
fn drawn(dataset: &Dataset, clips: &[usize], repetition: u32) -> Vec<usize> {
    let mut order = clips.to_vec();
    order.sort_by_cached_key(|at| (key(repetition, &dataset.clips[*at].clip_id), *at));
    order
}

/// A number of `name` that looks drawn: FNV-1a, and what SplitMix64 does to its counter (Steele, Lea & Flood 2014), so
/// that names that differ in their last letter are far apart.
fn key(repetition: u32, name: &str) -> u64 {
    let hash = repetition
        .to_le_bytes()
        .into_iter()
        .chain(name.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LabelledClip;

    use ser_schemas::Emotion;

    const CLASSES: usize = 3;

    /// Speakers with so many clips each, of the classes in turn; the first is trained on, the others are tested.
    fn world(sizes: &[usize]) -> (Dataset, Fold) {
        let clips: Vec<LabelledClip> = sizes
            .iter()
            .enumerate()
            .flat_map(|(speaker, size)| (0..*size).map(move |number| (speaker, number)))
            .map(|(speaker, number)| LabelledClip {
                clip_id: format!("c/{speaker}-{number:03}"),
                corpus: "c".into(),
                speaker: format!("c:{speaker}"),
                class: number % CLASSES,
            })
            .collect();
        let (train, test) = (0..clips.len()).partition(|at| clips[*at].speaker == "c:0");
        let fold = Fold { number: 0, train, validation: Vec::new(), test };
        let classes = vec![Emotion::ANGRY, Emotion::HAPPY, Emotion::SAD];
        (Dataset { classes, clips, folds: vec![fold.clone()], protocol: None, held_out: None }, fold)
    }

    fn of(trials: &[Trial], statistics: Statistics) -> Vec<&Trial> {
        trials.iter().filter(|trial| trial.statistics == statistics).collect()
    }

    fn sorted(clips: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut clips: Vec<usize> = clips.into_iter().collect();
        clips.sort_unstable();
        clips
    }

    #[test]
    fn every_clip_is_predicted_once_in_each_draw_by_as_many_clips_of_its_speaker_as_are_tried() {
        let (data, fold) = world(&[9, 48, 23]);
        let trials = trials(&data, &fold, 3);
        let few = of(&trials, Statistics::Few);
        let sizes: Vec<(u32, u32)> = few.iter().filter_map(|trial| Some((trial.clips?, trial.repetition))).collect();
        assert_eq!(sizes[..4], [(1, 0), (2, 0), (2, 1), (2, 2)]);
        assert_eq!(sizes.len(), 13);
        for trial in few {
            let size = trial.clips.expect("a size") as usize;
            assert_eq!(sorted(trial.predicted().map(|(_, at)| at)), fold.test, "{size}");
            for group in &trial.groups {
                assert_eq!(group.over.iter().collect::<BTreeSet<_>>().len(), size, "each clip counts once");
                assert!(group.predicted.iter().all(|at| group.over.contains(at)));
                let speakers: BTreeSet<&str> = group.over.iter().map(|at| data.clips[*at].speaker.as_str()).collect();
                assert_eq!(speakers.len(), 1);
            }
        }
        let training = of(&trials, Statistics::TrainingClips);
        assert!(matches!(training[..], [Trial { groups, .. }] if groups[0].over.is_empty()));
        assert_eq!(sorted(training[0].predicted().map(|(_, at)| at)), fold.test);
    }

    #[test]
    fn one_emotion_dominates_and_the_others_are_thinned_alike() {
        let (data, fold) = world(&[9, 60, 27]);
        let all = trials(&data, &fold, 3);
        let skewed = of(&all, Statistics::Skewed);
        assert_eq!(skewed.iter().map(|trial| trial.kept).collect::<Vec<_>>()[2..4], [Some(0.45), Some(0.22)]);
        for trial in &skewed {
            assert_eq!(sorted(trial.predicted().map(|(_, at)| at)), fold.test);
            for (group, each) in trial.groups.iter().zip([20, 9]) {
                let count = |class| group.over.iter().filter(|at| data.clips[**at].class == class).count();
                let dominant = group.dominant.expect("drawn");
                let thinned = (trial.kept.expect("a share") * each as f64).round() as usize;
                let expected: Vec<usize> = (0..3).map(|class| if class == dominant { each } else { thinned }).collect();
                assert_eq!((0..3).map(count).collect::<Vec<_>>(), expected);
            }
        }
        // Three draws of three emotions: each dominates once, and what is kept of few is kept of more.
        let dominant: BTreeSet<_> = skewed[..3].iter().map(|trial| trial.groups[0].dominant).collect();
        assert_eq!(dominant.len(), 3);
        for (more, less) in skewed[..3].iter().zip(&skewed[3..6]) {
            assert!(less.groups[0].over.iter().all(|at| more.groups[0].over.contains(at)));
        }
    }

    #[test]
    fn who_is_known_to_the_model_or_has_too_few_clips_is_not_tried() {
        let (data, fold) = world(&[9, 12, 4]);
        let trials = trials(&data, &fold, 1);
        let tried = |size: u32| {
            let of_size = |trial: &&Trial| trial.clips == Some(size);
            trials.iter().find(of_size).map_or(0, |trial| trial.predicted().count())
        };
        assert_eq!([1, 2, 5, 10, 20].map(tried), [16, 16, 12, 12, 0]);
        assert!(trials.iter().all(|trial| !trial.groups.is_empty()));

        let known = Fold { train: fold.train.clone(), validation: vec![9], test: fold.test[1..].to_vec(), number: 0 };
        let predicted = super::trials(&data, &known, 1).iter().map(|trial| trial.predicted().count()).max();
        assert_eq!(predicted, Some(4), "a speaker of validation clips is known");
        assert_eq!(super::trials(&data, &fold, 0), []);
    }

    /// Another number of draws or of speakers changes no draw; another draw divides otherwise.
    #[test]
    fn draws_follow_from_the_clips_and_their_number() {
        let (data, fold) = world(&[9, 48, 23]);
        let (once, often) = (trials(&data, &fold, 1), trials(&data, &fold, 5));
        assert!(once.iter().all(|trial| often.contains(trial)));
        let pairs = of(&often, Statistics::Few).into_iter().filter(|trial| trial.clips == Some(2));
        let different: Vec<&Trial> = pairs.collect();
        assert!((1..5).all(|draw| different[draw].groups != different[0].groups));
        let alone = Fold { test: fold.test.iter().copied().filter(|at| *at >= 57).collect(), ..fold };
        let groups = |trials: &[Trial]| of(trials, Statistics::Few)[1].groups.clone();
        assert!(groups(&trials(&data, &alone, 1)).iter().all(|group| groups(&once).contains(group)));
    }

    /// The first of 48 clips in 2000 draws: a uniform choice has a mean place of 23.5 with a standard error of 0.31.
    #[test]
    fn no_clip_is_preferred() {
        let (data, fold) = world(&[9, 48]);
        let first = |draw: u32| drawn(&data, &fold.test, draw)[0];
        let mean = (0..2000).map(|draw| (first(draw) - 9) as f64).sum::<f64>() / 2000.0;
        assert!((mean - 23.5).abs() < 1.3, "{mean}");
    }
}
