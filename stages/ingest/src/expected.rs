//! What a complete corpus would have, against what is there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ser_schemas::Emotion;

use crate::descriptor::{Descriptor, Expected};
use crate::identify::Identity;

/// How many incomplete speakers a message names.
const NAMED: usize = 5;

/// Distinct recordings: copies in a second folder or a second format count once.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// The first file of each, by what is told of it.
    recordings: BTreeMap<Vec<Option<String>>, String>,
    pub(crate) emotions: BTreeMap<Emotion, u64>,
    pub(crate) speakers: BTreeMap<String, u64>,
}

impl Inventory {
    /// The file before it that is the same recording as the one at `path` by all that is told of both. `None` counts the
    /// file, whose name was understood and that is the corpus's speech, as a new one.
    pub(crate) fn add(&mut self, identity: &Identity, path: &str) -> Option<&str> {
        let facts = &identity.facts;
        let recording = vec![
            facts.speaker.clone(),
            facts.emotion_raw.clone(),
            facts.intensity.clone(),
            facts.sentence.clone(),
            facts.take.clone(),
            // Free names are told apart by themselves.
            facts.sentence.is_none().then(|| identity.own_part.clone()),
        ];
        let first = match self.recordings.entry(recording) {
            Entry::Occupied(known) => return Some(known.into_mut().as_str()),
            Entry::Vacant(new) => new,
        };
        first.insert(path.to_owned());
        if let Some(emotion) = facts.emotion {
            *self.emotions.entry(emotion).or_default() += 1;
        }
        if let Some(speaker) = &facts.speaker {
            *self.speakers.entry(speaker.clone()).or_default() += 1;
        }
        None
    }

    /// Number of distinct recordings.
    pub(crate) fn len(&self) -> u64 {
        self.recordings.len() as u64
    }

    /// The edition that this is a copy of: the smallest that could hold it.
    pub(crate) fn edition<'a>(&self, descriptor: &'a Descriptor) -> Option<&'a Expected> {
        let holds = descriptor.expected.iter().filter(|expected| expected.files >= self.len());
        holds.min_by_key(|expected| expected.files).or_else(|| descriptor.expected.iter().max_by_key(|e| e.files))
    }

    /// In words, what differs from the edition; `None` when nothing does.
    pub(crate) fn shortfall(&self, expected: &Expected) -> Option<String> {
        let mut differences = Vec::new();
        let mut compare = |found: u64, wanted: u64, what: &str| {
            if found != wanted {
                differences.push(format!("{found} of {wanted} {what}"));
            }
        };
        compare(self.len(), expected.files, "recordings");
        if let Some(wanted) = expected.speakers {
            compare(self.speakers.len() as u64, wanted, "speakers");
        }
        for (emotion, wanted) in &expected.emotions {
            compare(self.emotions.get(emotion).copied().unwrap_or(0), *wanted, emotion.as_str());
        }
        if let Some(wanted) = expected.files_per_speaker {
            let incomplete: Vec<_> = self.speakers.iter().filter(|(_, count)| **count != wanted).collect();
            for (speaker, count) in incomplete.iter().take(NAMED) {
                differences.push(format!("{count} of {wanted} by speaker {speaker}"));
            }
            if incomplete.len() > NAMED {
                differences.push(format!("{} further incomplete speakers", incomplete.len() - NAMED));
            }
        }
        if differences.is_empty() {
            return None;
        }
        let edition = expected.edition.as_ref().map(|edition| format!("{edition}: ")).unwrap_or_default();
        Some(format!("{edition}{}", differences.join(", ")))
    }
}
