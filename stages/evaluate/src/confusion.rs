//! Counts of what was taken for what: all that the metrics need to know of a group of clips.

/// A confusion matrix over a fixed list of classes, which the caller keeps; classes are spoken of by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// Row by row; the row is the truth, the column what the model said.
    pub(crate) counts: Vec<u64>,
}

impl Confusion {
    /// A matrix of zeros over `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// The matrix of pairs of (truth, predicted). Pairs that name a class beyond the last are left out.
    pub fn of_pairs(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut confusion = Self::new(classes);
        for (truth, predicted) in pairs {
            confusion.add(truth, predicted);
        }
        confusion
    }

    /// Counts one clip. A class beyond the last is left out.
    pub fn add(&mut self, truth: usize, predicted: usize) {
        if truth < self.classes && predicted < self.classes {
            self.counts[truth * self.classes + predicted] += 1;
        }
    }

    /// Adds `times` the counts of a matrix over the same classes.
    pub fn add_matrix(&mut self, other: &Self, times: u64) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += times * more;
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Clips of class `truth` that were taken for `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.classes + predicted]
    }

    /// Clips of class `truth`.
    pub fn support(&self, truth: usize) -> u64 {
        self.counts[truth * self.classes..(truth + 1) * self.classes].iter().sum()
    }

    /// Clips that were taken for `predicted`.
    pub fn predicted(&self, predicted: usize) -> u64 {
        (0..self.classes).map(|truth| self.count(truth, predicted)).sum()
    }

    /// Clips that were taken for what they are.
    pub fn correct(&self) -> u64 {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    /// All clips.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
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
}
