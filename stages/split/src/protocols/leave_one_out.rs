//! Each corpus, or each speaker, is held out in turn.

use std::collections::BTreeMap;

use ser_schemas::Clip;
use ser_text::some_names;

use super::require_speakers;
use crate::division::{Plan, Unit, hold_out};
use crate::error::SplitError;
use crate::params::{MAX_FOLDS, Protocol};
use crate::roster::speaker_name;
use crate::ties::Ties;

/// One fold per corpus, or group of corpora, by name. Speakers carry the name of their corpus, so they are apart as
/// well.
pub(crate) fn corpora(clips: &[Clip], ties: &Ties) -> Result<Plan, SplitError> {
    leave_out(clips, Protocol::LeaveOneCorpusOut, "corpora", "corpus", |clip| ties.group(clip.corpus.clone()))
}

/// One fold per speaker, or group of speakers, by name.
pub(crate) fn speakers(clips: &[Clip], ties: &Ties) -> Result<Plan, SplitError> {
    require_speakers(clips, Protocol::LeaveOneSpeakerOut)?;
    leave_out(clips, Protocol::LeaveOneSpeakerOut, "speakers", "speaker", |clip| ties.group(speaker_name(clip)))
}

fn leave_out(
    clips: &[Clip],
    protocol: Protocol,
    what: &'static str,
    one: &'static str,
    key: impl Fn(&Clip) -> String,
) -> Result<Plan, SplitError> {
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, clip) in clips.iter().enumerate() {
        parts.entry(key(clip)).or_default().push(index);
    }
    if parts.len() < 2 {
        let names = some_names(parts.keys().map(String::as_str));
        return Err(SplitError::NothingToLeaveOut { protocol: protocol.as_str(), what, found: parts.len(), names });
    }
    if parts.len() > MAX_FOLDS as usize {
        return Err(SplitError::TooManyValues { column: one.to_owned(), found: parts.len(), most: MAX_FOLDS });
    }
    let folds = parts.into_iter().enumerate();
    let folds = folds.map(|(number, (name, test))| hold_out(number, format!("{one} {name}"), test, clips));
    Ok(Plan { folds: folds.collect(), unit: Unit::Speakers, tests_every_clip_once: true })
}
