//! Clips that hold the same take though no hash says so: pairs that the audit found.
//!
//! A take that is re-encoded, padded or cut gives away its label as well as an exact copy does, so its copies must not
//! stand on two sides of a fold. Either they stand together, or those that get in the way have no role in that fold. A
//! copy of a copy counts as a copy.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ser_schemas::{Clip, NearDuplicate, Role, Table};

use crate::division::{Division, Fold, LeftOut};
use crate::error::SplitError;

/// Two clips, as indices into the table that was divided, that hold the same take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearPair {
    /// The one.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// How alike they are, as the audit measures it.
    pub similarity: f64,
}

/// The pairs that an audit found; those of clips that `clips` lacks are left out.
pub(crate) fn read(audit_dir: &Path, clips: &[Clip]) -> Result<Vec<NearPair>, SplitError> {
    let index: HashMap<&str, usize> = clips.iter().enumerate().map(|(at, clip)| (clip.clip_id.as_str(), at)).collect();
    let rows = NearDuplicate::read_in(audit_dir)?;
    let pair = |row: &NearDuplicate| {
        let (a, b) = (*index.get(row.clip_a.as_str())?, *index.get(row.clip_b.as_str())?);
        Some(NearPair { a, b, similarity: row.similarity })
    };
    Ok(rows.iter().filter_map(pair).collect())
}

/// For each of `count` things the first one that it is paired with, directly or through others: itself where there is
/// none.
pub(crate) fn leaders(count: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut leader: Vec<usize> = (0..count).collect();
    for (one, other) in pairs {
        let (one, other) = (find(&leader, one), find(&leader, other));
        leader[one.max(other)] = one.min(other);
    }
    (0..count).map(|thing| find(&leader, thing)).collect()
}

fn find(leader: &[usize], mut thing: usize) -> usize {
    while leader[thing] != thing {
        thing = leader[thing];
    }
    thing
}

fn takes(pairs: &[NearPair], clips: usize) -> Vec<usize> {
    leaders(clips, pairs.iter().map(|pair| (pair.a, pair.b)))
}

/// Gives every clip the roles of the first clip that it is paired with, directly or through others.
///
/// Every clip that follows is tested where the one it follows is, so each clip is still tested as often as before.
pub fn keep_together(division: &mut Division, pairs: &[NearPair], clips: usize) {
    let leader = takes(pairs, clips);
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (clip, first) in leader.iter().enumerate().filter(|(clip, first)| clip != *first) {
        followers.entry(*first).or_default().push(clip);
    }
    for fold in &mut division.folds {
        for members in [&mut fold.train, &mut fold.validation, &mut fold.test] {
            members.retain(|clip| leader[*clip] == *clip);
            let following: Vec<usize> =
                members.iter().filter_map(|clip| followers.get(clip)).flatten().copied().collect();
            members.extend(following);
            members.sort_unstable();
        }
    }
}

/// Trains on validation clips of which a copy is trained on; nothing else moves.
pub(crate) fn keep_validation_apart(division: &mut Division, pairs: &[NearPair], clips: usize) {
    let leader = takes(pairs, clips);
    for fold in &mut division.folds {
        let mut trained = vec![false; clips];
        fold.train.iter().for_each(|clip| trained[leader[*clip]] = true);
        let (moved, stay): (Vec<usize>, Vec<usize>) =
            fold.validation.iter().copied().partition(|clip| trained[leader[*clip]]);
        fold.validation = stay;
        fold.train.extend(moved);
        fold.train.sort_unstable();
    }
}

/// Takes their role in a fold from the clips of which a copy stands on another side there. Of the copies of a take
/// those that are tested stay, then those that choose the epoch, then those that are trained on.
pub fn leave_out(division: &mut Division, pairs: &[NearPair], clips: usize) {
    let leader = takes(pairs, clips);
    for fold in &mut division.folds {
        fold.left_out = leave_out_of(fold, &leader);
        let gone: Vec<usize> = fold.left_out.iter().map(|left| left.clip).collect();
        for members in [&mut fold.train, &mut fold.validation] {
            members.retain(|clip| gone.binary_search(clip).is_err());
        }
    }
}

/// The clips that must go, ascending.
fn leave_out_of(fold: &Fold, leader: &[usize]) -> Vec<LeftOut> {
    let mut kept: BTreeMap<usize, (Role, usize)> = BTreeMap::new();
    for (role, members) in fold.roles() {
        // Training comes first and testing last, so what is kept is what comes last.
        for clip in members.iter().rev() {
            kept.insert(leader[*clip], (role, *clip));
        }
    }
    let mut gone = Vec::new();
    for (role, members) in fold.roles() {
        for &clip in members {
            if let Some(&(copy_role, copy)) = kept.get(&leader[clip]).filter(|(kept, _)| *kept != role) {
                gone.push(LeftOut { clip, role, copy, copy_role });
            }
        }
    }
    gone.sort_unstable_by_key(|left| left.clip);
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use ser_schemas::CheckStatus;

    use crate::copies::Copies;
    use crate::made::{clips, division, pair};
    use crate::near_checks::inspect_near;

    fn roles(fold: &Fold) -> [Vec<usize>; 3] {
        fold.roles().map(|(_, clips)| clips.to_vec())
    }

    #[test]
    fn near_copies_follow_the_first_of_them() {
        let mut split = division(vec![[vec![1, 2], vec![4], vec![0, 3]], [vec![0, 4], vec![3], vec![1, 2]]]);
        keep_together(&mut split, &[pair(3, 4), pair(1, 3)], 5);
        assert_eq!(roles(&split.folds[0]), [vec![1, 2, 3, 4], vec![], vec![0]]);
        assert_eq!(roles(&split.folds[1]), [vec![0], vec![], vec![1, 2, 3, 4]]);
    }

    #[test]
    fn the_copy_that_is_tested_stays_then_the_one_that_chooses_the_epoch() {
        let mut split = division(vec![[vec![0, 1, 2], vec![3, 4], vec![5]]]);
        // 0, 3 and 5 are one take, through 3 alone; 1 and 4 are another.
        leave_out(&mut split, &[pair(0, 3), pair(3, 5), pair(1, 4)], 6);
        let fold = &split.folds[0];
        assert_eq!(roles(fold), [vec![2], vec![4], vec![5]]);
        let told: Vec<_> = fold.left_out.iter().map(|left| (left.clip, left.role, left.copy, left.copy_role)).collect();
        assert_eq!(
            told,
            [
                (0, Role::Train, 5, Role::Test),
                (1, Role::Train, 4, Role::Validation),
                (3, Role::Validation, 5, Role::Test)
            ]
        );
    }

    #[test]
    fn a_copy_is_left_out_only_where_it_is_in_the_way() {
        let mut split = division(vec![[vec![0, 1], vec![], vec![2, 3]], [vec![2, 3], vec![], vec![0, 1]]]);
        split.folds.push(Fold {
            number: 2,
            train: vec![1, 2],
            validation: vec![],
            test: vec![3],
            ..split.folds[0].clone()
        });
        leave_out(&mut split, &[pair(1, 2)], 4);
        assert_eq!(roles(&split.folds[0]), [vec![0], vec![], vec![2, 3]]);
        assert_eq!(roles(&split.folds[1]), [vec![3], vec![], vec![0, 1]]);
        assert_eq!(roles(&split.folds[2]), [vec![1, 2], vec![], vec![3]], "both are trained on");
    }

    #[test]
    fn validation_clips_whose_copies_are_trained_on_are_trained_on_too() {
        let mut split = division(vec![[vec![0, 1], vec![2, 3], vec![4]]]);
        keep_validation_apart(&mut split, &[pair(1, 2)], 5);
        assert_eq!(roles(&split.folds[0]), [vec![0, 1, 2], vec![3], vec![4]]);
    }

    proptest! {
        #[test]
        fn nothing_is_apart_nor_lost_nor_tested_twice(
            tested in prop::collection::vec(0_usize..3, 30), pairs in prop::collection::vec((0_usize..30, 0_usize..30), 0..12),
        ) {
            let folds = (0..3).map(|fold| {
                let of = |mine: bool| (0..30).filter(|clip| (tested[*clip] == fold) == mine).collect::<Vec<_>>();
                [of(false), Vec::new(), of(true)]
            });
            let mut split = division(folds.collect());
            let pairs: Vec<NearPair> = pairs.into_iter().filter(|(a, b)| a != b).map(|(a, b)| pair(a, b)).collect();
            keep_together(&mut split, &pairs, 30);
            prop_assert!(inspect_near(&clips(30), &split, Copies::of(&pairs)).iter().all(|check| check.status == CheckStatus::Passed));
            let mut times = vec![0; 30];
            for fold in &split.folds {
                prop_assert_eq!(fold.train.len() + fold.test.len(), 30);
                for clip in &fold.test {
                    times[*clip] += 1;
                }
            }
            prop_assert_eq!(times, vec![1; 30]);
        }

        #[test]
        fn nothing_is_apart_where_copies_are_left_out_and_every_test_clip_stays(
            roles in prop::collection::vec(0_usize..3, 30),
            pairs in prop::collection::vec((0_usize..30, 0_usize..30), 0..12),
        ) {
            let of = |role: usize| (0..30).filter(|clip| roles[*clip] == role).collect::<Vec<_>>();
            let before = division(vec![[of(0), of(1), of(2)]]);
            let pairs: Vec<NearPair> = pairs.into_iter().filter(|(a, b)| a != b).map(|(a, b)| pair(a, b)).collect();
            let mut split = before.clone();
            leave_out(&mut split, &pairs, 30);
            let fold = &split.folds[0];
            let failed = |split: &Division| {
                inspect_near(&clips(30), split, Copies::of(&pairs)).iter().any(|check| check.status == CheckStatus::Failed)
            };
            prop_assert!(!failed(&split));
            prop_assert_eq!(&fold.test, &before.folds[0].test);
            prop_assert_eq!(fold.train.len() + fold.validation.len() + fold.test.len() + fold.left_out.len(), 30);
            prop_assert_eq!(fold.left_out.is_empty(), !failed(&before));
        }
    }
}
