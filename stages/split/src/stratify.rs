//! Dividing single clips so that each emotion of each corpus is divided evenly.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use ser_schemas::Clip;

use crate::roster::stratum;

/// Deals `clips` to `folds` folds. The number of clips of an emotion of a corpus differs by at most one between any
/// two folds, and so does the number of all clips: each stratum is shuffled, and dealing goes on where the last one
/// ended.
pub(crate) fn deal(all: &[Clip], clips: &[usize], folds: usize, generator: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut hands = vec![Vec::new(); folds];
    for (position, clip) in shuffled_strata(all, clips, generator).into_iter().flatten().enumerate() {
        hands[position % folds].push(clip);
    }
    for hand in &mut hands {
        hand.sort_unstable();
    }
    hands
}

/// Picks a `share` of `clips`: of each emotion of each corpus to within one clip, but never all of them, so that what
/// is left keeps every emotion of every corpus. At least one clip is picked where there are two and `share` is above 0.
pub(crate) fn pick(all: &[Clip], clips: &[usize], share: f64, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let strata = shuffled_strata(all, clips, generator);
    let mut picked = Vec::new();
    let mut owed = 0.0;
    for stratum in &strata {
        // What rounding takes from one stratum is owed to the next.
        owed += stratum.len() as f64 * share;
        let count = (owed.round() as usize).min(stratum.len().saturating_sub(1));
        owed -= count as f64;
        owed = owed.clamp(-0.5, 0.5);
        picked.extend_from_slice(&stratum[..count]);
    }
    if picked.is_empty() && share > 0.0 && clips.len() > 1 {
        picked.extend(strata.iter().max_by_key(|stratum| stratum.len()).and_then(|stratum| stratum.first()));
    }
    picked.sort_unstable();
    picked
}

/// The clips by corpus and emotion, each stratum shuffled.
fn shuffled_strata(all: &[Clip], clips: &[usize], generator: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut strata: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for clip in clips {
        strata.entry(stratum(&all[*clip])).or_default().push(*clip);
    }
    let mut strata: Vec<Vec<usize>> = strata.into_values().collect();
    for stratum in &mut strata {
        stratum.shuffle(generator);
    }
    strata
}
