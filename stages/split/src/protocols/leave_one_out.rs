//! Each corpus, each speaker, or whatever else clips have a name of, is held out in turn.

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
    leave_out(clips, Protocol::LeaveOneCorpusOut, "corpora", "corpus", |clip| Some(ties.group(clip.corpus.clone())))
}

/// One fold per speaker, or group of speakers, by name.
pub(crate) fn speakers(clips: &[Clip], ties: &Ties) -> Result<Plan, SplitError> {
    require_speakers(clips, Protocol::LeaveOneSpeakerOut)?;
    leave_out(clips, Protocol::LeaveOneSpeakerOut, "speakers", "speaker", |clip| Some(ties.group(speaker_name(clip))))
}

/// One fold per name that `key` gives clips, in their order; clips without one are in training always. `what` are the
/// names and `one` is the word for one of them.
pub(super) fn leave_out(
    clips: &[Clip],
    protocol: Protocol,
    what: &'static str,
    one: &str,
    key: impl Fn(&Clip) -> Option<String>,
) -> Result<Plan, SplitError> {
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, clip) in clips.iter().enumerate() {
        if let Some(name) = key(clip) {
            parts.entry(name).or_default().push(index);
        }
    }
    let tested: usize = parts.values().map(Vec::len).sum();
    if parts.len() < 2 {
        let names = some_names(parts.keys().map(String::as_str));
        return Err(SplitError::NothingToLeaveOut { protocol: protocol.as_str(), what, found: parts.len(), names });
    }
    if parts.len() > MAX_FOLDS as usize {
        return Err(SplitError::TooManyValues { column: one.to_owned(), found: parts.len(), most: MAX_FOLDS });
    }
    let folds = parts.into_iter().enumerate();
    let folds = folds.map(|(number, (name, test))| hold_out(number, format!("{one} {name}"), test, clips));
    Ok(Plan { folds: folds.collect(), unit: Unit::Speakers, tests_every_clip_once: tested == clips.len() })
}
