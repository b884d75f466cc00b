//! One file per protocol: who is held out in which fold.

pub(crate) mod also_held_out;
pub(crate) mod file;
mod file_rows;
pub(crate) mod leave_one_out;
pub(crate) mod random;
pub(crate) mod speaker_independent;

use std::collections::BTreeSet;

use ser_schemas::{Clip, Grouping};
use ser_text::{exclude_line, some_names};

use crate::copies::ExactCopy;
use crate::division::{Fold, Unit};
use crate::error::SplitError;
use crate::params::Protocol;
use crate::roster::speaker_name;

/// A column whose values a protocol holds out whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldOut(pub(crate) Grouping);

impl HeldOut {
    /// The values in words: "speakers", "corpora", "values of `take`".
    pub(crate) fn what(self) -> String {
        values_of(self.0)
    }

    /// The one that a clip belongs to; `None` where it belongs to none.
    pub(crate) fn key(self, clip: &Clip) -> Option<String> {
        if self.0 == Grouping::Speaker { Some(speaker_name(clip)) } else { self.0.of(clip) }
    }

    /// Those that an exact copy lies under; `None` where it does not tell.
    pub(crate) fn exact(self, copy: &ExactCopy) -> Option<&[String; 2]> {
        match self.0 {
            Grouping::Speaker => Some(&copy.speakers),
            Grouping::Corpus => Some(&copy.corpora),
            _ => None,
        }
    }
}

fn values_of(column: Grouping) -> String {
    match column {
        Grouping::Speaker => "speakers".to_owned(),
        Grouping::Corpus => "corpora".to_owned(),
        Grouping::Language => "languages".to_owned(),
        Grouping::Sentence => "sentences".to_owned(),
        other => format!("values of `{}`", other.as_str()),
    }
}

/// Validation goes by whole speakers where the division does.
fn side_unit(folds: &[Fold], clips: &[Clip]) -> Unit {
    let apart = folds.iter().all(|fold| {
        let tested: BTreeSet<String> = fold.test.iter().map(|clip| speaker_name(&clips[*clip])).collect();
        !fold.train.iter().any(|clip| tested.contains(&speaker_name(&clips[*clip])))
    });
    if apart { Unit::Speakers } else { Unit::Clips }
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
