//! One way of answering against several others on the same clips, by unweighted average recall; of several corpora, in
//! the mean over them.
//!
//! An answer may be a mean over draws: it is right by the share of draws in which it is. A clip counts once however
//! often it was drawn, because its answers are no independent clips.

use crate::bootstrap::{Draws, of_mean, standard_errors};
use crate::by_corpus::ByCorpus;
use crate::interval::{Interval, MIN_SPEAKERS, of_figure};
use crate::metrics::ratio;
use crate::sample::{Sample, Sums};
use crate::strata::slope;

/// Others that one is held against.
pub const OTHERS: usize = 3;

/// How far each clip is right, class by class.
#[derive(Debug, Clone, PartialEq)]
pub struct Rights {
    /// Clips of each class.
    clips: Vec<u64>,
    /// Sums over them of how far they are right, 0 to 1: first the one, then the others.
    right: [Vec<f64>; 1 + OTHERS],
}

impl Rights {
    /// Of no clips.
    pub fn new(classes: usize) -> Self {
        Self { clips: vec![0; classes], right: std::array::from_fn(|_| vec![0.0; classes]) }
    }

    fn uar(&self, of: usize) -> f64 {
        let recalls = self.right[of].iter().zip(&self.clips).map(|(right, clips)| ratio(*right, *clips as f64));
        ratio(recalls.sum(), self.clips.iter().filter(|clips| **clips > 0).count() as f64)
    }
}

/// A figure with its interval, where speakers are enough for one.
pub type Figure = (f64, Option<Interval>);

/// Unweighted average recall of the one, and by how much it is above that of each other.
pub fn figures(sample: &Sample<ByCorpus<Rights>>, draws: &Draws) -> (Figure, [Figure; OTHERS]) {
    let errors = if sample.tells(MIN_SPEAKERS) { standard_errors(sample, draws, None) } else { None };
    let error = |at: usize| errors.as_ref().and_then(|errors| errors.get(at)).copied();
    let figure = |at: usize| sample.all.mean(|sums| sums.figures()[at]);
    let right: f64 = sample.all.corpora().iter().flat_map(|sums| &sums.right[0]).sum();
    let value = figure(0);
    let interval = error(0).map(|error| of_mean(value, error, right, sample.all.count() as f64));
    let other = |at: usize| {
        let above = figure(1 + at);
        (above, error(1 + at).map(|error| of_figure(above, error, -1.0, 1.0)))
    };
    ((value, interval), std::array::from_fn(other))
}

/// Unweighted average recall of the one, and its differences from the others.
impl Sums for Rights {
    /// Truth, and how far the one and the others are right.
    type Clip = (usize, [f64; 1 + OTHERS]);
    type Figures = [f64; 1 + OTHERS];

    fn class((truth, _): Self::Clip) -> usize {
        truth
    }

    fn add_clip(&mut self, (truth, right): Self::Clip) {
        if let Some(clips) = self.clips.get_mut(truth) {
            *clips += 1;
            self.right.iter_mut().zip(right).for_each(|(sums, right)| sums[truth] += right);
        }
    }

    fn add_sums(&mut self, other: &Self, times: u64) {
        self.clips.iter_mut().zip(&other.clips).for_each(|(sum, more)| *sum += times * more);
        for (sums, more) in self.right.iter_mut().zip(&other.right) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += times as f64 * more);
        }
    }

    fn reset(&mut self) {
        self.clips.fill(0);
        self.right.iter_mut().for_each(|sums| sums.fill(0.0));
    }

    fn count(&self) -> u64 {
        self.clips.iter().sum()
    }

    fn slope(&self) -> f64 {
        slope(self.right[0].iter().sum(), self.count() as f64)
    }

    fn figures(&self) -> Self::Figures {
        let own = self.uar(0);
        std::array::from_fn(|at| if at == 0 { own } else { own - self.uar(at) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::compare::{Pair, difference_over_corpora};
    use crate::sample::Origin;

    use proptest::prelude::*;

    const CORPORA: [&str; 2] = ["a", "b"];
    const SPEAKERS: [[&str; 5]; 2] = [["a:0", "a:1", "a:2", "a:3", "a:4"], ["b:0", "b:1", "b:2", "b:3", "b:4"]];

    /// Clips of corpus, speaker and class, each with what `T` counts of it.
    fn by_corpus<T: Sums>(none: &T, clips: impl Iterator<Item = ([usize; 2], T::Clip)>) -> Sample<ByCorpus<T>> {
        let origin = |[corpus, speaker]: [usize; 2]| Origin {
            corpus: CORPORA[corpus],
            speaker: SPEAKERS[corpus][speaker],
            known: false,
        };
        let weights: Arc<[f64]> = vec![1.0; CORPORA.len()].into();
        Sample::of(&ByCorpus::new(none, weights), clips.map(|(of, clip)| (origin(of), (of[0], clip))))
    }

    /// Corpus a: class 0 is right in 1 and 0.5 of two clips, class 1 in 0.5 of one. Corpus b: one clip, wrong. The
    /// others: all right, nothing right, class 0 of corpus a alone.
    #[test]
    fn figures_of_four_clips_by_hand() {
        let clips = [
            ([0, 0], (0, [1.0, 1.0, 0.0, 1.0])),
            ([0, 1], (0, [0.5, 1.0, 0.0, 1.0])),
            ([0, 2], (1, [0.5, 1.0, 0.0, 0.0])),
            ([1, 0], (1, [0.0, 1.0, 0.0, 0.0])),
        ];
        let of = |clips: &[_]| {
            let sample = by_corpus(&Rights::new(2), clips.iter().copied());
            let ((value, interval), above) = figures(&sample, &Draws::of(&sample, 0, 1));
            assert!(
                interval.is_none() && above.iter().all(|(_, interval)| interval.is_none()),
                "nothing was resampled"
            );
            (value, above.map(|(value, _)| value))
        };
        assert_eq!(of(&clips[..3]), (0.625, [-0.375, 0.625, 0.125]));
        assert_eq!(of(&clips), (0.3125, [-0.6875, 0.3125, 0.0625]));
    }

    #[test]
    fn two_speakers_give_no_interval() {
        let clips = (0..20).map(|clip| ([0, clip % 2], (clip / 2 % 2, [f64::from(u8::from(clip > 4)); 4])));
        let sample = by_corpus(&Rights::new(2), clips);
        let ((_, interval), above) = figures(&sample, &Draws::of(&sample, 100, 1));
        assert!(interval.is_none() && above.iter().all(|(_, interval)| interval.is_none()));
    }

    proptest! {
        /// Where every clip was drawn once, this is what two models are compared by.
        #[test]
        fn whole_answers_are_compared_as_models_are(
            clips in prop::collection::vec(([0_usize..2, 0..5], 0_usize..2, any::<[bool; 4]>()), 40..200),
            seed in any::<u64>(),
        ) {
            let share = |right: &[bool; 4]| right.map(|right| f64::from(u8::from(right)));
            let rights = by_corpus(&Rights::new(2), clips.iter().map(|(of, truth, right)| (*of, (*truth, share(right)))));
            let ((value, interval), above) = figures(&rights, &Draws::of(&rights, 50, seed));
            prop_assert!(interval.is_some_and(|interval| interval.low <= value && value <= interval.high));
            for (other, (difference, _)) in above.into_iter().enumerate() {
                let pairs = clips.iter().map(|(of, truth, right)| (*of, (*truth, share(right)[0], share(right)[1 + other])));
                let pairs = by_corpus(&Pair::new(2), pairs);
                let expected = difference_over_corpora(&pairs, &Draws::of(&pairs, 50, seed));
                prop_assert!((value - expected.first).abs() < 1e-12);
                prop_assert!((difference - expected.first + expected.second).abs() < 1e-12);
            }
        }

        /// So are intervals, of one corpus, where there is nothing to borrow.
        #[test]
        fn intervals_are_those_of_models(
            clips in prop::collection::vec((0_usize..5, 0_usize..2, any::<[bool; 2]>()), 40..200), seed in any::<u64>(),
        ) {
            let share = |right: &[bool; 2]| [0, 1, 1, 1].map(|of| f64::from(u8::from(right[of])));
            let rights = clips.iter().map(|(speaker, truth, right)| ([0, *speaker], (*truth, share(right))));
            let rights = by_corpus(&Rights::new(2), rights);
            let (_, [(_, found), ..]) = figures(&rights, &Draws::of(&rights, 50, seed));
            let pairs = clips.iter().map(|(speaker, truth, right)| ([0, *speaker], (*truth, share(right)[0], share(right)[1])));
            let pairs = by_corpus(&Pair::new(2), pairs);
            let expected = difference_over_corpora(&pairs, &Draws::of(&pairs, 50, seed)).interval;
            let (found, expected) = (found.expect("five speakers"), expected.expect("five speakers"));
            prop_assert!((found.low - expected.low).abs() < 1e-9, "{found:?} {expected:?}");
            prop_assert!((found.high - expected.high).abs() < 1e-9, "{found:?} {expected:?}");
        }
    }
}
