//! Precision, recall and F1 of each class, and the four figures that sum a model up.
//!
//! Two rules, both as scikit-learn can be asked to apply them:
//! a ratio whose denominator is zero is 0 (`zero_division=0`), so nothing here is ever NaN; and the unweighted means,
//! UAR and macro-F1, run over the classes that have clips in the group (`balanced_accuracy_score`;
//! `f1_score(average="macro", labels=<classes that occur as truth>)`). A class that the group lacks cannot be got
//! right there, and its clips, taken from others, already lower the recall of those others.
//!
//! Of several seeds, every figure is the mean over the seeds of each one's own: what one training comes to on average.
//! Since each seed answers for the same clips, accuracy and recalls are also the shares of all answers; precision and
//! F1 are not, and a seed that never says a class has a precision of 0 there.

use crate::confusion::Confusion;

/// How well one class is told from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassScores {
    /// Share of the clips predicted as this class that are of it, 0 to 1; 0 where none is predicted.
    pub precision: f64,
    /// Share of this class's clips that are predicted as it, 0 to 1; 0 where it has none.
    pub recall: f64,
    /// Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), 0 to 1; 0 where the class neither occurs nor is
    /// predicted.
    pub f1: f64,
    /// Clips of this class.
    pub support: u64,
}

/// The figures of one group of clips.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// One entry per class of the matrix, in its order, whether the class occurs or not.
    pub classes: Vec<ClassScores>,
    /// Share of clips predicted right, 0 to 1.
    pub accuracy: f64,
    /// Unweighted average recall: the mean recall of the classes that occur, 0 to 1.
    pub uar: f64,
    /// Mean F1 of the classes that occur, 0 to 1.
    pub macro_f1: f64,
    /// Mean F1 weighted by the number of clips of each class, 0 to 1.
    pub weighted_f1: f64,
}

impl Scores {
    /// The figures of a confusion matrix, means over its seeds. Those of an empty matrix are all 0.
    pub fn of(confusion: &Confusion) -> Self {
        let classes: Vec<ClassScores> = (0..confusion.classes()).map(|class| score_class(confusion, class)).collect();
        let total = confusion.total();
        let answers = total as f64 * confusion.seeds() as f64;
        let occurring = classes.iter().filter(|class| class.support > 0);
        let count = occurring.clone().count() as f64;
        Self {
            accuracy: ratio(confusion.correct() as f64, answers),
            uar: ratio(occurring.clone().map(|class| class.recall).sum(), count),
            macro_f1: ratio(occurring.clone().map(|class| class.f1).sum(), count),
            weighted_f1: ratio(occurring.map(|class| class.f1 * class.support as f64).sum(), total as f64),
            classes,
        }
    }

    /// Of each seed by itself.
    pub fn of_each_seed(confusion: &Confusion) -> Vec<Self> {
        (0..confusion.seeds()).map(|seed| Self::of(&confusion.of_seed(seed))).collect()
    }
}

/// `numerator / denominator`, and 0 where the denominator is 0.
pub fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 { 0.0 } else { numerator / denominator }
}

fn score_class(confusion: &Confusion, class: usize) -> ClassScores {
    let (seeds, support) = (confusion.seeds(), confusion.support(class));
    let (mut precision, mut f1) = (0.0, 0.0);
    for seed in 0..seeds {
        let hits = confusion.count_of(seed, class, class) as f64;
        let predicted: u64 = (0..confusion.classes()).map(|truth| confusion.count_of(seed, truth, class)).sum();
        precision += ratio(hits, predicted as f64);
        f1 += ratio(2.0 * hits, predicted as f64 + support as f64);
    }
    ClassScores {
        precision: precision / seeds as f64,
        recall: ratio(confusion.count(class, class) as f64, confusion.answered(class) as f64),
        f1: f1 / seeds as f64,
        support,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn two_classes_by_hand() {
        // Class 0: 3 clips, 2 found; class 1: 1 clip, found; one clip of class 0 taken for class 1.
        let scores = Scores::of(&Confusion::of_pairs(2, [(0, 0), (0, 0), (0, 1), (1, 1)]));
        assert_eq!(scores.accuracy, 0.75);
        assert_eq!((scores.classes[0].precision, scores.classes[1].precision), (1.0, 0.5));
        assert_eq!(scores.uar, f64::midpoint(2.0 / 3.0, 1.0));
        assert!((scores.macro_f1 - f64::midpoint(0.8, 2.0 / 3.0)).abs() < 1e-15);
        assert!((scores.weighted_f1 - (0.8 * 3.0 + 2.0 / 3.0) / 4.0).abs() < 1e-15);
    }

    #[test]
    fn an_empty_matrix_scores_zero() {
        for classes in [0, 1, 3] {
            let scores = Scores::of(&Confusion::new(classes));
            assert_eq!([scores.accuracy, scores.uar, scores.macro_f1, scores.weighted_f1], [0.0; 4]);
        }
    }

    #[test]
    fn a_class_without_clips_does_not_enter_the_means() {
        let with = Scores::of(&Confusion::of_pairs(3, [(0, 0), (1, 1), (1, 2)]));
        assert_eq!(with.uar, 0.75);
        assert_eq!(with.classes[2], ClassScores { precision: 0.0, recall: 0.0, f1: 0.0, support: 0 });
    }

    proptest! {
        #[test]
        fn every_figure_is_a_share(pairs in prop::collection::vec((0_usize..5, 0_usize..5), 0..200)) {
            let scores = Scores::of(&Confusion::of_pairs(5, pairs.iter().copied()));
            let mut figures = vec![scores.accuracy, scores.uar, scores.macro_f1, scores.weighted_f1];
            figures.extend(scores.classes.iter().flat_map(|class| [class.precision, class.recall, class.f1]));
            prop_assert!(figures.iter().all(|figure| (0.0..=1.0).contains(figure)), "{figures:?}");
            prop_assert_eq!(scores.classes.iter().map(|class| class.support).sum::<u64>(), pairs.len() as u64);
        }

        /// Each seed answers for the same clips: UAR and accuracy of all answers are the means over the seeds, to the
        /// last bits.
        #[test]
        fn figures_of_several_seeds_are_means_over_them(
            rows in prop::collection::vec((0_usize..4, prop::collection::vec(0_usize..4, 5)), 1..80), seeds in 1_usize..=5,
        ) {
            let mut all = Confusion::of_seeds(4, seeds);
            let mut pooled = Confusion::new(4);
            for (truth, said) in &rows {
                for (seed, said) in said[..seeds].iter().enumerate() {
                    all.add(*truth, all.column(seed, *said));
                    pooled.add(*truth, *said);
                }
            }
            let one = |seed: usize| Scores::of(&Confusion::of_pairs(4, rows.iter().map(|(truth, said)| (*truth, said[seed]))));
            let each: Vec<Scores> = (0..seeds).map(one).collect();
            prop_assert_eq!(&Scores::of_each_seed(&all), &each);
            let (found, of_answers) = (Scores::of(&all), Scores::of(&pooled));
            prop_assert_eq!((found.uar, found.accuracy), (of_answers.uar, of_answers.accuracy));
            let mean = |figure: &dyn Fn(&Scores) -> f64| each.iter().map(figure).sum::<f64>() / seeds as f64;
            let figures: [&dyn Fn(&Scores) -> f64; 7] = [
                &|scores| scores.uar,
                &|scores| scores.accuracy,
                &|scores| scores.macro_f1,
                &|scores| scores.weighted_f1,
                &|scores| scores.classes[2].precision,
                &|scores| scores.classes[2].recall,
                &|scores| scores.classes[2].f1,
            ];
            for (number, figure) in figures.into_iter().enumerate() {
                prop_assert!((figure(&found) - mean(figure)).abs() < 1e-12, "{number}: {} {}", figure(&found), mean(figure));
            }
            prop_assert_eq!(found.classes.iter().map(|class| class.support).sum::<u64>(), rows.len() as u64);
        }

        #[test]
        fn class_names_do_not_matter(pairs in prop::collection::vec((0_usize..4, 0_usize..4), 1..100)) {
            let scores = Scores::of(&Confusion::of_pairs(4, pairs.iter().copied()));
            let turned = Scores::of(&Confusion::of_pairs(4, pairs.iter().map(|(truth, said)| (3 - truth, 3 - said))));
            prop_assert!((scores.uar - turned.uar).abs() < 1e-12);
            prop_assert!((scores.macro_f1 - turned.macro_f1).abs() < 1e-12);
            prop_assert_eq!(scores.accuracy, turned.accuracy);
            prop_assert_eq!(scores.classes[0], turned.classes[3]);
        }
    }
}
