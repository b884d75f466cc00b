//! The most frequent class.

/// The share of each of `classes` classes among training clips of these classes: the same probabilities for every clip.
pub(crate) fn shares(train: impl Iterator<Item = usize>, classes: usize) -> Vec<f64> {
    let mut counts = vec![0_u64; classes];
    for class in train {
        counts[class] += 1;
    }
    let total = counts.iter().sum::<u64>().max(1) as f64;
    counts.into_iter().map(|count| count as f64 / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_training_clips() {
        assert_eq!(shares([0, 2, 2, 2].into_iter(), 3), [0.25, 0.0, 0.75]);
        assert_eq!(shares([].into_iter(), 2), [0.0, 0.0]);
    }
}
