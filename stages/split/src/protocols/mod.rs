//! One file per protocol: who is held out in which fold.

pub(crate) mod column;
mod column_file;
pub(crate) mod leave_one_out;
pub(crate) mod random;
pub(crate) mod speaker_independent;

use ser_schemas::Clip;

use crate::error::SplitError;
use crate::params::Protocol;
use crate::roster::some_names;

/// Refuses clips whose speaker is not known: they cannot be kept apart from themselves.
fn require_speakers(clips: &[Clip], protocol: Protocol) -> Result<(), SplitError> {
    let nameless: Vec<&str> =
        clips.iter().filter(|clip| clip.speaker.is_none()).map(|clip| clip.clip_id.as_str()).collect();
    if nameless.is_empty() {
        return Ok(());
    }
    Err(SplitError::NoSpeaker {
        protocol: protocol.as_str(),
        count: nameless.len(),
        clips: some_names(nameless.iter().copied()),
    })
}
