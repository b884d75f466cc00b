//! One file per protocol: who is held out in which fold.

pub(crate) mod column;
mod column_file;
pub(crate) mod leave_one_out;
pub(crate) mod random;
pub(crate) mod speaker_independent;

use std::collections::BTreeSet;

use ser_schemas::Clip;
use ser_text::{exclude_line, some_names};

use crate::copies::ExactCopy;
use crate::error::SplitError;
use crate::params::{Params, Protocol};
use crate::roster::speaker_name;

/// What a protocol holds out whole.
pub(crate) struct HeldOut {
    /// In words: "speakers", "corpora", "values of `take`".
    pub(crate) what: String,
    /// The one that a clip belongs to; `None` where it belongs to none.
    pub(crate) key: fn(&Clip) -> Option<String>,
    /// Those that an exact copy lies under; `None` where it does not tell.
    pub(crate) exact: fn(&ExactCopy) -> Option<&[String; 2]>,
}

/// What the protocol of `params` holds out whole; `None` where single clips are dealt.
pub(crate) fn held_out(params: &Params) -> Result<Option<HeldOut>, SplitError> {
    let (what, key): (String, fn(&Clip) -> Option<String>) = match (params.protocol, &params.column) {
        (Protocol::SpeakerIndependent | Protocol::LeaveOneSpeakerOut, _) => {
            ("speakers".to_owned(), |clip| Some(speaker_name(clip)))
        }
        (Protocol::LeaveOneCorpusOut, _) => ("corpora".to_owned(), |clip| Some(clip.corpus.clone())),
        (Protocol::Column, Some(column)) => (format!("values of `{column}`"), column::value_of(column)?),
        (Protocol::Random, _) | (Protocol::Column, None) => return Ok(None),
    };
    let exact: fn(&ExactCopy) -> Option<&[String; 2]> = match (params.protocol, params.column.as_deref()) {
        (Protocol::SpeakerIndependent | Protocol::LeaveOneSpeakerOut, _) | (Protocol::Column, Some("speaker")) => {
            |copy| Some(&copy.speakers)
        }
        (Protocol::LeaveOneCorpusOut, _) | (Protocol::Column, Some("corpus")) => |copy| Some(&copy.corpora),
        _ => |_| None,
    };
    Ok(Some(HeldOut { what, key, exact }))
}

/// Refuses clips whose speaker is not known: they cannot be kept apart from themselves.
fn require_speakers(clips: &[Clip], protocol: Protocol) -> Result<(), SplitError> {
    let nameless: Vec<&str> =
        clips.iter().filter(|clip| clip.speaker.is_none()).map(|clip| clip.clip_id.as_str()).collect();
    if nameless.is_empty() {
        return Ok(());
    }
    let named: BTreeSet<&str> = clips.iter().filter_map(|clip| clip.speaker.as_deref()).collect();
    let exclude = exclude_line(nameless.iter().copied());
    Err(SplitError::NoSpeaker {
        protocol: protocol.as_str(),
        count: nameless.len(),
        clips: some_names(nameless),
        // Without them, two speakers must be left.
        exclude: if named.len() < 2 {
            String::new()
        } else {
            format!(", or leave these clips out of the manifest: {exclude}")
        },
    })
}
