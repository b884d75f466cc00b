//! Which training clips an epoch draws, in which order.

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::params::Balance;

/// The draws of an epoch: as many as there are `clips`, in order. `corpus` tells that of a clip.
///
/// Where corpora are balanced they take turns, in an order of the epoch's own, so that among any neighbours, and so in every
/// batch, no corpus is drawn more than once oftener than another. Each goes through its clips in random order, and again
/// in another one where it has too few.
pub(crate) fn draws<'a>(
    clips: &[usize],
    corpus: impl Fn(usize) -> &'a str,
    balance: Balance,
    rng: &mut impl Rng,
) -> Vec<usize> {
    let mut corpora = by_corpus(clips, &corpus);
    if balance == Balance::Clips || corpora.len() < 2 {
        let mut order = clips.to_vec();
        order.shuffle(rng);
        return order;
    }
    corpora.shuffle(rng);
    let count = corpora.len();
    let turns = |at: usize| clips.len() / count + usize::from(at < clips.len() % count);
    let drawn: Vec<Vec<usize>> =
        corpora.into_iter().enumerate().map(|(at, clips)| passes(clips, turns(at), rng)).collect();
    (0..clips.len()).map(|draw| drawn[draw % count][draw / count]).collect()
}

/// How often an epoch draws each of `clips` in the mean.
pub(crate) fn mean_draws<'a>(clips: &[usize], corpus: impl Fn(usize) -> &'a str, balance: Balance) -> Vec<f64> {
    if balance == Balance::Clips {
        return vec![1.0; clips.len()];
    }
    let corpora = by_corpus(clips, &corpus);
    let each = clips.len() as f64 / corpora.len() as f64;
    let sizes: BTreeMap<&str, usize> = corpora.iter().map(|clips| (corpus(clips[0]), clips.len())).collect();
    clips.iter().map(|at| each / sizes[corpus(*at)] as f64).collect()
}

/// The clips of each corpus, by its name.
fn by_corpus<'a>(clips: &[usize], corpus: &impl Fn(usize) -> &'a str) -> Vec<Vec<usize>> {
    let mut corpora: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in clips {
        corpora.entry(corpus(*at)).or_default().push(*at);
    }
    corpora.into_values().collect()
}

/// The first `count` of as many passes through `clips` as that takes, each in random order.
fn passes(mut clips: Vec<usize>, count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut drawn = Vec::with_capacity(count + clips.len());
    while drawn.len() < count {
        clips.shuffle(rng);
        drawn.extend_from_slice(&clips);
    }
    drawn.truncate(count);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];

    /// The corpus of each clip, where they have so many.
    fn corpora(sizes: &[usize]) -> Vec<&'static str> {
        sizes.iter().zip(NAMES).flat_map(|(size, name)| std::iter::repeat_n(name, *size)).collect()
    }

    /// How often each of `of` occurs in `draws`.
    fn counts<T: PartialEq>(draws: &[T], of: impl Iterator<Item = T>) -> Vec<usize> {
        of.map(|one| draws.iter().filter(|draw| **draw == one).count()).collect()
    }

    fn spread(counts: &[usize]) -> usize {
        counts.iter().max().zip(counts.iter().min()).map_or(0, |(most, least)| most - least)
    }

    #[test]
    fn clips_are_drawn_once_each_in_an_order_of_the_epoch() {
        let names = corpora(&[30, 5]);
        let clips: Vec<usize> = (0..35).collect();
        let draw = |seed| draws(&clips, |at| names[at], Balance::Clips, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut order = draw(1);
        assert_eq!(order, draw(1));
        assert_ne!(order, draw(2));
        order.sort_unstable();
        assert_eq!(order, clips);
        assert_eq!(mean_draws(&clips, |at| names[at], Balance::Clips), [1.0; 35]);
    }

    #[test]
    fn mean_draws_are_those_of_many_epochs() {
        let names = corpora(&[12, 3, 6]);
        let clips: Vec<usize> = (0..21).collect();
        let mean = mean_draws(&clips, |at| names[at], Balance::Corpora);
        assert_eq!((mean[0], mean[12], mean[15]), (7.0 / 12.0, 7.0 / 3.0, 7.0 / 6.0));
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let epochs: Vec<usize> =
            (0..400).flat_map(|_| draws(&clips, |at| names[at], Balance::Corpora, &mut rng)).collect();
        for (count, mean) in counts(&epochs, 0..21).into_iter().zip(mean) {
            // A draw or none on top of whole passes: a standard error of 0.025 at most.
            assert!((count as f64 / 400.0 - mean).abs() < 0.1, "{count} {mean}");
        }
    }

    #[test]
    fn corpora_are_drawn_equally_often_and_so_are_their_clips() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for _ in 0..300 {
            let sizes: Vec<usize> = (0..rng.random_range(1..5)).map(|_| rng.random_range(1..40)).collect();
            let names = corpora(&sizes);
            let clips: Vec<usize> = (0..names.len()).collect();
            let order = draws(&clips, |at| names[at], Balance::Corpora, &mut rng);
            assert_eq!(order.len(), clips.len());
            let of_each: Vec<&str> = order.iter().map(|at| names[*at]).collect();
            for batch in of_each.windows(rng.random_range(1..30).min(order.len())) {
                assert!(spread(&counts(batch, NAMES[..sizes.len()].iter().copied())) <= 1, "{batch:?}");
            }
            for name in &NAMES[..sizes.len()] {
                let own = clips.iter().copied().filter(|at| names[*at] == *name);
                assert!(spread(&counts(&order, own)) <= 1, "{sizes:?}");
            }
        }
    }
}
