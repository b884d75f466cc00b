//! Each corpus, each speaker, each language, or whatever else clips have a value of, is held out in turn.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Grouping};
use ser_text::some_names;

use super::{require_speakers, side_unit};
use crate::division::{Plan, hold_out};
use crate::error::SplitError;
use crate::params::{MAX_FOLDS, Protocol};
use crate::ties::Ties;
use crate::unknown;

/// One fold per value of `column`, or group of values, by name. Clips whose value is not known take no part: they might
/// be of the one that is held out. Speakers have to be known.
pub(crate) fn plan(column: Grouping, clips: &[Clip], ties: &Ties) -> Result<Plan, SplitError> {
    if column == Grouping::Speaker {
        require_speakers(clips, Protocol::LeaveOneOut)?;
    }
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (index, clip) in clips.iter().enumerate() {
        match column.of(clip) {
            Some(name) => {
                parts.entry(ties.group(name)).or_default().push(index);
                known.push(index);
            }
            None => unknown.push(index),
        }
    }
    if parts.len() < 2 {
        return Err(SplitError::NothingToLeaveOut {
            protocol: Protocol::LeaveOneOut.as_str(),
            what: super::values_of(column),
            found: parts.len(),
            names: some_names(parts.keys().map(String::as_str)),
            unknown: unknown::told(clips, &unknown),
        });
    }
    if parts.len() > MAX_FOLDS as usize {
        return Err(SplitError::TooManyValues { column: column.as_str(), found: parts.len(), most: MAX_FOLDS });
    }
    let folds = parts.into_iter().enumerate();
    let folds: Vec<_> = folds
        .map(|(number, (name, test))| hold_out(number, format!("{} {name}", column.as_str()), test, &known))
        .collect();
    let unit = side_unit(&folds, clips);
    Ok(Plan { folds, unit, tests_every_clip_once: unknown.is_empty(), unknown: vec![(column, unknown)] })
}
