//! Clips that choose the epoch, carved out of the training clips by the rule that made the fold.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use ser_schemas::Clip;

use crate::balance::{Quota, divide};
use crate::division::Unit;
use crate::roster::{Speaker, speakers};
use crate::stratify::pick;
use crate::ties::Ties;

/// The validation clips of a fold whose training clips are `train`; about a `fraction` of them.
///
/// Whole speakers: each corpus gives `fraction` of its training speakers, rounded, and keeps at least one, so that no
/// corpus vanishes from training. Where rounding leaves nobody, the corpus with the most training speakers gives one.
/// Where no corpus has two, but training has two speakers, the one with the fewest clips is given. Where training has
/// one speaker only, single clips of that speaker are carved out: worse than another speaker, better than nothing. So
/// they are where whole speakers would leave a single class of several to train on; none are where any would. Those
/// whom `ties` holds together count as one.
pub(crate) fn carve(
    all: &[Clip],
    train: &[usize],
    fraction: f64,
    unit: Unit,
    ties: &Ties,
    generator: &mut ChaCha8Rng,
) -> Vec<usize> {
    if fraction <= 0.0 {
        return Vec::new();
    }
    if unit == Unit::Speakers {
        let speakers = speakers(all, train, ties);
        if speakers.len() >= 2 {
            let mut clips: Vec<usize> = choose(all, &speakers, fraction, generator)
                .into_iter()
                .flat_map(|speaker| speaker.clips.clone())
                .collect();
            clips.sort_unstable();
            if leaves_classes(all, train, &clips) {
                return clips;
            }
        }
    }
    let clips = pick(all, train, fraction, generator);
    if leaves_classes(all, train, &clips) { clips } else { Vec::new() }
}

/// Whether `train` without `taken` still has two classes, if it had.
fn leaves_classes(all: &[Clip], train: &[usize], taken: &[usize]) -> bool {
    let classes =
        |clips: &mut dyn Iterator<Item = &usize>| clips.map(|clip| all[*clip].emotion).collect::<BTreeSet<_>>();
    let left = classes(&mut train.iter().filter(|clip| taken.binary_search(clip).is_err()));
    left.len() > 1 || classes(&mut train.iter()).len() < 2
}

fn choose<'a>(
    all: &[Clip],
    speakers: &'a [Speaker<'a>],
    fraction: f64,
    generator: &mut ChaCha8Rng,
) -> Vec<&'a Speaker<'a>> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for speaker in speakers {
        *sizes.entry(speaker.corpus).or_default() += 1;
    }
    let wanted = |size: usize| ((size as f64 * fraction).round() as usize).min(size - 1);
    let mut given: BTreeMap<&str, usize> = sizes.iter().map(|(corpus, size)| (*corpus, wanted(*size))).collect();
    if given.values().all(|count| *count == 0) {
        let most = sizes.values().copied().max().unwrap_or_default();
        if most < 2 {
            return smallest(speakers, generator).into_iter().collect();
        }
        let largest: Vec<&str> = sizes.iter().filter(|(_, size)| **size == most).map(|(corpus, _)| *corpus).collect();
        if let Some(corpus) = largest.choose(generator) {
            given.insert(corpus, 1);
        }
    }
    let exactly = |count: usize| Quota { least: count, most: count };
    let quotas =
        sizes.iter().map(|(corpus, size)| (*corpus, vec![exactly(given[corpus]), exactly(size - given[corpus])]));
    let parts = divide(all, speakers, &[fraction, 1.0 - fraction], &quotas.collect(), generator);
    speakers.iter().zip(parts).filter(|(_, part)| *part == 0).map(|(speaker, _)| speaker).collect()
}

fn smallest<'a>(speakers: &'a [Speaker<'a>], generator: &mut ChaCha8Rng) -> Option<&'a Speaker<'a>> {
    let fewest = speakers.iter().map(|speaker| speaker.clips.len()).min()?;
    let smallest: Vec<&Speaker<'_>> = speakers.iter().filter(|speaker| speaker.clips.len() == fewest).collect();
    smallest.choose(generator).copied()
}
