//! Clips as they were sampled: corpora, their speakers, and the clips of these.
//!
//! An interval speaks of what else could have been recorded, so it rests on what is taken for given and what for drawn:
//!
//! - **Corpora are given.** Nobody drew RAVDESS and TESS out of all corpora: a figure of both is about both, each with
//!   its share of the clips. That one is easier than the other makes no figure uncertain.
//! - **Speakers are drawn**, each corpus from its own population: other speakers could have been recorded. Where the
//!   model was never trained on the test speakers, its figures are about speakers of these corpora in general.
//! - **Speakers whom the model was trained on are given** too, and their clips are drawn. A random split asks how
//!   well the model tells other clips of the speakers it knows; of a stranger it says nothing, so its interval cannot
//!   either.
//!
//! Which speakers a model knows is told by what it was trained on, fold by fold, and not by the name of the protocol. A
//! speaker counts as known where all their clips are predicted by models that were trained on other clips of theirs.
//! Where nobody tells, speakers are taken for strangers: that interval is the wider one.
//!
//! Several networks that differ in their seed alone answer for the same clips of the same speakers: they make figures
//! steadier, and neither clips nor speakers more. A clip is drawn with all its answers.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::interval::MIN_SPEAKERS;

/// Strangers too few to tell how speakers differ are counted among the known speakers, up to this share of all clips:
/// in a random split, the odd speaker all of whose clips are in one fold.
const FEW_STRANGERS: f64 = 0.05;

/// Sums over clips that figures are functions of.
pub trait Sums: Clone {
    /// A clip, as far as the figures know it; of several [`answers`](Self::answers), one of them.
    type Clip: Copy + PartialEq + Debug;
    /// The figures.
    type Figures: AsRef<[f64]>;

    /// Answers that make up a clip: one for each seed of the model.
    fn answers(&self) -> usize {
        1
    }
    /// The class of a clip.
    fn class(clip: Self::Clip) -> usize;
    /// Counts a clip, or an answer of it.
    fn add_clip(&mut self, clip: Self::Clip);
    /// Adds `times` other sums.
    fn add_sums(&mut self, other: &Self, times: u64);
    /// Back to no clips, without giving up the memory.
    fn reset(&mut self);
    /// Clips counted.
    fn count(&self) -> u64;
    /// How much the figures of the clips counted give way to the speaker's skill, 0 to 1: see
    /// [`strata`](mod@crate::strata).
    fn slope(&self) -> f64;
    /// The figures of the clips counted.
    fn figures(&self) -> Self::Figures;
}

/// The clips of one speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct Speaker<T: Sums> {
    /// Their sums.
    pub sums: T,
    /// One by one; the answers of a clip stand one after another.
    pub clips: Vec<T::Clip>,
}

impl<T: Sums> Speaker<T> {
    /// Of these clips; `none` are the sums of no clips.
    pub fn of(none: &T, clips: impl IntoIterator<Item = T::Clip>) -> Self {
        let mut speaker = Self { sums: none.clone(), clips: Vec::new() };
        clips.into_iter().for_each(|clip| speaker.add(clip));
        speaker
    }

    /// Counts a clip, or an answer of it.
    pub fn add(&mut self, clip: T::Clip) {
        self.sums.add_clip(clip);
        self.clips.push(clip);
    }

    /// The clips, each with all its answers.
    pub fn each(&self) -> std::slice::ChunksExact<'_, T::Clip> {
        self.clips.chunks_exact(self.sums.answers().max(1))
    }
}

/// Where a clip belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Its corpus.
    pub corpus: &'a str,
    /// Its speaker, unlike that of any other corpus.
    pub speaker: &'a str,
    /// `true` if the model that predicts it was trained on other clips of the speaker.
    pub known: bool,
}

/// Clips by speaker and corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<T: Sums> {
    /// Speakers of each corpus whom the model does not know, in the order of their names; corpora without any are left
    /// out.
    pub corpora: Vec<Vec<Speaker<T>>>,
    /// Speakers of all corpora whom it does.
    pub known: Vec<Speaker<T>>,
    /// The sums of all clips.
    pub all: T,
}

impl<T: Sums> Sample<T> {
    /// Of these clips; `none` are the sums of no clips. The answers of a clip follow each other.
    ///
    /// A speaker of several corpora is counted with the one that most of their clips are of.
    pub fn of<'a>(none: &T, clips: impl IntoIterator<Item = (Origin<'a>, T::Clip)>) -> Self {
        let nobody = || (BTreeMap::<&str, u64>::new(), true, Speaker::of(none, std::iter::empty()));
        let mut speakers = BTreeMap::new();
        for (origin, clip) in clips {
            let (corpora, known, speaker) = speakers.entry(origin.speaker).or_insert_with(nobody);
            *corpora.entry(origin.corpus).or_default() += 1;
            *known &= origin.known;
            speaker.add(clip);
        }
        let (mut strangers, mut known): (BTreeMap<&str, Vec<Speaker<T>>>, Vec<_>) = (BTreeMap::new(), Vec::new());
        for (corpora, is_known, speaker) in speakers.into_values() {
            // Of equals, the first by name.
            let most = corpora.into_iter().rev().max_by_key(|(_, clips)| *clips).map_or("", |(corpus, _)| corpus);
            if is_known { known.push(speaker) } else { strangers.entry(most).or_default().push(speaker) }
        }
        Self::of_speakers(none, strangers.into_values().collect(), known)
    }

    /// Of speakers by corpus, and of known ones.
    pub fn of_speakers(none: &T, corpora: Vec<Vec<Speaker<T>>>, known: Vec<Speaker<T>>) -> Self {
        let mut all = none.clone();
        corpora.iter().flatten().chain(&known).for_each(|speaker| all.add_sums(&speaker.sums, 1));
        let mut sample = Self { corpora, known, all };
        sample.corpora.retain(|speakers| !speakers.is_empty());
        let strangers: u64 = sample.corpora.iter().flatten().map(|speaker| speaker.sums.count()).sum();
        let few = strangers as f64 <= FEW_STRANGERS * sample.all.count() as f64;
        if few && sample.freedom_of_strangers() < MIN_SPEAKERS - 1 {
            let strangers = std::mem::take(&mut sample.corpora);
            sample.known.extend(strangers.into_iter().flatten());
        }
        sample
    }

    /// All speakers.
    pub fn speakers(&self) -> impl Iterator<Item = &T> {
        self.corpora.iter().flatten().chain(&self.known).map(|speaker| &speaker.sums)
    }

    /// Number of speakers.
    pub fn count(&self) -> usize {
        self.speakers().count()
    }

    /// Number of strangers of each corpus.
    pub fn strangers(&self) -> Vec<usize> {
        self.corpora.iter().map(Vec::len).collect()
    }

    /// `true` if there are enough to tell how they vary: in all corpora together, at least `speakers` strangers less
    /// one beyond the first of each corpus (three speakers of one corpus, two and two of two); of known speakers, as
    /// many clips beyond the first of each.
    pub fn tells(&self, speakers: usize) -> bool {
        let least = speakers.saturating_sub(1);
        let strangers = self.corpora.is_empty() || self.freedom_of_strangers() >= least;
        let known = self.known.is_empty() || self.clips_of_known().1 >= least as u64;
        self.count() > 0 && strangers && known
    }

    /// Clips of known speakers: in all, and beyond the first of each.
    pub fn clips_of_known(&self) -> (u64, u64) {
        let clips = self.known.iter().map(|speaker| speaker.each().len() as u64);
        (clips.clone().sum(), clips.map(|clips| clips.saturating_sub(1)).sum())
    }

    /// Strangers beyond the first of each corpus.
    fn freedom_of_strangers(&self) -> usize {
        self.corpora.iter().map(|speakers| speakers.len().saturating_sub(1)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confusion::Confusion;

    fn sample(clips: &[(&'static str, &'static str, bool)]) -> Sample<Confusion> {
        let origin = |(corpus, speaker, known): &(&'static str, &'static str, bool)| {
            (Origin { corpus, speaker, known: *known }, (0, 1))
        };
        Sample::of(&Confusion::new(2), clips.iter().map(origin))
    }

    #[test]
    fn strangers_lie_by_corpus_and_known_speakers_by_themselves() {
        let found = sample(&[("b", "b:1", false), ("a", "a:1", false), ("a", "a:2", false), ("a", "a:3", true)]);
        assert_eq!((found.strangers(), found.known.len(), found.count()), (vec![2, 1], 1, 4));
        assert_eq!(found.all.total(), 4);
    }

    /// In one fold the model was trained on other clips of theirs, in another it was not.
    #[test]
    fn who_is_a_stranger_once_is_a_stranger() {
        let found = sample(&[("a", "a:1", true), ("a", "a:1", false)]);
        assert_eq!((found.strangers(), found.known.len()), (vec![1], 0));
    }

    #[test]
    fn a_speaker_of_two_corpora_counts_once() {
        let found = sample(&[("a", "x", false), ("b", "x", false), ("b", "x", false), ("a", "y", false)]);
        assert_eq!(found.strangers(), [1, 1]);
        let tie = sample(&[("a", "x", false), ("b", "x", false)]);
        assert_eq!(tie.strangers(), [1]);
    }

    #[test]
    fn the_odd_stranger_among_known_speakers_is_taken_for_one_of_them() {
        let mut clips = vec![("a", "a:1", true); 40];
        clips.push(("a", "a:2", false));
        assert_eq!((sample(&clips).known.len(), sample(&clips).tells(3)), (2, true));
        clips.extend([("a", "a:2", false); 9]);
        assert_eq!(
            (sample(&clips).known.len(), sample(&clips).tells(3)),
            (1, false),
            "a fifth of the clips is not odd"
        );
    }
}
