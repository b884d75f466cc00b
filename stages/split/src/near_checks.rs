//! Looks for near copies on two sides of a fold, and says what was done so that there are none.

use std::collections::HashMap;

use ser_schemas::{Check, CheckStatus, Clip, Role};

use crate::assign::{Division, Fold};
use crate::checks::row;
use crate::near::NearPair;

/// Tests every fold for near copies on two sides, then tells what was done about them, where something was.
///
/// | check | tells | status |
/// |---|---|---|
/// | `near_audio_disjoint` | pairs of near copies on two sides of a fold | failed where there are any |
/// | `near_copies_left_out` | clips without a role in a fold, since a copy stands on another side there | noted |
/// | `near_copies_kept_together` | names that are held out together, since a take lies under several | noted |
pub fn inspect_near(clips: &[Clip], division: &Division, pairs: &[NearPair]) -> Vec<Check> {
    let mut checks = Vec::new();
    for fold in &division.folds {
        let offenders = on_two_sides(clips, fold, pairs);
        let status = if offenders.is_empty() { CheckStatus::Passed } else { CheckStatus::Failed };
        checks.push(row("near_audio_disjoint", Some(fold.number), status, &offenders));
    }
    for fold in division.folds.iter().filter(|fold| !fold.left_out.is_empty()) {
        checks.push(row("near_copies_left_out", Some(fold.number), CheckStatus::Noted, &left_out(clips, fold)));
    }
    if !division.near.together.is_empty() {
        checks.push(row("near_copies_kept_together", None, CheckStatus::Noted, &division.near.together));
    }
    checks
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

fn left_out(clips: &[Clip], fold: &Fold) -> Vec<String> {
    let id = |clip: usize| &clips[clip].clip_id;
    let told = fold.left_out.iter();
    told.map(|left| format!("{} (else {}) ~ {} ({})", id(left.clip), left.role, id(left.copy), left.copy_role))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::made::{clips, division, pair};
    use crate::near::leave_out;

    fn divided() -> Division {
        division(vec![[vec![0, 1], vec![2], vec![3]]])
    }

    #[test]
    fn a_planted_near_copy_is_found_and_named() {
        let found = inspect_near(&clips(4), &divided(), &[pair(0, 1), pair(1, 3), pair(1, 2)]);
        assert_eq!((found.len(), found[0].status, found[0].offenders), (1, CheckStatus::Failed, 2));
        assert_eq!(
            found[0].detail,
            "c/1 (train) ~ c/3 (test), similarity 0.97, c/1 (train) ~ c/2 (validation), similarity 0.97"
        );
        assert_eq!(inspect_near(&clips(4), &divided(), &[pair(0, 1)])[0].status, CheckStatus::Passed);
    }

    #[test]
    fn what_was_done_has_rows_of_its_own() {
        let mut split = divided();
        leave_out(&mut split, &[pair(1, 3)], 4);
        split.near.together.push("c:a + c:b (c/0 ~ c/2)".to_owned());
        let rows: Vec<String> = inspect_near(&clips(4), &split, &[pair(1, 3)])
            .into_iter()
            .map(|row| format!("{} {:?} {} {}: {}", row.check, row.fold, row.status, row.offenders, row.detail))
            .collect();
        assert_eq!(
            rows,
            [
                "near_audio_disjoint Some(0) passed 0: ",
                "near_copies_left_out Some(0) noted 1: c/1 (else train) ~ c/3 (test)",
                "near_copies_kept_together None noted 1: c:a + c:b (c/0 ~ c/2)",
            ]
        );
    }
}
