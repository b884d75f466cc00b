//! The clips as the protocols see them: whose they are, and what they count for.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Emotion};

use crate::ties::Ties;

/// One speaker and what their clips count for, or several who must stand on one side; where something else is divided,
/// one of that. A clip whose speaker is not known belongs to the nameless one of its corpus.
#[derive(Debug, Clone)]
pub(crate) struct Speaker<'a> {
    /// `<corpus>:<id>`, of several joined by ` + `.
    pub(crate) name: String,
    /// Corpus of the speaker's first clip.
    pub(crate) corpus: &'a str,
    /// Indices of the speaker's clips, ascending.
    pub(crate) clips: Vec<usize>,
}

/// The speakers of `clips` (indices into `all`), by name; those whom `ties` holds together count as one.
pub(crate) fn speakers<'a>(all: &'a [Clip], clips: &[usize], ties: &Ties) -> Vec<Speaker<'a>> {
    named(all, clips, |clip| Some(ties.group(speaker_name(clip))))
}

/// What `name` calls the `clips` by, each with its clips, by name; clips without one are left out.
pub(crate) fn named<'a>(all: &'a [Clip], clips: &[usize], name: impl Fn(&Clip) -> Option<String>) -> Vec<Speaker<'a>> {
    let mut speakers: BTreeMap<String, Speaker<'a>> = BTreeMap::new();
    for index in clips {
        let clip = &all[*index];
        let Some(name) = name(clip) else { continue };
        speakers
            .entry(name.clone())
            .or_insert_with(|| Speaker { name, corpus: &clip.corpus, clips: Vec::new() })
            .clips
            .push(*index);
    }
    speakers.into_values().collect()
}

/// The speaker of a clip, or the nameless one of its corpus.
pub(crate) fn speaker_name(clip: &Clip) -> String {
    clip.speaker.clone().unwrap_or_else(|| format!("{}:?", clip.corpus))
}

/// What a clip counts for wherever classes are kept in proportion. Clips of a manifest always have an emotion.
pub(crate) fn stratum(clip: &Clip) -> (&str, Option<Emotion>) {
    (&clip.corpus, clip.emotion)
}
