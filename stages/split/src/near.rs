//! Clips that hold the same take though no hash says so: pairs that the audit found.
//!
//! A take that is re-encoded, padded or cut gives away its label as well as an exact copy does, so both stand on one side. Where
//! clips are dealt at random they are kept together; every other protocol is only tested, since moving a clip would break
//! what it promises.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ser_schemas::{Check, CheckStatus, Clip, NearDuplicate, Role, Table};

use crate::assign::{Division, Fold};
use crate::error::SplitError;
use crate::roster::some_names;

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
    let rows = NearDuplicate::read(&audit_dir.join("near_duplicates.parquet"))?;
    let pair = |row: &NearDuplicate| {
        let (a, b) = (*index.get(row.clip_a.as_str())?, *index.get(row.clip_b.as_str())?);
        Some(NearPair { a, b, similarity: row.similarity })
    };
    Ok(rows.iter().filter_map(pair).collect())
}

/// Gives every clip the roles of the first clip that it is paired with, directly or through others.
///
/// Every clip that follows is tested where the one it follows is, so each clip is still tested as often as before.
pub fn keep_together(division: &mut Division, pairs: &[NearPair], clips: usize) {
    let mut leader: Vec<usize> = (0..clips).collect();
    for pair in pairs {
        let (one, other) = (find(&leader, pair.a), find(&leader, pair.b));
        leader[one.max(other)] = one.min(other);
    }
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for clip in 0..clips {
        let first = find(&leader, clip);
        if first != clip {
            followers.entry(first).or_default().push(clip);
        }
    }
    for fold in &mut division.folds {
        for members in [&mut fold.train, &mut fold.validation, &mut fold.test] {
            members.retain(|clip| find(&leader, *clip) == *clip);
            let following: Vec<usize> =
                members.iter().filter_map(|clip| followers.get(clip)).flatten().copied().collect();
            members.extend(following);
            members.sort_unstable();
        }
    }
}

fn find(leader: &[usize], mut clip: usize) -> usize {
    while leader[clip] != clip {
        clip = leader[clip];
    }
    clip
}

/// Tests every fold for pairs on two sides: `near_audio_disjoint`, failed where there are any.
pub fn inspect_near(clips: &[Clip], division: &Division, pairs: &[NearPair]) -> Vec<Check> {
    let check = |fold: &Fold| {
        let offenders = on_two_sides(clips, fold, pairs);
        Check {
            check: "near_audio_disjoint".to_owned(),
            fold: Some(fold.number),
            status: if offenders.is_empty() { CheckStatus::Passed } else { CheckStatus::Failed },
            offenders: offenders.len() as u64,
            detail: some_names(offenders.iter().map(String::as_str)),
        }
    };
    division.folds.iter().map(check).collect()
}

fn on_two_sides(clips: &[Clip], fold: &Fold, pairs: &[NearPair]) -> Vec<String> {
    let roles: HashMap<usize, Role> =
        fold.roles().into_iter().flat_map(|(role, members)| members.iter().map(move |clip| (*clip, role))).collect();
    let apart = pairs.iter().filter_map(|pair| {
        let (a, b) = (*roles.get(&pair.a)?, *roles.get(&pair.b)?);
        let (one, other) = (&clips[pair.a].clip_id, &clips[pair.b].clip_id);
        (a != b).then(|| format!("{one} ({a}) ~ {other} ({b}), similarity {:.2}", pair.similarity))
    });
    apart.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn clips(count: usize) -> Vec<Clip> {
        (0..count).map(|number| Clip::found(format!("c/{number}"), "c".into(), format!("{number}.wav"), 1)).collect()
    }

    fn pair(a: usize, b: usize) -> NearPair {
        NearPair { a, b, similarity: 0.97 }
    }

    fn division(folds: Vec<[Vec<usize>; 3]>) -> Division {
        let folds = folds.into_iter().enumerate().map(|(number, [train, validation, test])| Fold {
            number: number as u32,
            held_out: String::new(),
            train,
            validation,
            test,
        });
        Division { folds: folds.collect(), keeps_speakers_apart: false, tests_every_clip_once: true }
    }

    #[test]
    fn a_planted_near_copy_is_found_and_named() {
        let split = division(vec![[vec![0, 1], vec![2], vec![3]]]);
        let found = inspect_near(&clips(4), &split, &[pair(0, 1), pair(1, 3), pair(1, 2)]);
        assert_eq!((found[0].status, found[0].offenders), (CheckStatus::Failed, 2));
        assert_eq!(
            found[0].detail,
            "c/1 (train) ~ c/3 (test), similarity 0.97, c/1 (train) ~ c/2 (validation), similarity 0.97"
        );
        assert_eq!(inspect_near(&clips(4), &split, &[pair(0, 1)])[0].status, CheckStatus::Passed);
    }

    #[test]
    fn near_copies_follow_the_first_of_them() {
        let mut split = division(vec![[vec![1, 2], vec![4], vec![0, 3]], [vec![0, 4], vec![3], vec![1, 2]]]);
        keep_together(&mut split, &[pair(3, 4), pair(1, 3)], 5);
        assert_eq!(split.folds[0].roles().map(|(_, clips)| clips.to_vec()), [vec![1, 2, 3, 4], vec![], vec![0]]);
        assert_eq!(split.folds[1].roles().map(|(_, clips)| clips.to_vec()), [vec![0], vec![], vec![1, 2, 3, 4]]);
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
            prop_assert!(inspect_near(&clips(30), &split, &pairs).iter().all(|check| check.status == CheckStatus::Passed));
            let mut times = vec![0; 30];
            for fold in &split.folds {
                prop_assert_eq!(fold.train.len() + fold.test.len(), 30);
                for clip in &fold.test {
                    times[*clip] += 1;
                }
            }
            prop_assert_eq!(times, vec![1; 30]);
        }
    }
}
