//! A second column that is held out beside what the protocol holds out: voices, or languages, and texts never heard.
//!
//! The values of the column are divided into parts that are alike, and every fold of the protocol is crossed with every
//! part. In fold A with part B, clips of both are tested. Clips that share neither what A holds out nor a value of the
//! column with those are trained on, and all others are in no role: they would tell the model the voice of a test clip,
//! or its text. Values of the part that no test clip has are no secret: they may be trained on.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;

use ser_schemas::{Clip, Grouping};
use ser_text::some_names;

use super::{require_speakers, side_unit, values_of};
use crate::balance::divide_evenly;
use crate::division::{Fold, Plan};
use crate::error::SplitError;
use crate::params::{MAX_FOLDS, Params};
use crate::roster::{Speaker, named};
use crate::unknown;

/// The folds of `plan` crossed with the parts of `column`; crossings without a test clip are no folds.
pub(crate) fn cross(
    plan: Plan,
    column: Grouping,
    params: &Params,
    clips: &[Clip],
    generator: &mut ChaCha8Rng,
) -> Result<Plan, SplitError> {
    if column == Grouping::Speaker {
        require_speakers(clips, params.protocol)?;
    }
    let unknown: Vec<usize> = (0..clips.len()).filter(|clip| column.of(&clips[*clip]).is_none()).collect();
    let mut taking_part: Vec<usize> = plan.folds.iter().flat_map(|fold| fold.test.iter().copied()).collect();
    taking_part.sort_unstable();
    let values = named(clips, &taking_part, |clip| column.of(clip));
    let parts = params.also_folds as usize;
    if values.len() < 2 {
        return Err(SplitError::NothingToLeaveOut {
            protocol: params.protocol.as_str(),
            what: values_of(column),
            found: values.len(),
            names: some_names(values.iter().map(|value| value.name.as_str())),
            unknown: unknown::told(clips, &unknown),
        });
    }
    if values.len() < parts {
        return Err(SplitError::TooManyFolds {
            key: "also_folds",
            folds: params.also_folds,
            what: values_of(column),
            found: values.len(),
        });
    }
    refuse_nested(&plan, column, params, &values)?;

    let part_of_value = divide_evenly(clips, &values, parts, generator);
    // Of each clip, the number of its value and the part that this is in.
    let mut part_of: Vec<Option<(usize, usize)>> = vec![None; clips.len()];
    for (number, (value, part)) in values.iter().zip(&part_of_value).enumerate() {
        value.clips.iter().for_each(|clip| part_of[*clip] = Some((number, *part)));
    }
    let mut folds: Vec<Fold> = Vec::new();
    for fold in &plan.folds {
        for part in 0..parts {
            let test: Vec<usize> =
                fold.test.iter().copied().filter(|clip| part_of[*clip].is_some_and(|(_, of)| of == part)).collect();
            if test.is_empty() {
                continue;
            }
            let hidden: BTreeSet<usize> =
                test.iter().filter_map(|clip| part_of[*clip]).map(|(value, _)| value).collect();
            let is_trained_on = |clip: &&usize| part_of[**clip].is_some_and(|(value, _)| !hidden.contains(&value));
            let tested: BTreeSet<String> = test.iter().filter_map(|clip| column.of(&clips[*clip])).collect();
            let names = some_names(tested.iter().map(String::as_str));
            folds.push(Fold {
                number: folds.len() as u32,
                held_out: format!("{}; {}", fold.held_out, called(column, tested.len(), &names)),
                train: fold.train.iter().filter(is_trained_on).copied().collect(),
                test,
                ..Fold::default()
            });
        }
    }
    if folds.len() > MAX_FOLDS as usize {
        let most_parts = MAX_FOLDS as usize / plan.folds.len();
        return Err(SplitError::TooManyCrossings {
            found: folds.len(),
            most: MAX_FOLDS,
            advice: if most_parts < 2 {
                "remove `also_held_out`, or let the protocol make fewer folds".to_owned()
            } else {
                format!("set `also_folds` to at most {most_parts}")
            },
        });
    }
    let unit = side_unit(&folds, clips);
    let tests_every_clip_once = plan.tests_every_clip_once && unknown.is_empty();
    let unknown = plan.unknown.into_iter().chain([(column, unknown)]).collect();
    Ok(Plan { folds, unit, tests_every_clip_once, unknown })
}

/// Refuses a column of which each value is tested in one fold anyway: it would take clips from training and hold out
/// nothing more.
fn refuse_nested(plan: &Plan, column: Grouping, params: &Params, values: &[Speaker<'_>]) -> Result<(), SplitError> {
    let mut fold_of: BTreeMap<usize, u32> = BTreeMap::new();
    for fold in &plan.folds {
        fold_of.extend(fold.test.iter().map(|clip| (*clip, fold.number)));
    }
    let one_fold = |value: &Speaker<'_>| {
        let mut folds = value.clips.iter().map(|clip| fold_of.get(clip));
        let first = folds.next();
        folds.all(|fold| Some(fold) == first)
    };
    if values.iter().all(one_fold) {
        let held_out = params.held_out().map_or("fold", Grouping::as_str);
        return Err(SplitError::HeldOutAnyway { column: column.as_str(), held_out });
    }
    Ok(())
}

fn called(column: Grouping, count: usize, names: &str) -> String {
    let what = column.as_str();
    if count == 1 { format!("{what} {names}") } else { format!("{count} values of {what}: {names}") }
}
