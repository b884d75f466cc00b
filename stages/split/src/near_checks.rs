//! Looks for copies on two sides of a fold, and says what was done so that there are none.

use std::collections::{BTreeSet, HashMap};

use ser_schemas::{Check, CheckStatus, Clip, Role};
use ser_text::counted;

use crate::checks::row;
use crate::copies::{Copies, ExactCopy};
use crate::division::{Division, Fold};
use crate::near::NearPair;
use crate::params::NearCopies;

/// Tests every fold for near copies on two sides, where somebody looked for them, and for speakers of one recording,
/// where there are any; then tells what was done about copies, where something was.
///
/// | check | tells | status |
/// |---|---|---|
/// | `near_audio_disjoint` | pairs of near copies on two sides of a fold | failed where there are any |
/// | `copied_speakers_disjoint` | exact copies that the manifest left out whose speaker is trained on where that of the file kept is tested, or the other way round | failed where speakers are kept apart and copies not just left out, else noted |
/// | `near_copies_left_out` | clips without a role in a fold, since a copy stands on another side there | noted |
/// | `near_copies_kept_together` | names that are held out together, since a take lies under several | noted |
///
/// The detail of `near_audio_disjoint` says how many clips are too short for altered copies of them to be found.
pub fn inspect_near(clips: &[Clip], division: &Division, copies: Copies<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    let short = too_short(clips);
    for (fold, pairs) in division.folds.iter().filter_map(|fold| Some((fold, copies.near?))) {
        let offenders = on_two_sides(clips, fold, pairs);
        let status = if offenders.is_empty() { CheckStatus::Passed } else { CheckStatus::Failed };
        let mut check = row("near_audio_disjoint", Some(fold.number), status, &offenders);
        if offenders.is_empty() {
            check.detail.clone_from(&short);
        }
        checks.push(check);
    }
    let apart = matches!(division.near.rule, Some(NearCopies::KeepTogether | NearCopies::Fail));
    for fold in division.folds.iter().filter(|_| !copies.exact.is_empty()) {
        let offenders = speakers_on_two_sides(clips, fold, copies.exact);
        let status = if offenders.is_empty() {
            CheckStatus::Passed
        } else if apart && division.keeps_speakers_apart() {
            CheckStatus::Failed
        } else {
            CheckStatus::Noted
        };
        checks.push(row("copied_speakers_disjoint", Some(fold.number), status, &offenders));
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

/// What was not looked for, in words; nothing where every clip is long enough.
fn too_short(clips: &[Clip]) -> String {
    match clips.iter().filter(|clip| clip.is_too_short_to_compare()).count() {
        0 => String::new(),
        short => format!(
            "{} with less than half a second of speech: of those, only copies of equal sound are looked for",
            counted(short, "clip")
        ),
    }
}

/// Exact copies of which one speaker is tested and the other is not only tested.
fn speakers_on_two_sides(clips: &[Clip], fold: &Fold, exact: &[ExactCopy]) -> Vec<String> {
    let speakers = |members: &[usize]| -> BTreeSet<&str> {
        members.iter().filter_map(|clip| clips[*clip].speaker.as_deref()).collect()
    };
    let (tested, mut trained) = (speakers(&fold.test), speakers(&fold.train));
    trained.extend(speakers(&fold.validation));
    let apart = exact.iter().filter_map(|copy| {
        let ([one, other], [out, kept]) = (&copy.speakers, &copy.clips);
        let sides = [(one, other), (other, one)];
        let (tested, trained) = sides
            .into_iter()
            .find(|(test, train)| tested.contains(test.as_str()) && trained.contains(train.as_str()))?;
        Some(format!("{tested} (test) = {trained}, as {out} is {kept}"))
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

    use ser_schemas::Grouping;

    use crate::made::{clips, division, pair};
    use crate::near::leave_out;

    fn divided() -> Division {
        division(vec![[vec![0, 1], vec![2], vec![3]]])
    }

    #[test]
    fn a_planted_near_copy_is_found_and_named() {
        let found = inspect_near(&clips(4), &divided(), Copies::of(&[pair(0, 1), pair(1, 3), pair(1, 2)]));
        assert_eq!((found.len(), found[0].status, found[0].offenders), (1, CheckStatus::Failed, 2));
        assert_eq!(
            found[0].detail,
            "c/1 (train) ~ c/3 (test), similarity 0.97, c/1 (train) ~ c/2 (validation), similarity 0.97"
        );
        assert_eq!(inspect_near(&clips(4), &divided(), Copies::of(&[pair(0, 1)]))[0].status, CheckStatus::Passed);
    }

    #[test]
    fn what_was_done_has_rows_of_its_own() {
        let mut split = divided();
        leave_out(&mut split, &[pair(1, 3)], 4);
        split.near.together.push("c:a + c:b (c/0 ~ c/2)".to_owned());
        let rows: Vec<String> = inspect_near(&clips(4), &split, Copies::of(&[pair(1, 3)]))
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

    #[test]
    fn speakers_of_one_recording_on_two_sides_are_found_and_fail_where_they_must_not_be_there() {
        let mut clips = clips(4);
        for (clip, speaker) in clips.iter_mut().zip(["c:a", "d:x", "c:b", "c:a"]) {
            clip.speaker = Some(speaker.to_owned());
        }
        let exact = [ExactCopy {
            clips: ["d/9", "c/3"].map(str::to_owned),
            speakers: ["d:x", "c:a"].map(str::to_owned),
            corpora: ["d", "c"].map(str::to_owned),
        }];
        let copies = Copies { near: None, exact: &exact };
        let mut split = divided();
        let told = |split: &Division| {
            let check = inspect_near(&clips, split, copies).remove(0);
            (check.check, check.status, check.detail)
        };
        let name = "copied_speakers_disjoint".to_owned();
        let detail = "c:a (test) = d:x, as d/9 is c/3".to_owned();
        assert_eq!(told(&split), (name.clone(), CheckStatus::Noted, detail.clone()));
        (split.held_out, split.near.rule) = (vec![Grouping::Speaker], Some(NearCopies::Fail));
        assert_eq!(told(&split), (name.clone(), CheckStatus::Failed, detail));
        split.folds[0].train = vec![0, 2];
        assert_eq!(told(&split), (name, CheckStatus::Passed, String::new()));
    }

    #[test]
    fn clips_that_are_too_short_to_compare_are_told_where_no_copy_is_found() {
        let mut clips = clips(4);
        clips[0].fingerprint = Some(vec![1; 10]);
        clips[1].fingerprint = Some(vec![1; 100]);
        let check = inspect_near(&clips, &divided(), Copies::of(&[])).remove(0);
        assert!(check.status == CheckStatus::Passed && check.offenders == 0);
        assert!(check.detail.starts_with("1 clip with less than half a second of speech: "), "{}", check.detail);
    }
}
