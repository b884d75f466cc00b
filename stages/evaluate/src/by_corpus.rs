//! Figures corpus by corpus, of which each corpus counts the same.
//!
//! A figure over all clips follows the corpus with the most of them: of 12 000 clips with 7 400 of CREMA-D it says
//! little of SAVEE. The mean over corpora says how a model does on a corpus of this kind. Each corpus's figure is over
//! the classes that the corpus has, so a class that one of them lacks counts where it occurs and nowhere else.
//!
//! The mean is one more figure of the same sample, so its interval comes from the same draws of speakers corpus by
//! corpus ([`bootstrap`](mod@crate::bootstrap)), and a corpus of one or two speakers borrows from the others as it does
//! in a figure over all clips ([`strata`](mod@crate::strata)). It rests on every corpus alike, so one of few speakers
//! makes it less certain than that is.

use std::sync::Arc;

use crate::sample::Sums;

/// Sums of each corpus by itself; its figures are weighted means of theirs, over the corpora that have clips.
#[derive(Debug, Clone, PartialEq)]
pub struct ByCorpus<T> {
    corpora: Vec<T>,
    weights: Arc<[f64]>,
}

impl<T: Sums> ByCorpus<T> {
    /// Of no clips: `none` are the sums of no clips, and each corpus has a weight above 0.
    pub fn new(none: &T, weights: Arc<[f64]>) -> Self {
        Self { corpora: vec![none.clone(); weights.len()], weights }
    }

    /// The sums of each corpus.
    pub fn corpora(&self) -> &[T] {
        &self.corpora
    }

    /// Weighted mean of what `value` is of the sums of each corpus; 0 without clips.
    pub fn mean(&self, value: impl Fn(&T) -> f64) -> f64 {
        self.shares().map(|(_, (sums, share))| share * value(sums)).sum()
    }

    /// The corpora that have clips, by position, each with its share of the weights.
    pub(crate) fn shares(&self) -> impl Iterator<Item = (usize, (&T, f64))> {
        let weights = || self.corpora.iter().zip(self.weights.iter()).filter(|(sums, _)| sums.count() > 0);
        let all: f64 = weights().map(|(_, weight)| weight).sum();
        let corpora = self.corpora.iter().zip(self.weights.iter()).enumerate();
        let having = corpora.filter(|(_, (sums, _))| sums.count() > 0);
        having.map(move |(corpus, (sums, weight))| (corpus, (sums, weight / all)))
    }
}

impl<T: Sums> Sums for ByCorpus<T> {
    /// Position of its corpus, and the clip.
    type Clip = (usize, T::Clip);
    type Figures = Vec<f64>;

    fn class((_, clip): (usize, T::Clip)) -> usize {
        T::class(clip)
    }

    fn add_clip(&mut self, (corpus, clip): (usize, T::Clip)) {
        if let Some(sums) = self.corpora.get_mut(corpus) {
            sums.add_clip(clip);
        }
    }

    fn add_sums(&mut self, other: &Self, times: u64) {
        for (sums, more) in self.corpora.iter_mut().zip(&other.corpora) {
            // Nearly every speaker is of one corpus.
            if more.count() > 0 {
                sums.add_sums(more, times);
            }
        }
    }

    fn reset(&mut self) {
        self.corpora.iter_mut().for_each(T::reset);
    }

    fn count(&self) -> u64 {
        self.corpora.iter().map(T::count).sum()
    }

    fn slope(&self) -> f64 {
        let clips: f64 = self.count() as f64;
        let of_all = self.corpora.iter().map(|sums| sums.slope() * sums.count() as f64).sum::<f64>();
        if clips > 0.0 { of_all / clips } else { 0.0 }
    }

    fn figures(&self) -> Vec<f64> {
        let mut means: Vec<f64> = Vec::new();
        for (_, (sums, share)) in self.shares() {
            let figures = sums.figures();
            means.resize(figures.as_ref().len(), 0.0);
            means.iter_mut().zip(figures.as_ref()).for_each(|(mean, figure)| *mean += share * figure);
        }
        if means.is_empty() {
            // As many figures as ever, of no clips.
            means.resize(self.corpora.first().map_or(0, |sums| sums.figures().as_ref().len()), 0.0);
        }
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    use crate::bootstrap::{Draws, standard_errors};
    use crate::confusion::Confusion;
    use crate::metrics::Scores;
    use crate::sample::{Origin, Sample, Speaker};

    fn equal(corpora: usize) -> Arc<[f64]> {
        vec![1.0; corpora].into()
    }

    /// Two classes: UARs of 1, of 0.5 and, of a corpus of one class, of 0.25.
    #[test]
    fn every_corpus_counts_the_same_over_the_classes_that_it_has() {
        let mut sums = ByCorpus::new(&Confusion::new(2), equal(4));
        let clips =
            [(0, (0, 0)), (0, (1, 1)), (1, (0, 0)), (1, (1, 0)), (2, (0, 0)), (2, (0, 1)), (2, (0, 1)), (2, (0, 1))];
        for clip in clips {
            sums.add_clip(clip);
        }
        let uar = |sums: &ByCorpus<Confusion>| sums.figures()[1];
        assert!((uar(&sums) - (1.0 + 0.5 + 0.25) / 3.0).abs() < 1e-15, "the fourth has no clips");
        let mut weighted = ByCorpus::new(&Confusion::new(2), [0.5, 0.5, 1.0, 9.0].into());
        weighted.corpora = sums.corpora.clone();
        assert!((uar(&weighted) - f64::midpoint(0.75, 0.25)).abs() < 1e-15);
        sums.reset();
        assert_eq!((sums.figures(), sums.count(), sums.slope()), (vec![0.0; 4], 0, 0.0));
    }

    /// Clips of a corpus twice over change what is pooled, and no mean over corpora.
    #[test]
    fn the_largest_corpus_does_not_lead() {
        let of = |easy: usize| {
            let mut sums = ByCorpus::new(&Confusion::new(2), equal(2));
            (0..easy).for_each(|clip| sums.add_clip((0, (clip % 2, clip % 2))));
            (0..8).for_each(|clip| sums.add_clip((1, (clip % 2, 0))));
            sums.figures()[1]
        };
        assert_eq!((of(8), of(800)), (0.75, 0.75));
    }

    /// By hand: the standard error of a mean of two is half the root of the sum of squares of theirs.
    #[test]
    fn standard_errors_of_corpora_add_up_as_those_of_a_mean() {
        let speaker = |right: u64| {
            let mut one = Confusion::new(2);
            one.add_matrix(&Confusion::of_pairs(2, [(0, 0)]), right);
            one.add_matrix(&Confusion::of_pairs(2, [(0, 1)]), 40 - right);
            Speaker::from(one)
        };
        let corpora = [[10, 14, 18, 22, 26, 30, 12, 28], [20, 24, 28, 30, 32, 36, 21, 35]];
        let mut found = Vec::new();
        let mut both = vec![Vec::new(), Vec::new()];
        for (corpus, speakers) in corpora.into_iter().enumerate() {
            let speakers: Vec<Speaker<Confusion>> = speakers.into_iter().map(speaker).collect();
            for one in &speakers {
                let none = ByCorpus::new(&Confusion::new(2), equal(2));
                both[corpus].push(Speaker::of(&none, one.clips.iter().map(|clip| (corpus, *clip))));
            }
            let alone = Sample::of_speakers(&Confusion::new(2), vec![speakers], Vec::new());
            found.push(standard_errors(&alone, &Draws::of(&alone, 20_000, 1), None).expect("resamples")[0]);
        }
        let sample = Sample::of_speakers(&ByCorpus::new(&Confusion::new(2), equal(2)), both, Vec::new());
        let mean = standard_errors(&sample, &Draws::of(&sample, 20_000, 1), None).expect("resamples")[0];
        let expected = found.iter().map(|one| one.value.powi(2)).sum::<f64>().sqrt() / 2.0;
        assert!((mean.value / expected - 1.0).abs() < 0.02, "{mean:?}, expected {expected}");
        assert!(mean.degrees > found[0].degrees && mean.degrees < 14.5, "{mean:?} {found:?}");
    }

    proptest! {
        #[test]
        fn of_corpora_that_are_alike_the_mean_is_what_each_of_them_is(
            clips in prop::collection::vec((0_usize..3, 0_usize..3), 1..40), corpora in 1_usize..5,
        ) {
            let none = ByCorpus::new(&Confusion::new(3), equal(corpora));
            let clips: Vec<_> = (0..corpora).flat_map(|corpus| clips.iter().map(move |clip| (corpus, *clip))).collect();
            let origin = |corpus: usize| Origin { corpus: ["a", "b", "c", "d"][corpus], speaker: "s", known: false };
            let sample = Sample::of(&none, clips.iter().map(|clip| (origin(clip.0), *clip)));
            let pooled = Scores::of(&Confusion::of_pairs(3, clips.iter().map(|clip| clip.1)));
            let means = sample.all.figures();
            for (mean, pooled) in means.iter().zip([pooled.accuracy, pooled.uar, pooled.macro_f1, pooled.weighted_f1]) {
                prop_assert!((mean - pooled).abs() < 1e-12);
            }
        }
    }
}
