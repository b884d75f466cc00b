//! How much figures vary from one set of speakers to another: a bootstrap over speakers, corpus by corpus.
//!
//! Clips of one speaker succeed and fail together, so resampling clips would promise far too much. Whole speakers are
//! drawn with replacement instead, as many as there are, and every figure is computed again from the clips of those
//! drawn (cluster bootstrap; Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8; for
//! speech recognition Bisani & Ney, ICASSP 2004). Since the metrics are functions of the confusion matrix, a speaker is
//! its matrix and a resample a sum of matrices. [`interval`](crate::interval) makes intervals of the spread; those of
//! single classes, which have too few clips for it, are made by [`class_intervals`](mod@crate::class_intervals) without
//! resamples.
//!
//! One corpus at a time is drawn while the others stay: that corpora differ makes no figure uncertain. Of speakers whom
//! the model was trained on, clips are drawn within each instead. Which is which, and why, is in
//! [`sample`](mod@crate::sample); how the variances add up is in [`strata`](mod@crate::strata).
//!
//! An interval covers which speakers of these corpora were recorded, or which clips of known speakers. It does not
//! cover another corpus nor another training run: of a model with several seeds it is that of the mean of these very
//! networks, whose answers are drawn together, and how far they lie apart is told beside it.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::by_corpus::ByCorpus;
use crate::class_intervals::{ClassIntervals, class_intervals};
use crate::confusion::Confusion;
use crate::interval::{Effective, FEW, Interval, MIN_SPEAKERS, Spread, StandardError, Z, of_share, wilson};
use crate::metrics::{Scores, ratio};
use crate::sample::{Sample, Speaker, Sums};
use crate::strata::{Part, reach, slope, together};

/// Places of two figures of a [`Confusion`].
const ACCURACY: usize = 0;
const UAR: usize = 1;
/// Derivatives by the number of clips are taken with every clip counted so often, and one clip more.
const OFTEN: u64 = 1024;

/// How often each speaker of each corpus is drawn in each resample, and which clips of known speakers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    speakers: Vec<usize>,
    /// Of each corpus, resample by resample.
    times: Vec<Vec<u32>>,
    resamples: u32,
    seed: u64,
}

impl Draws {
    /// `resamples` draws of as many speakers as each corpus has, with replacement. The same numbers give the same
    /// draws.
    pub fn new(speakers: &[usize], resamples: u32, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |speakers: usize| {
            let mut times = vec![0; speakers * resamples as usize];
            for resample in times.chunks_exact_mut(speakers.max(1)) {
                for _ in 0..speakers {
                    resample[generator.random_range(0..speakers)] += 1;
                }
            }
            times
        };
        let times = speakers.iter().map(|speakers| draw(*speakers)).collect();
        Self { speakers: speakers.to_vec(), times, resamples, seed }
    }

    /// Draws that fit a sample.
    pub fn of<T: Sums>(sample: &Sample<T>, resamples: u32, seed: u64) -> Self {
        Self::new(&sample.strangers(), resamples, seed)
    }

    /// Per resample, how often each speaker of a corpus is drawn.
    pub fn resamples(&self, corpus: usize) -> impl Iterator<Item = &[u32]> {
        let speakers = self.speakers.get(corpus).copied().unwrap_or_default();
        self.times.get(corpus).into_iter().flat_map(move |times| times.chunks_exact(speakers.max(1)))
    }

    /// Number of speakers of each corpus.
    pub fn speakers(&self) -> &[usize] {
        &self.speakers
    }

    /// Draws clips within speakers, as many as each has; the same at every call.
    fn clips(&self) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(1);
        generator
    }
}

/// Standard errors of all figures of a sample, in their order; `None` without resamples.
///
/// One corpus at a time is resampled while the others stay as they are, its share of the clips kept, and so are the
/// clips of known speakers; [`strata`](mod@crate::strata) puts the variances together. `seen` is shown the sums of as
/// many resamples in which everything is drawn at once.
pub fn standard_errors<T: Sums>(
    sample: &Sample<T>,
    draws: &Draws,
    mut seen: Option<&mut dyn FnMut(&T)>,
) -> Option<Vec<StandardError>> {
    if draws.speakers != sample.strangers() || draws.resamples < 2 {
        return None;
    }
    let figures = sample.all.figures().as_ref().len();
    let pieces = sample.corpora.len() + usize::from(!sample.known.is_empty());
    let mut variances = Vec::with_capacity(pieces);
    for (corpus, speakers) in sample.corpora.iter().enumerate() {
        let others = sample.corpora.iter().enumerate().filter(|(other, _)| *other != corpus).flat_map(|(_, one)| one);
        let mut resamples = Resamples::beside(sample, others.chain(&sample.known), figures);
        let clips = speakers.iter().map(|speaker| speaker.sums.count()).sum();
        for times in draws.resamples(corpus) {
            resamples.draw.reset();
            add_drawn(&mut resamples.draw, speakers, times);
            resamples.push(clips);
            if let (1, Some(seen)) = (pieces, &mut seen) {
                seen(&resamples.draw);
            }
        }
        variances.push(resamples.variances()?);
    }
    if !sample.known.is_empty() {
        let mut resamples = Resamples::beside(sample, sample.corpora.iter().flatten(), figures);
        let (clips, mut generator) = (sample.clips_of_known().0, draws.clips());
        for _ in 0..draws.resamples {
            resamples.draw.reset();
            add_drawn_clips(&mut resamples.draw, &sample.known, &mut generator);
            resamples.push(clips);
            if let (1, Some(seen)) = (pieces, &mut seen) {
                seen(&resamples.draw);
            }
        }
        variances.push(resamples.variances()?);
    }
    if let (2.., Some(seen)) = (pieces, &mut seen) {
        let (mut one, mut generator) = (sample.all.clone(), draws.clips());
        for resample in 0..draws.resamples as usize {
            one.reset();
            for (corpus, speakers) in sample.corpora.iter().enumerate() {
                let times = &draws.times[corpus][resample * speakers.len()..(resample + 1) * speakers.len()];
                add_drawn(&mut one, speakers, times);
            }
            add_drawn_clips(&mut one, &sample.known, &mut generator);
            seen(&one);
        }
    }
    Some(combined(sample, &variances))
}

/// Resamples of one piece beside others that stay.
struct Resamples<T> {
    rest: T,
    draw: T,
    whole: T,
    spreads: Vec<Spread>,
}

impl<T: Sums> Resamples<T> {
    fn beside<'a>(sample: &Sample<T>, others: impl Iterator<Item = &'a Speaker<T>>, figures: usize) -> Self
    where
        T: 'a,
    {
        let mut rest = sample.all.clone();
        rest.reset();
        others.for_each(|speaker| rest.add_sums(&speaker.sums, 1));
        Self { rest, draw: sample.all.clone(), whole: sample.all.clone(), spreads: vec![Spread::default(); figures] }
    }

    /// Takes in what was drawn for a piece of `clips` clips.
    fn push(&mut self, clips: u64) {
        let alone = self.rest.count() == 0;
        if !alone {
            // Speakers of unequal size make draws of unequal size: the piece keeps its share of the clips.
            self.whole.reset();
            self.whole.add_sums(&self.rest, self.draw.count());
            self.whole.add_sums(&self.draw, clips);
        }
        let whole = if alone { &self.draw } else { &self.whole };
        self.spreads.iter_mut().zip(whole.figures().as_ref()).for_each(|(spread, value)| spread.push(*value));
    }

    fn variances(&self) -> Option<Vec<f64>> {
        self.spreads.iter().map(|spread| Some(spread.sd()?.powi(2))).collect()
    }
}

fn add_drawn<T: Sums>(sums: &mut T, speakers: &[Speaker<T>], times: &[u32]) {
    for (speaker, times) in speakers.iter().zip(times).filter(|(_, times)| **times > 0) {
        sums.add_sums(&speaker.sums, u64::from(*times));
    }
}

fn add_drawn_clips<T: Sums>(sums: &mut T, speakers: &[Speaker<T>], generator: &mut ChaCha8Rng) {
    for speaker in speakers.iter().filter(|speaker| speaker.each().len() > 0) {
        let clips = speaker.each();
        for _ in 0..clips.len() {
            let drawn = clips.clone().nth(generator.random_range(0..clips.len()));
            drawn.into_iter().flatten().for_each(|answer| sums.add_clip(*answer));
        }
    }
}

/// Standard errors from the variances of every piece over its resamples, figure by figure.
fn combined<T: Sums>(sample: &Sample<T>, variances: &[Vec<f64>]) -> Vec<StandardError> {
    let corpora: Vec<Effective> =
        sample.corpora.iter().map(|one| Effective::of(one.iter().map(|speaker| speaker.sums.count()))).collect();
    let figures = variances.first().map_or(0, Vec::len);
    if let ([effective], true) = (corpora.as_slice(), sample.known.is_empty()) {
        let of = |variance: &f64| StandardError::of_resamples(variance.sqrt(), *effective);
        return variances.iter().flatten().map(of).collect();
    }
    let apart = if corpora.len() > 1 { apart(sample, figures) } else { vec![vec![0.0; figures]; corpora.len()] };
    let of = |figure: usize| {
        let parts = sample.corpora.iter().zip(&corpora).enumerate().map(|(at, (speakers, effective))| {
            let clips: f64 = speakers.iter().map(|speaker| speaker.sums.count() as f64).sum();
            let mut sums = sample.all.clone();
            sums.reset();
            for speaker in speakers {
                sums.add_sums(&speaker.sums, 1);
            }
            Part {
                variance: variances[at][figure] * effective.correction().powi(2),
                degrees: effective.degrees,
                apart: apart[at][figure],
                reach: reach(sums.slope(), clips / effective.speakers),
            }
        });
        // Of the n clips of k known speakers, draws have the variance of n - k: sums of squares within groups.
        let (clips, beyond) = sample.clips_of_known();
        let of_known = variances.get(corpora.len()).filter(|_| beyond > 0);
        let of_known = of_known.map(|variances| (variances[figure] * clips as f64 / beyond as f64, beyond as f64));
        together(&parts.collect::<Vec<_>>(), of_known.as_slice())
    };
    (0..figures).map(of).collect()
}

/// For each corpus and figure, the variance that it would have if clips were independent: the sum of the squared
/// deviations of the clips' derivatives from those of their class.
fn apart<T: Sums>(sample: &Sample<T>, figures: usize) -> Vec<Vec<f64>> {
    let mut often = sample.all.clone();
    often.reset();
    often.add_sums(&sample.all, OFTEN);
    let plain: Vec<f64> = often.figures().as_ref().to_vec();
    let mut one_more = often.clone();
    let mut of_corpus = |speakers: &Vec<Speaker<T>>| {
        let mut classes: BTreeMap<usize, (f64, Vec<Spread>)> = BTreeMap::new();
        let (mut last, mut found) = (&[][..], often.figures());
        for clip in speakers.iter().flat_map(Speaker::each) {
            if last != clip {
                one_more.reset();
                one_more.add_sums(&often, 1);
                for answer in clip {
                    one_more.add_clip(*answer);
                }
                (last, found) = (clip, one_more.figures());
            }
            let (clips, spreads) =
                classes.entry(T::class(clip[0])).or_insert_with(|| (0.0, vec![Spread::default(); figures]));
            *clips += 1.0;
            for ((spread, found), plain) in spreads.iter_mut().zip(found.as_ref()).zip(&plain) {
                spread.push((found - plain) * OFTEN as f64);
            }
        }
        let of_figure = |figure: usize| {
            let each = classes.values();
            each.map(|(clips, spreads)| clips * spreads[figure].sd().unwrap_or_default().powi(2)).sum()
        };
        (0..figures).map(of_figure).collect()
    };
    sample.corpora.iter().map(&mut of_corpus).collect()
}

/// Intervals of all figures of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// One entry per class of the matrix.
    pub classes: Vec<ClassIntervals>,
    /// Of the accuracy.
    pub accuracy: Interval,
    /// Of the unweighted average recall.
    pub uar: Interval,
    /// Of macro-F1.
    pub macro_f1: Interval,
    /// Of weighted F1.
    pub weighted_f1: Interval,
}

/// 95 % intervals from draws of the sample.
///
/// `None` where the sample does not tell how [`MIN_SPEAKERS`] vary ([`Sample::tells`]) or without resamples. In a
/// resample in which a class has no clip, the means over classes run over the classes that it does have, as in
/// [`Scores`]. Single classes are not resampled: see [`class_intervals`](mod@crate::class_intervals).
pub fn intervals(sample: &Sample<Confusion>, draws: &Draws) -> Option<Intervals> {
    if !sample.tells(MIN_SPEAKERS) {
        return None;
    }
    let errors = standard_errors(sample, draws, None)?;
    let figures = sample.all.figures();
    let (right, clips) = (sample.all.correct() as f64 / sample.all.seeds() as f64, sample.all.total() as f64);
    let of = |at: usize| Some(of_mean(figures[at], *errors.get(at)?, right, clips));
    Some(Intervals {
        accuracy: of(ACCURACY)?,
        uar: of(UAR)?,
        macro_f1: of(2)?,
        weighted_f1: of(3)?,
        classes: class_intervals(sample),
    })
}

/// UAR in the mean over corpora, with its 95 % interval; without one where [`intervals`] has none.
pub fn uar_over_corpora(sample: &Sample<ByCorpus<Confusion>>, draws: &Draws) -> (f64, Option<Interval>) {
    let means = sample.all.figures();
    let errors = if sample.tells(MIN_SPEAKERS) { standard_errors(sample, draws, None) } else { None };
    let first = sample.all.corpora().first();
    let mut all = first.map_or_else(|| Confusion::new(0), |one| Confusion::of_seeds(one.classes(), one.seeds()));
    sample.all.corpora().iter().for_each(|sums| all.add_matrix(sums, 1));
    let (right, clips) = (all.correct() as f64 / all.seeds() as f64, all.total() as f64);
    let interval = errors.and_then(|errors| Some(of_mean(means[UAR], *errors.get(UAR)?, right, clips)));
    (means[UAR], interval)
}

/// Interval of `value`, a share or a mean over classes of shares, of answers that are right for `right` of `clips`
/// clips.
///
/// Means over classes have no count of their own; where few clips in all are right or wrong, they are no surer than
/// accuracy.
pub fn of_mean(value: f64, error: StandardError, right: f64, clips: f64) -> Interval {
    let interval = of_share(value, error);
    if right.min(clips - right) >= FEW {
        return interval;
    }
    let apart = wilson(right, clips, Z);
    let shift = value - ratio(right, clips);
    interval.union(Interval { low: (apart.low + shift).max(0.0), high: (apart.high + shift).min(1.0) })
}

/// Accuracy, UAR, macro-F1 and weighted F1.
impl Sums for Confusion {
    /// Truth and the column of what it was taken for.
    type Clip = (usize, usize);
    type Figures = [f64; 4];

    fn answers(&self) -> usize {
        self.seeds()
    }

    fn class((truth, _): (usize, usize)) -> usize {
        truth
    }

    fn add_clip(&mut self, (truth, column): (usize, usize)) {
        self.add(truth, column);
    }

    fn add_sums(&mut self, other: &Self, times: u64) {
        self.add_matrix(other, times);
    }

    fn reset(&mut self) {
        self.counts.fill(0);
    }

    fn count(&self) -> u64 {
        self.total()
    }

    fn slope(&self) -> f64 {
        slope(self.correct() as f64 / self.seeds() as f64, self.total() as f64)
    }

    fn figures(&self) -> [f64; 4] {
        let scores = Scores::of(self);
        [scores.accuracy, scores.uar, scores.macro_f1, scores.weighted_f1]
    }
}

/// The speaker of a matrix of one seed: of several, it does not tell which answers are of one clip.
impl From<Confusion> for Speaker<Confusion> {
    fn from(sums: Confusion) -> Self {
        let classes = sums.classes();
        let cells = (0..classes).flat_map(|truth| (0..classes).map(move |said| (truth, said)));
        let times = |(truth, said): (usize, usize)| usize::try_from(sums.count(truth, said)).unwrap_or(usize::MAX);
        let clips = cells.flat_map(|cell| std::iter::repeat_n(cell, times(cell))).collect();
        Self { sums, clips }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn speaker(right: u64, wrong: u64) -> Confusion {
        let mut one = Confusion::new(2);
        one.add_matrix(&Confusion::of_pairs(2, [(0, 0)]), right);
        one.add_matrix(&Confusion::of_pairs(2, [(0, 1)]), wrong);
        one
    }

    fn intervals(speakers: &[Confusion], resamples: u32, seed: u64) -> Option<Intervals> {
        let sample = sample(&[speakers]);
        super::intervals(&sample, &Draws::of(&sample, resamples, seed))
    }

    fn sample(corpora: &[&[Confusion]]) -> Sample<Confusion> {
        let classes = corpora.first().and_then(|speakers| speakers.first()).map_or(2, Confusion::classes);
        let speakers = |one: &&[Confusion]| one.iter().cloned().map(Speaker::from).collect();
        Sample::of_speakers(&Confusion::new(classes), corpora.iter().map(speakers).collect(), Vec::new())
    }

    #[test]
    fn every_resample_has_as_many_speakers_as_there_are() {
        let draws = Draws::new(&[7, 2], 50, 3);
        for (corpus, speakers) in [7, 2].into_iter().enumerate() {
            assert_eq!(draws.resamples(corpus).count(), 50);
            assert!(draws.resamples(corpus).all(|times| times.iter().sum::<u32>() == speakers));
        }
        assert_eq!(draws, Draws::new(&[7, 2], 50, 3));
        assert_ne!(draws, Draws::new(&[7, 2], 50, 4));
        assert_eq!(Draws::new(&[0], 5, 1).resamples(0).count(), 0);
        assert_eq!(Draws::new(&[], 5, 1).resamples(0).count(), 0);
    }

    #[test]
    fn speakers_who_are_all_alike_leave_no_doubt() {
        let found = intervals(&vec![speaker(30, 10); 5], 200, 1).expect("five speakers");
        assert_eq!(found.accuracy, Interval { low: 0.75, high: 0.75 });
    }

    /// Nothing went wrong in 20 clips: that is no proof that nothing ever will.
    #[test]
    fn a_model_without_errors_is_not_certain() {
        let found = intervals(&vec![speaker(5, 0); 4], 200, 1).expect("four speakers");
        assert_eq!(found.accuracy, wilson(20.0, 20.0, Z));
        assert_eq!(found.uar, wilson(20.0, 20.0, Z));
        assert!(found.accuracy.low < 0.85 && found.accuracy.high == 1.0, "{found:?}");
    }

    #[test]
    fn too_few_speakers_give_no_interval() {
        assert_eq!(intervals(&[speaker(1, 0), speaker(0, 1)], 100, 1), None);
        assert!(intervals(&[speaker(1, 0), speaker(0, 1), speaker(0, 2)], 100, 1).is_some());
        assert_eq!(intervals(&vec![speaker(1, 0); 9], 0, 1), None);
    }

    /// The standard deviation of a mean over n speakers drawn with replacement is known: sqrt(variance / n).
    #[test]
    fn the_spread_of_the_accuracy_is_that_of_a_mean() {
        let rights = [5, 10, 15, 20, 25, 30, 35, 12];
        let speakers: Vec<_> = rights.iter().map(|right| speaker(*right, 40 - right)).collect();
        let shares: Vec<f64> = rights.iter().map(|right| *right as f64 / 40.0).collect();
        let mean = shares.iter().sum::<f64>() / 8.0;
        let sd = (shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 8.0 / 8.0).sqrt();
        let found = intervals(&speakers, 20_000, 3).expect("eight speakers").accuracy;
        let expected = of_share(mean, StandardError::of_resamples(sd, Effective { speakers: 8.0, degrees: 7.0 }));
        // The standard deviation of 20 000 resamples has a standard error of about 0.5 %.
        assert!((found.low - expected.low).abs() < 0.003 && (found.high - expected.high).abs() < 0.003, "{found:?}");
    }

    /// That one corpus is easy and the other hard makes neither uncertain: speakers of each are all alike.
    #[test]
    fn differences_between_corpora_are_no_differences_between_speakers() {
        let (hard, easy) = (vec![speaker(20, 20); 8], vec![speaker(38, 2); 8]);
        let sample = sample(&[&hard, &easy]);
        let found = super::intervals(&sample, &Draws::of(&sample, 200, 1)).expect("sixteen speakers");
        assert!((found.accuracy.high - found.accuracy.low).abs() < 1e-9, "{:?}", found.accuracy);
        let together = intervals(&[hard, easy].concat(), 200, 1).expect("sixteen speakers");
        assert!(together.accuracy.high - together.accuracy.low > 0.2, "{:?}", together.accuracy);
    }

    /// 24 speakers of 60 clips at 0.60, two of 1400 clips at 0.95 and 0.97: in one pot, the two leave nothing to say.
    #[test]
    fn two_speakers_with_most_clips_do_not_drown_the_others() {
        let hard: Vec<Confusion> = (0..24).map(|number| speaker(30 + number % 13, 30 - number % 13)).collect();
        let easy = vec![speaker(1330, 70), speaker(1358, 42)];
        let width = |corpora: &[&[Confusion]]| {
            let sample = sample(corpora);
            let found = super::intervals(&sample, &Draws::of(&sample, 500, 1)).expect("speakers").accuracy;
            assert!(found.low < 0.8366 && found.high > 0.8366, "{found:?}");
            found.high - found.low
        };
        let (apart, together) = (width(&[&hard, &easy]), width(&[&[hard.clone(), easy.clone()].concat()]));
        assert!(apart < 0.12 && together > 0.4, "{apart} {together}");
        assert!(apart > 0.02, "two speakers are two speakers: {apart}");
    }

    /// By hand: four known speakers with 30 of 40 right each, the standard error of the mean of clips within speakers,
    /// sqrt(0.75 * 0.25 / 156): draws of 40 clips are short of a speaker's own mean, 156 of 160 degrees of freedom
    /// remain.
    #[test]
    fn clips_of_known_speakers_are_drawn_within_them() {
        let known: Vec<Speaker<Confusion>> = (0..4).map(|_| Speaker::from(speaker(30, 10))).collect();
        let sample = Sample::of_speakers(&Confusion::new(2), Vec::new(), known);
        let found = standard_errors(&sample, &Draws::of(&sample, 20_000, 1), None).expect("resamples")[0];
        assert!((found.value / (0.75_f64 * 0.25 / 156.0).sqrt() - 1.0).abs() < 0.02, "{found:?}");
        assert!((found.degrees - 156.0).abs() < 1e-9, "{found:?}");
        let unlike: Vec<_> = [10, 40, 20, 38].map(|right| Speaker::from(speaker(right, 40 - right))).into();
        let as_strangers = Sample::of_speakers(&Confusion::new(2), vec![unlike.clone()], Vec::new());
        let as_known = Sample::of_speakers(&Confusion::new(2), Vec::new(), unlike);
        let width = |sample: &Sample<Confusion>| {
            let found = super::intervals(sample, &Draws::of(sample, 500, 1)).expect("four speakers").accuracy;
            found.high - found.low
        };
        assert!(width(&as_known) < width(&as_strangers) / 4.0);
    }

    #[test]
    fn corpora_have_to_leave_two_degrees_of_freedom_together() {
        let one = speaker(7, 3);
        let gives = |corpora: &[usize]| {
            let corpora: Vec<Vec<Confusion>> = corpora.iter().map(|speakers| vec![one.clone(); *speakers]).collect();
            let corpora: Vec<&[Confusion]> = corpora.iter().map(Vec::as_slice).collect();
            let sample = sample(&corpora);
            super::intervals(&sample, &Draws::of(&sample, 50, 1)).is_some()
        };
        let given: Vec<bool> = [&[2][..], &[3], &[1, 1, 1], &[2, 1], &[2, 2], &[3, 1]].map(gives).into();
        assert_eq!(given, [false, true, false, false, true, true]);
    }

    /// Clips of (speaker, truth, what each seed says).
    fn of_seeds(clips: &[(usize, usize, Vec<usize>)], seeds: usize, corpora: usize, known: bool) -> Sample<Confusion> {
        let none = Confusion::of_seeds(3, seeds);
        let mut speakers: BTreeMap<usize, Speaker<Confusion>> = BTreeMap::new();
        for (speaker, truth, said) in clips {
            let speaker = speakers.entry(*speaker).or_insert_with(|| Speaker::of(&none, std::iter::empty()));
            (0..seeds).for_each(|seed| speaker.add((*truth, none.column(seed, said[seed % said.len()]))));
        }
        let mut lists = vec![Vec::new(); corpora];
        for (number, speaker) in speakers {
            lists[number % corpora].push(speaker);
        }
        if known {
            Sample::of_speakers(&none, Vec::new(), lists.concat())
        } else {
            Sample::of_speakers(&none, lists, Vec::new())
        }
    }

    fn ends(of: &Intervals) -> Vec<f64> {
        let classes = of.classes.iter().flat_map(|class| [class.precision, class.recall, class.f1]).flatten();
        let all = [of.accuracy, of.uar, of.macro_f1, of.weighted_f1].into_iter().chain(classes);
        all.flat_map(|interval| [interval.low, interval.high]).collect()
    }

    proptest! {
        /// Four networks that say the same are worth one: neither clips nor speakers are more.
        #[test]
        fn seeds_that_say_the_same_leave_every_interval_as_it_is(
            clips in prop::collection::vec((0_usize..8, 0_usize..3, 0_usize..3), 24..80), seed in any::<u64>(),
        ) {
            let clips: Vec<_> = clips.into_iter().map(|(speaker, truth, said)| (speaker, truth, vec![said])).collect();
            for (corpora, known) in [(1, false), (2, false), (1, true)] {
                let found = |seeds: usize| {
                    let sample = of_seeds(&clips, seeds, corpora, known);
                    super::intervals(&sample, &Draws::of(&sample, 40, seed))
                };
                let (one, four) = (found(1), found(4));
                prop_assert_eq!(one.is_some(), four.is_some());
                let (one, four) = (one.as_ref().map(ends), four.as_ref().map(ends));
                let both = one.into_iter().flatten().zip(four.into_iter().flatten());
                for (one, four) in both {
                    prop_assert!((one - four).abs() < 1e-9, "{corpora} {known}: {one} {four}");
                }
            }
        }

        #[test]
        fn intervals_of_seeds_hold_their_means(
            clips in prop::collection::vec((0_usize..6, 0_usize..3, prop::collection::vec(0_usize..3, 3)), 12..60),
        ) {
            let sample = of_seeds(&clips, 3, 1, false);
            let scores = Scores::of(&sample.all);
            if let Some(found) = super::intervals(&sample, &Draws::of(&sample, 30, 1)) {
                let mut each = vec![(found.uar, scores.uar), (found.macro_f1, scores.macro_f1)];
                for (class, score) in found.classes.iter().zip(&scores.classes) {
                    each.extend(class.precision.map(|interval| (interval, score.precision)));
                    each.extend(class.recall.map(|interval| (interval, score.recall)));
                    each.extend(class.f1.map(|interval| (interval, score.f1)));
                }
                for (interval, value) in each {
                    prop_assert!(0.0 <= interval.low && interval.high <= 1.0, "{:?}", interval);
                    prop_assert!(interval.low <= value + 1e-12 && value <= interval.high + 1e-12, "{:?} {}", interval, value);
                }
            }
        }

        #[test]
        fn intervals_hold_the_figure_and_repeat(
            pairs in prop::collection::vec((0_usize..6, 0_usize..3, 0_usize..3), 6..60), seed in any::<u64>(),
        ) {
            let mut speakers = vec![Confusion::new(3); 6];
            for (speaker, truth, said) in pairs {
                speakers[speaker].add(truth, said);
            }
            let mut all = Confusion::new(3);
            for speaker in &speakers {
                all.add_matrix(speaker, 1);
            }
            let scores = Scores::of(&all);
            let found = intervals(&speakers, 50, seed).expect("six speakers");
            prop_assert_eq!(&found, &intervals(&speakers, 50, seed).expect("six speakers"));
            let mut each = vec![
                (found.accuracy, scores.accuracy), (found.uar, scores.uar),
                (found.macro_f1, scores.macro_f1), (found.weighted_f1, scores.weighted_f1),
            ];
            for (class, score) in found.classes.iter().zip(&scores.classes) {
                each.extend(class.precision.map(|interval| (interval, score.precision)));
                each.extend(class.recall.map(|interval| (interval, score.recall)));
                each.extend(class.f1.map(|interval| (interval, score.f1)));
            }
            for (interval, value) in each {
                prop_assert!(0.0 <= interval.low && interval.high <= 1.0, "{:?}", interval);
                prop_assert!(interval.low <= value + 1e-12 && value <= interval.high + 1e-12, "{:?} {}", interval, value);
            }
        }
    }
}
