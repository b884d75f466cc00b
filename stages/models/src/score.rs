//! How well probabilities fit classes.

/// Loss, accuracy and unweighted average recall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean cross-entropy.
    pub loss: f64,
    /// Share of clips whose class is the most probable one.
    pub accuracy: f64,
    /// Mean of the recalls of the classes present.
    pub uar: f64,
}

impl Score {
    /// Of `probabilities` (rows of `classes` values) for clips of the classes `truth`; `None` without clips. For the
    /// loss, no probability is taken for less than `least`.
    pub fn of<T: Copy + PartialOrd + Into<f64>>(
        probabilities: &[T],
        truth: &[usize],
        classes: usize,
        least: f64,
    ) -> Option<Self> {
        let mut hits = vec![0_usize; classes];
        let mut support = vec![0_usize; classes];
        let mut loss = 0.0;
        for (row, class) in probabilities.chunks_exact(classes.max(1)).zip(truth) {
            support[*class] += 1;
            hits[*class] += usize::from(most_probable(row) == *class);
            loss -= row[*class].into().max(least).ln();
        }
        let count = truth.len() as f64;
        let recalls: Vec<f64> = hits
            .iter()
            .zip(&support)
            .filter(|(_, support)| **support > 0)
            .map(|(hits, support)| *hits as f64 / *support as f64)
            .collect();
        (!truth.is_empty()).then(|| Self {
            loss: loss / count,
            accuracy: hits.iter().sum::<usize>() as f64 / count,
            uar: recalls.iter().sum::<f64>() / recalls.len() as f64,
        })
    }
}

/// Position of the highest value, the first of equals.
pub fn most_probable<T: PartialOrd>(row: &[T]) -> usize {
    (0..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_is_averaged_over_classes_that_occur() {
        // Class 0: one of two right; class 2: right; class 1 does not occur.
        let probabilities = [0.5, 0.25, 0.25, 0.2, 0.3, 0.5, 0.1, 0.1, 0.8];
        let score = Score::of(&probabilities, &[0, 0, 2], 3, 1e-12).expect("three clips");
        assert!((score.uar - 0.75).abs() < 1e-12 && (score.accuracy - 2.0 / 3.0).abs() < 1e-12);
        let loss = -(0.5_f64.ln() + 0.2_f64.ln() + 0.8_f64.ln()) / 3.0;
        assert!((score.loss - loss).abs() < 1e-12);
        assert_eq!(Score::of::<f32>(&[], &[], 3, 1e-12), None);
        assert_eq!(Score::of(&[0.0_f32, 1.0], &[0], 2, 0.5).expect("a clip").loss, -0.5_f64.ln());
    }

    #[test]
    fn the_first_of_equals_is_the_most_probable() {
        assert_eq!(most_probable(&[0.2, 0.4, 0.4]), 1);
    }
}
