//! Counts of what was taken for what: all that the metrics need to know of a group of clips.

/// A confusion matrix over a fixed list of classes, which the caller keeps; classes are spoken of by index.
///
/// A model with several seeds answers for each clip as often, and what each seed says is counted apart, in columns of
/// its own: clips are counted once, answers as many times as there are seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    seeds: usize,
    /// Row by row; the row is the truth, the column what the model said, seed after seed.
    pub(crate) counts: Vec<u64>,
}

impl Confusion {
    /// A matrix of zeros over `classes` classes, of one seed.
    pub fn new(classes: usize) -> Self {
        Self::of_seeds(classes, 1)
    }

    /// A matrix of zeros over `classes` classes, of `seeds` seeds: none is as one.
    pub fn of_seeds(classes: usize, seeds: usize) -> Self {
        let seeds = seeds.max(1);
        Self { classes, seeds, counts: vec![0; classes * classes * seeds] }
    }

    /// The matrix of pairs of (truth, predicted) of one seed. Pairs that name a class beyond the last are left out.
    pub fn of_pairs(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut confusion = Self::new(classes);
        for (truth, predicted) in pairs {
            confusion.add(truth, predicted);
        }
        confusion
    }

    /// The column of `predicted` as the answer of `seed`; of the first seed, `predicted` itself.
    pub fn column(&self, seed: usize, predicted: usize) -> usize {
        if predicted < self.classes { seed * self.classes + predicted } else { usize::MAX }
    }

    /// Counts one answer, by its [`column`](Self::column). A class beyond the last is left out.
    pub fn add(&mut self, truth: usize, column: usize) {
        let width = self.width();
        if truth < self.classes && column < width {
            self.counts[truth * width + column] += 1;
        }
    }

    /// Adds `times` the counts of a matrix over the same classes and seeds.
    pub fn add_matrix(&mut self, other: &Self, times: u64) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += times * more;
        }
    }

    /// The answers of one seed.
    #[must_use]
    pub fn of_seed(&self, seed: usize) -> Self {
        let cells = (0..self.classes).flat_map(|truth| (0..self.classes).map(move |predicted| (truth, predicted)));
        let counts = cells.map(|(truth, predicted)| self.count_of(seed, truth, predicted)).collect();
        Self { classes: self.classes, seeds: 1, counts }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of seeds, each of which has one answer for every clip.
    pub fn seeds(&self) -> usize {
        self.seeds
    }

    /// Answers of all seeds for clips of class `truth` that were taken for `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        (0..self.seeds).map(|seed| self.count_of(seed, truth, predicted)).sum()
    }

    /// Clips of class `truth` that `seed` took for `predicted`.
    pub fn count_of(&self, seed: usize, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.width() + seed * self.classes + predicted]
    }

    /// Clips of class `truth`.
    pub fn support(&self, truth: usize) -> u64 {
        self.answered(truth) / self.seeds as u64
    }

    /// Answers of all seeds for clips of class `truth`.
    pub fn answered(&self, truth: usize) -> u64 {
        self.counts[truth * self.width()..(truth + 1) * self.width()].iter().sum()
    }

    /// Answers of all seeds that are `predicted`.
    pub fn predicted(&self, predicted: usize) -> u64 {
        (0..self.classes).map(|truth| self.count(truth, predicted)).sum()
    }

    /// Answers of all seeds that are right.
    pub fn correct(&self) -> u64 {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    /// All clips.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() / self.seeds as u64
    }

    fn width(&self) -> usize {
        self.classes * self.seeds
    }
}

/// Counts of answers as counts of clips of which each has `seeds`: rounded up or down, so that together they are as
/// many as all answers make.
pub(crate) fn shared(answers: impl IntoIterator<Item = u64>, seeds: u64) -> Vec<u64> {
    let rounded = |sum: u64| (sum + seeds / 2) / seeds;
    let (mut sum, mut clips) = (0, Vec::new());
    for answers in answers {
        clips.push(rounded(sum + answers) - rounded(sum));
        sum += answers;
    }
    clips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_truths_and_columns_are_predictions() {
        let confusion = Confusion::of_pairs(3, [(0, 1), (0, 1), (1, 1), (2, 0), (3, 0), (0, 3)]);
        assert_eq!(confusion.count(0, 1), 2);
        assert_eq!(confusion.count(1, 0), 0);
        assert_eq!((confusion.support(0), confusion.predicted(1), confusion.correct()), (2, 3, 1));
        assert_eq!(confusion.total(), 4, "classes beyond the last are left out");
    }

    /// Three clips: the first seed gets two of them right, the second one.
    #[test]
    fn seeds_share_clips_and_have_answers_of_their_own() {
        let mut confusion = Confusion::of_seeds(2, 2);
        for (truth, said) in [(0, [0, 0]), (0, [0, 1]), (1, [0, 0])] {
            for (seed, said) in said.into_iter().enumerate() {
                confusion.add(truth, confusion.column(seed, said));
            }
        }
        assert_eq!((confusion.total(), confusion.support(0), confusion.support(1)), (3, 2, 1));
        assert_eq!((confusion.answered(0), confusion.correct(), confusion.predicted(0)), (4, 3, 5));
        assert_eq!(confusion.of_seed(0), Confusion::of_pairs(2, [(0, 0), (0, 0), (1, 0)]));
        assert_eq!(confusion.of_seed(1), Confusion::of_pairs(2, [(0, 0), (0, 1), (1, 0)]));
        assert_eq!(confusion.column(1, 2), usize::MAX, "no class of the next seed");
    }

    #[test]
    fn rounded_shares_of_clips_add_up_and_nothing_stays_nothing() {
        assert_eq!(shared([2, 0, 1, 3], 3), [1, 0, 0, 1]);
        assert_eq!(shared([1, 1, 1, 0], 3), [0, 1, 0, 0]);
        assert_eq!(shared([5, 7], 1), [5, 7]);
    }
}
